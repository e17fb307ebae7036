// Many open purchases at once, against the simulator with Stripe's own limits in force.
import assert from "node:assert/strict";
import { checkDuePurchases } from "../../supabase/functions/reconcile-payments/purchases.ts";
import { createPace } from "../../supabase/functions/reconcile-payments/pace.ts";
import { openMany } from "../support/open_purchases.ts";
import { catchUp, run } from "./support/reconciler.ts";
import { makeDue, sql, stripe, stripeApi } from "./support/world.ts";

const COUNT = 600;
/** Five times what is deployed, and the limit with it, so that nobody waits. */
const PER_SECOND = 75;
const LIMIT = 100;

Deno.test("Six hundred open purchases drain within the pace, and Stripe never has to refuse", async () => {
  await catchUp();
  await makeDue();
  const { paid, expired } = await openMany({ sql, stripeApi, stripe, count: COUNT });
  await stripe.clearRequests();
  await stripe.rateLimit({ perSecond: LIMIT, perEndpoint: LIMIT });
  try {
    const pace = createPace(PER_SECOND);
    const counts = { checked: 0, credited: 0, failed: 0 };
    for (let runs = 0; counts.checked < COUNT && runs < 20; runs += 1) {
      const { checked, credited, failed } = await run({
        steps: [checkDuePurchases],
        pace,
        limits: { pollingShare: 1, maxMilliseconds: 60_000, maxRequests: 1_000 },
      });
      counts.checked += checked;
      counts.credited += credited;
      counts.failed += failed;
    }
    assert.deepEqual(counts, { checked: COUNT, credited: paid.length, failed: 0 });
    const requests = await stripe.requests();
    assert.equal(requests.filter(({ status }) => status === 429).length, 0);
    const { busiest } = await stripe.rates();
    assert.ok(busiest <= PER_SECOND * 4 / 3, `${busiest} requests within a second`);
  } finally {
    await stripe.rateLimit(null);
  }
  const rows = await sql`select status, count(*)::int as count from public.purchases
    where id = any(${[...paid, ...expired]}) group by status order by status`;
  assert.deepEqual(rows.map(({ status, count }) => [status, count]), [["expired", expired.length], [
    "paid",
    paid.length,
  ]]);
});
