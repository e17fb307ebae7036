import type { Clock } from "./clock.ts";
import { DAY } from "./clock.ts";
import { copy } from "./copy.ts";
import { newId } from "./ids.ts";
import type { Store } from "./store.ts";
import { Timeline } from "./timeline.ts";
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
  #timeline: Timeline | null = null;
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
        object: copy(object),
        ...(previous ? { previous_attributes: copy(previous) } : {}),
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
    const rank = shuffle ? Math.random() * place : place;
    this.store.deliveries.put({ id, visible_at_ms, rank });
    this.#timeline?.put({ id, created: this.store.events.need(id).created, rank });
  }

  /** In the order of the list, which with `shuffle` is not the order in which they happened. */
  get timeline(): Timeline {
    if (!this.#timeline) {
      this.#timeline = new Timeline();
      for (const { id, created } of this.store.events.values()) {
        this.#timeline.put({ id, created, rank: this.store.deliveries.get(id)?.rank ?? 0 });
      }
    }
    return this.#timeline;
  }

  /** The event, if Stripe would list it now. */
  visible(id: string): Event | undefined {
    const event = this.store.events.get(id);
    if (!event || event.created < this.clock.now() - RETENTION_SECONDS) return undefined;
    return (this.store.deliveries.get(id)?.visible_at_ms ?? 0) <= this.clock.nowMs() ? event : undefined;
  }

  drop(id: string): void {
    this.store.events.remove(id);
    this.store.deliveries.remove(id);
    this.#timeline?.remove(id);
  }

  forget(): void {
    this.#timeline = null;
  }
}
