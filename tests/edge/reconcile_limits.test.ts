// How much a run of the reconciler takes on and how fast, with a database, a Stripe and a clock that are only counted.
import assert from "node:assert/strict";
import Stripe from "stripe";
import type { Database, DuePurchase } from "../../supabase/functions/_shared/db.ts";
import { reconcilePayments } from "../../supabase/functions/reconcile-payments/handler.ts";
import { LIMITS, REQUESTS_PER_SECOND } from "../../supabase/functions/reconcile-payments/limits.ts";
import { createPace, type Pace } from "../../supabase/functions/reconcile-payments/pace.ts";
import type { Counts, Limits } from "../../supabase/functions/reconcile-payments/run.ts";

/** Time that passes only when somebody sleeps, in the order in which they wake. */
class Clock {
  now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];

  sleep = (milliseconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ at: this.now + milliseconds, wake });
      this.#sleepers.sort((a, b) => a.at - b.at);
    });

  /** Lets time pass until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => done = true);
    while (!done) {
      // All that can happen at this instant happens first.
      await new Promise((turn) => setImmediate(turn));
      const next = this.#sleepers.shift();
      if (next && !done) {
        this.now = Math.max(this.now, next.at);
        next.wake();
      }
    }
    return await ended;
  }
}

interface Scene {
  due: number;
  limits?: Partial<Limits>;
  retrieve?: (id: string) => unknown;
  millisecondsPerRead?: number;
  pace?: (clock: Clock) => Pace;
  refunds?: number;
}

const NO_PACE: Pace = { next: () => Promise.resolve(), wait: () => 0, pause: () => {} };

/** A world with `due` purchases in which runs can be had. */
function world({ due, limits, retrieve, millisecondsPerRead = 1, pace = () => NO_PACE }: Scene) {
  const clock = new Clock();
  const waiting = Array.from(
    { length: due },
    (_, number) => ({ stripe_session_id: `cs_${number}`, expire_session: false }) as DuePurchase,
  );
  const seen = {
    claims: [] as number[],
    at: [] as number[],
    read: [] as string[],
    failures: [] as string[],
    atOnce: 0,
    mostAtOnce: 0,
    finished: [] as unknown[],
  };
  const sessions = {
    async retrieve(id: string) {
      seen.read.push(id);
      seen.at.push(clock.now);
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.atOnce);
      await clock.sleep(millisecondsPerRead);
      seen.atOnce -= 1;
      await retrieve?.(id);
      return {};
    },
  };
  const db = {
    beginReconcileRun: () => Promise.resolve({ run_id: 1, walks: [] }),
    finishReconcileRun: (end: unknown) => Promise.resolve(void seen.finished.push(end)),
    claimDueRefunds: () => Promise.resolve([]),
    claimDueSubscriptions: () => Promise.resolve([]),
    claimDuePurchases(size: number) {
      seen.claims.push(size);
      return Promise.resolve(waiting.splice(0, size));
    },
    applyCheckoutSession: () => Promise.resolve({ credited: true, purchase: { is_final: true } }),
    recordCheckFailure: ({ error }: { error: string }) => Promise.resolve(void seen.failures.push(error)),
  } as unknown as Database;
  const steady = pace(clock);
  const run = () =>
    clock.until(reconcilePayments({
      db,
      stripe: { checkout: { sessions } } as unknown as Stripe,
      pace: steady,
      now: () => clock.now,
      limits: {
        batchSize: 10,
        maxRequests: 100,
        maxMilliseconds: 1_000,
        pollingShare: 1,
        concurrency: 4,
        ...limits,
      },
    })) as Promise<Counts & { stopped: string | null; error: string | null }>;
  return { run, seen, clock, waiting };
}

async function oneRun(scene: Scene) {
  const { run, seen } = world(scene);
  return { counts: await run(), seen };
}

/** The most that began within any second. */
function busiest(instants: number[]): number {
  let most = 0;
  for (let last = 0, first = 0; last < instants.length; last += 1) {
    while (instants[first]! <= instants[last]! - 1000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

Deno.test("A run works through all that is due, batch by batch, and counts it", async () => {
  const { counts, seen } = await oneRun({ due: 25 });
  const { checked, credited, final, failed, requests, stopped } = counts;
  assert.deepEqual({ checked, credited, final, failed, requests, stopped }, {
    checked: 25,
    credited: 25,
    final: 25,
    failed: 0,
    requests: 25,
    stopped: null,
  });
  assert.deepEqual(seen.claims, [10, 10, 10]);
  assert.equal(new Set(seen.read).size, 25);
  assert.equal(seen.finished.length, 1, "and the run is written down");
});

Deno.test("A run never makes more requests than its share, nor more at once than allowed", async () => {
  const { counts, seen } = await oneRun({ due: 1_000, limits: { maxRequests: 35 } });
  assert.ok(counts.requests >= 35 && counts.requests < 35 + 4, String(counts.requests));
  assert.equal(counts.stopped, "requests");
  assert.equal(seen.mostAtOnce, 4);
});

Deno.test("Polling leaves the other ways their part of time and requests", async () => {
  const { counts } = await oneRun({ due: 1_000, limits: { pollingShare: 0.5 } });
  assert.ok(counts.requests >= 50 && counts.requests <= 60, String(counts.requests));
  assert.equal(counts.stopped, null);
});

Deno.test("A run stops when its time is up", async () => {
  const { counts } = await oneRun({ due: 1_000, millisecondsPerRead: 100 });
  assert.ok(counts.checked >= 30 && counts.checked <= 44, String(counts.checked));
  assert.equal(counts.stopped, "time");
});

Deno.test("A run with nothing due asks once and ends", async () => {
  const { counts, seen } = await oneRun({ due: 0 });
  assert.equal(counts.checked, 0);
  assert.deepEqual(seen.claims, [10]);
});

Deno.test("Each failure is recorded and the rest goes on", async () => {
  const retrieve = (id: string) => id === "cs_3" ? Promise.reject(new Error("broken")) : undefined;
  const { counts, seen } = await oneRun({ due: 12, retrieve });
  assert.deepEqual([counts.checked, counts.credited, counts.failed], [12, 11, 1]);
  assert.deepEqual(seen.failures, ["Error: broken"]);
});

const tooMany = (retryAfter?: string) =>
  new Stripe.errors.StripeRateLimitError({
    type: "rate_limit_error",
    message: "Too many requests",
    headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
  });

Deno.test("When Stripe asks for fewer requests, the run ends and leaves the rest for the next", async () => {
  const { counts } = await oneRun({ due: 50, retrieve: () => Promise.reject(tooMany()) });
  assert.ok(counts.checked <= 4, String(counts.checked));
  assert.equal(counts.failed, counts.checked);
  assert.equal(counts.stopped, "rate_limited");
});

Deno.test("Nothing more is asked for as long as Stripe says to wait", async () => {
  let refused = false;
  const { run, seen, clock } = world({
    due: 30,
    limits: { concurrency: 1, maxMilliseconds: 20_000 },
    pace: (clock) => createPace(10, () => clock.now, clock.sleep),
    retrieve: () => {
      if (refused || seen.read.length < 3) return;
      refused = true;
      throw tooMany("7");
    },
  });
  assert.equal((await run()).stopped, "rate_limited");
  const stoppedAt = clock.now;
  await run();
  assert.ok(seen.at[3]! >= stoppedAt + 7_000, `asked again after ${seen.at[3]! - stoppedAt} ms`);
});

Deno.test("Ten thousand open purchases drain at the pace set, never faster than twenty requests a second", async () => {
  const { run, seen, waiting, clock } = world({
    due: 10_000,
    limits: LIMITS,
    millisecondsPerRead: 300,
    pace: (clock) => createPace(REQUESTS_PER_SECOND, () => clock.now, clock.sleep),
  });
  let runs = 0;
  for (; waiting.length > 0; runs += 1) {
    const began = clock.now;
    await run();
    assert.ok(clock.now - began < 60_000, "a run ends before the next begins");
    // The schedule begins a run each minute.
    await clock.until(clock.sleep(began + 60_000 - clock.now));
  }
  assert.equal(new Set(seen.read).size, 10_000);
  assert.ok(busiest(seen.at) <= 20, `${busiest(seen.at)} requests within a second`);
  assert.ok(runs <= 30, `${runs} minutes`);
});

Deno.test("Requests are spaced evenly, however many ask at once", async () => {
  let time = 0;
  const waits: number[] = [];
  const pace = createPace(10, () => time, (milliseconds) => {
    waits.push(milliseconds);
    return Promise.resolve();
  });
  await Promise.all([pace.next(), pace.next(), pace.next()]);
  assert.deepEqual(waits, [100, 200]);
  time = 5_000;
  await pace.next();
  assert.deepEqual(waits, [100, 200], "idle time is not saved up, nor owed");
});
