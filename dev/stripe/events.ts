import type { Clock } from "./clock.ts";
import { DAY } from "./clock.ts";
import { newId } from "./ids.ts";
import type { Store } from "./store.ts";
import type { Event } from "./types.ts";
import { API_VERSION } from "./version.ts";

export interface EventSettings {
  /** How long, in milliseconds of the simulator's clock, an event takes to show up in the list. */
  delayMs: number;
  /** Events show up in an order of their own: each takes a random part of `delayMs`, and ties are shuffled. */
  shuffle: boolean;
  /** The share of events that never shows up, from 0 to 1. */
  drop: number;
}

const AS_THEY_HAPPEN: EventSettings = { delayMs: 0, shuffle: false, drop: 0 };
export const RETENTION_SECONDS = 30 * DAY;

export interface EventCause {
  id: string | null;
  idempotency_key: string | null;
}

/** Writes events down as things happen, and decides when the events list shows them. */
export class EventRecorder {
  #settings: EventSettings = { ...AS_THEY_HAPPEN };
  /** The API request being handled; null for what happens by itself or by a person on a page. */
  cause: EventCause | null = null;

  constructor(private readonly store: Store, private readonly clock: Clock) {}

  get settings(): EventSettings {
    return { ...this.#settings };
  }

  configure(settings: Partial<EventSettings>): void {
    this.#settings = { ...AS_THEY_HAPPEN, ...settings };
  }

  emit(type: string, object: { id: string }, previous?: Record<string, unknown>): void {
    const id = newId("evt");
    const event = {
      id,
      object: "event",
      api_version: API_VERSION,
      created: this.clock.now(),
      data: {
        object: structuredClone(object),
        ...(previous ? { previous_attributes: structuredClone(previous) } : {}),
      },
      livemode: false,
      pending_webhooks: 0,
      request: { id: this.cause?.id ?? null, idempotency_key: this.cause?.idempotency_key ?? null },
      type,
    };
    this.store.events.put(event as unknown as Event);
    this.#schedule(id);
  }

  #schedule(id: string): void {
    const { delayMs, shuffle, drop } = this.#settings;
    const dropped = drop > 0 && Math.random() < drop;
    const wait = shuffle ? Math.random() * delayMs : delayMs;
    const visible_at_ms = dropped ? Number.MAX_SAFE_INTEGER : Math.round(this.clock.nowMs() + wait);
    const place = this.store.events.rank(id);
    this.store.deliveries.put({ id, visible_at_ms, rank: shuffle ? Math.random() * place : place });
  }

  /** The events Stripe would list now, newest first. */
  visible(): Event[] {
    const now = this.clock.nowMs();
    const oldest = this.clock.now() - RETENTION_SECONDS;
    const rank = (id: string) => this.store.deliveries.get(id)?.rank ?? 0;
    return this.store.events
      .filter((event) =>
        event.created >= oldest && (this.store.deliveries.get(event.id)?.visible_at_ms ?? 0) <= now
      )
      .sort((a, b) => b.created - a.created || rank(b.id) - rank(a.id));
  }
}
