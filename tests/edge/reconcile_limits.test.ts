// How much a run of the reconciler takes on, with a database and a Stripe that are only counted.
import assert from "node:assert/strict";
import Stripe from "stripe";
import type { Database, Purchase } from "../../supabase/functions/_shared/db.ts";
import {
  type ReconcileDeps,
  reconcilePayments,
} from "../../supabase/functions/reconcile-payments/handler.ts";
import { createPace } from "../../supabase/functions/reconcile-payments/pace.ts";

interface Scene {
  due: number;
  limits?: Partial<ReconcileDeps["limits"]>;
  retrieve?: (id: string) => Promise<unknown>;
  millisecondsPerRead?: number;
}

/** Runs the reconciler over `due` purchases and tells what it did. */
async function run({ due, limits, retrieve, millisecondsPerRead = 0 }: Scene) {
  const waiting = Array.from(
    { length: due },
    (_, number) => ({ stripe_session_id: `cs_${number}` }) as Purchase,
  );
  const seen = {
    claims: [] as number[],
    read: [] as string[],
    failures: [] as string[],
    atOnce: 0,
    mostAtOnce: 0,
  };
  let time = 0;
  const sessions = {
    async retrieve(id: string) {
      seen.read.push(id);
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.atOnce);
      time += millisecondsPerRead;
      await Promise.resolve();
      seen.atOnce -= 1;
      return await (retrieve?.(id) ?? {});
    },
  };
  const db = {
    claimDuePurchases(size: number) {
      seen.claims.push(size);
      return Promise.resolve(waiting.splice(0, size));
    },
    applyCheckoutSession: () => Promise.resolve({ credited: true, purchase: { is_final: true } }),
    recordCheckFailure({ error }: { error: string }) {
      seen.failures.push(error);
      return Promise.resolve();
    },
  } as unknown as Database;
  const counts = await reconcilePayments({
    db,
    stripe: { checkout: { sessions } } as unknown as Stripe,
    pace: () => Promise.resolve(),
    now: () => time,
    limits: { batchSize: 10, maxPurchases: 100, maxMilliseconds: 1_000, concurrency: 4, ...limits },
  });
  return { counts, seen };
}

Deno.test("A run works through all that is due, batch by batch, and counts it", async () => {
  const { counts, seen } = await run({ due: 25 });
  assert.deepEqual(counts, { checked: 25, credited: 25, final: 25, failed: 0 });
  assert.deepEqual(seen.claims, [10, 10, 10]);
  assert.equal(new Set(seen.read).size, 25);
});

Deno.test("A run never takes on more than its share, nor more at once than allowed", async () => {
  const { counts, seen } = await run({ due: 1_000, limits: { maxPurchases: 35 } });
  assert.equal(counts.checked, 35);
  assert.deepEqual(seen.claims, [10, 10, 10, 5]);
  assert.equal(seen.mostAtOnce, 4);
});

Deno.test("A run stops when its time is up", async () => {
  const { counts } = await run({ due: 1_000, millisecondsPerRead: 100 });
  assert.ok(counts.checked >= 10 && counts.checked <= 14, String(counts.checked));
});

Deno.test("A run with nothing due asks once and ends", async () => {
  const { counts, seen } = await run({ due: 0 });
  assert.deepEqual(counts, { checked: 0, credited: 0, final: 0, failed: 0 });
  assert.deepEqual(seen.claims, [10]);
});

Deno.test("Each failure is recorded and the rest goes on", async () => {
  const retrieve = (id: string) => id === "cs_3" ? Promise.reject(new Error("broken")) : Promise.resolve({});
  const { counts, seen } = await run({ due: 12, retrieve });
  assert.deepEqual(counts, { checked: 12, credited: 11, final: 11, failed: 1 });
  assert.deepEqual(seen.failures, ["Error: broken"]);
});

Deno.test("When Stripe asks for fewer requests, the run ends and leaves the rest for the next", async () => {
  const tooMany = new Stripe.errors.StripeRateLimitError({
    type: "rate_limit_error",
    message: "Too many requests",
  });
  const { counts } = await run({ due: 50, retrieve: () => Promise.reject(tooMany) });
  assert.ok(counts.checked <= 4, String(counts.checked));
  assert.equal(counts.failed, counts.checked);
});

Deno.test("Requests are spaced evenly, however many ask at once", async () => {
  let time = 0;
  const waits: number[] = [];
  const pace = createPace(10, () => time, (milliseconds) => {
    waits.push(milliseconds);
    return Promise.resolve();
  });
  await Promise.all([pace(), pace(), pace()]);
  assert.deepEqual(waits, [100, 200]);
  time = 5_000;
  await pace();
  assert.deepEqual(waits, [100, 200], "idle time is not saved up, nor owed");
});
