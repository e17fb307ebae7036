// One run: what it may still spend, what it has done, and why it stops. Whatever it leaves undone is leased or kept in
// the database, and the next run finds it there.
import Stripe from "stripe";
import type { Database, Walk, WalkName } from "../_shared/db.ts";
import { describe } from "../_shared/log.ts";
import type { Pace } from "./pace.ts";

export interface Limits {
  maxMilliseconds: number;
  /** Requests to Stripe. */
  maxRequests: number;
  /** The part of both that polling may take, so that the rest is never starved by it. */
  pollingShare: number;
  /** Purchases claimed at a time. */
  batchSize: number;
  /** Things done at the same time; requests to Stripe keep the pace all the same. */
  concurrency: number;
}

export interface RunDeps {
  db: Database;
  stripe: Stripe;
  pace: Pace;
  /** Milliseconds on any steady clock. */
  now: () => number;
  limits: Limits;
}

export const noCounts = () => ({
  /** Purchases looked at, because they were due. */
  checked: 0,
  /** Of these, superseded and now expired at Stripe. */
  expired: 0,
  /** Of these, settled for good. */
  final: 0,
  /** Refunds that had not reached Stripe and do now, or were refused. */
  refunds: 0,
  /** Events seen for the first time. */
  events: 0,
  /** Objects applied that an event or a list named. */
  objects: 0,
  /** Purchases credited, whichever way they were met. */
  credited: 0,
  /** What did not work this time. */
  failed: 0,
  /** Requests to Stripe. */
  requests: 0,
});

export type Counts = ReturnType<typeof noCounts>;
export type Stop = "time" | "requests" | "rate_limited" | "lease_lost";

export class Run {
  readonly db: Database;
  readonly stripe: Stripe;
  readonly limits: Limits;
  readonly counts = noCounts();
  stopped: Stop | null = null;
  /** The first thing that went wrong and is not written down elsewhere. */
  error: string | null = null;
  readonly #deps: RunDeps;
  readonly #began: number;

  constructor(deps: RunDeps, readonly id: number, readonly walks: Walk[]) {
    this.db = deps.db;
    this.stripe = deps.stripe;
    this.limits = deps.limits;
    this.#deps = deps;
    this.#began = deps.now();
  }

  /** Whether something new may be begun; `share` is the part of time and requests that may be spent by then. */
  mayGoOn(share = 1): boolean {
    const { maxMilliseconds, maxRequests } = this.limits;
    if (this.stopped !== null) return false;
    const spent = this.#deps.now() - this.#began + this.#deps.pace.wait();
    if (spent >= maxMilliseconds) this.stopped = "time";
    else if (this.counts.requests >= maxRequests) this.stopped = "requests";
    else return spent < maxMilliseconds * share && this.counts.requests < maxRequests * share;
    return false;
  }

  /** One request to Stripe, in its turn. When Stripe wants fewer, the run ends and the next ones wait as long as asked. */
  async ask<T>(request: () => Promise<T>): Promise<T> {
    this.counts.requests += 1;
    await this.#deps.pace.next();
    try {
      return await request();
    } catch (error) {
      if (error instanceof Stripe.errors.StripeRateLimitError) {
        this.stopped ??= "rate_limited";
        this.#deps.pace.pause((Number(error.headers?.["retry-after"]) || 1) * 1000);
      }
      throw error;
    }
  }

  fail(error: unknown): void {
    this.counts.failed += 1;
    this.error ??= describe(error);
  }

  /** Keeps a walk's place; false when another run has taken over, and this one must stop. */
  async save(name: WalkName, after: string | null, done: boolean): Promise<boolean> {
    const { lease } = await this.db.saveWalk({ run_id: this.id, name, after, done });
    if (!lease) this.stopped = "lease_lost";
    return lease;
  }
}

/** Works through the items, so many at once, for as long as `mayGoOn`. */
export async function inParallel<T>(
  items: T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
  mayGoOn: () => boolean = () => true,
): Promise<void> {
  const waiting = items.values();
  async function worker(): Promise<void> {
    while (mayGoOn()) {
      const { value, done } = waiting.next();
      if (done) return;
      await work(value);
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
}
