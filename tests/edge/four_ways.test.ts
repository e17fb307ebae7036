// Each of the four ways alone brings the ledger to what Stripe says; the others are turned off.
import assert from "node:assert/strict";
import { createDatabase } from "../../supabase/functions/_shared/db.ts";
import { STEPS } from "../../supabase/functions/reconcile-payments/handler.ts";
import { checkDuePurchases } from "../../supabase/functions/reconcile-payments/purchases.ts";
import { catchUp, followEvents, run, sweep } from "./support/reconciler.ts";
import {
  boughtPurchase,
  env,
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  sql,
  standing,
  stripe,
  verified,
} from "./support/world.ts";

await catchUp();

type Open = Awaited<ReturnType<typeof openPurchase>>;

const WAYS: Record<string, (purchase: Open, token: string) => Promise<unknown>> = {
  "the buyer's return": (purchase, accessToken) =>
    verified({ userId: purchase.user_id, accessToken }, purchase.session),
  polling: async (purchase) => {
    await makeDue(purchase);
    await run({ steps: [checkDuePurchases] });
  },
  events: () => followEvents(),
  "the sweep": () => sweep(),
};

for (const [name, way] of Object.entries(WAYS)) {
  Deno.test(`By ${name} alone: a payment is credited once, a delayed one when it settles, a failed one never`, async () => {
    const buyer = await newBuyer();
    const look = (purchase: Open) => way(purchase, buyer.accessToken);

    const delayed = await openPurchase(buyer);
    await stripe.payCheckout(delayed.session, { method: "us_bank_account" });
    await look(delayed);
    assert.equal((await standing(delayed)).status, "processing");
    await stripe.settle(delayed.session);
    await look(delayed);

    const failing = await openPurchase(buyer);
    await stripe.payCheckout(failing.session, { method: "us_bank_account" });
    await stripe.failPayment(failing.session);
    await look(failing);

    const expiring = await openPurchase(buyer);
    await stripe.expireSession(expiring.session);
    await look(expiring);

    const paid = await openPurchase(buyer);
    await stripe.payCheckout(paid.session);
    await look(paid);
    await look(paid);

    const statuses = await Promise.all([delayed, failing, expiring, paid].map(standing));
    assert.deepEqual(statuses.map(({ status }) => status), ["paid", "failed", "expired", "paid"]);
    assert.deepEqual(
      (await journal(buyer)).map(({ kind, amount, purchase }) => [kind, amount, purchase]),
      [delayed, paid].map(({ purchase_id }) => ["purchase", 10_000_000, purchase_id]),
    );
  });
}

for (const name of ["events", "the sweep"]) {
  Deno.test(`By ${name} alone: what Stripe gives back is taken back, and restored when it comes back`, async () => {
    const buyer = await newBuyer();
    const [part, failed, disputed, both] = [
      await boughtPurchase(buyer),
      await boughtPurchase(buyer),
      await boughtPurchase(buyer),
      await boughtPurchase(buyer),
    ];
    const look = () => WAYS[name]!(part, buyer.accessToken);
    const takenBack = async () =>
      (await Promise.all([part, failed, disputed, both].map(standing))).map((row) =>
        Number(row.clawed_back_micros) / 1e6
      );

    await stripe.refund(part.session, { amount: 250 });
    const refund = await stripe.refund(failed.session);
    const dispute = await stripe.openDispute(disputed.session);
    await stripe.refund(both.session, { amount: 700 });
    await stripe.openDispute(both.session, { inquiry: true });
    await look();
    assert.deepEqual(await takenBack(), [2.5, 10, 10, 7]);

    await stripe.refund(part.session, { amount: 100 });
    await stripe.failRefund(refund.id);
    await stripe.closeDispute(dispute.id, "won");
    await stripe.openDispute(both.session, { amount: 1000 });
    await look();
    assert.deepEqual(await takenBack(), [3.5, 0, 0, 10], "a refund and a dispute take the credit once");

    await stripe.closeDispute(dispute.id, "lost");
    await look();
    await look();
    assert.deepEqual(await takenBack(), [3.5, 0, 10, 10]);
    assert.equal((await standing(part)).balance_micros, 40_000_000 - 23_500_000);
  });
}

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

Deno.test("In whatever order a run takes its ways, the ledger ends the same", async () => {
  const db = createDatabase({ supabaseUrl: env.API_URL, secretKey: env.SECRET_KEY });
  const ends = [];
  for (const order of ORDERS) {
    const buyer = await newBuyer();
    const [refunded, disputed] = [await boughtPurchase(buyer), await boughtPurchase(buyer)];
    const { user_id, purchase_id } = refunded;
    const why = { reason: "died on the way", idempotency_key: crypto.randomUUID(), actor_id: null };
    await db.beginRefund({ user_id, purchase_id, amount_cents: 300, ...why });
    await sql`update public.purchase_refunds set next_attempt_at = private.clock() where purchase_id = ${purchase_id}`;
    await stripe.refund(refunded.session, { amount: 200 });
    await stripe.openDispute(disputed.session);
    const [older, newer] = [await openPurchase(buyer), await openPurchase(buyer)];
    await stripe.payCheckout(newer.session);
    await makeDue(older, newer);
    const { error } = await run({ steps: order.map((index) => STEPS[index]!) });
    assert.equal(error, null);
    // What a run did to Stripe itself shows in its events, which the next one reads.
    await followEvents();
    ends.push(await Promise.all([refunded, disputed, older, newer].map(standing)));
  }
  for (const end of ends) assert.deepEqual(end, ends[0]);
  assert.deepEqual(ends[0]!.map(({ status, clawed_back_micros }) => [status, clawed_back_micros]), [
    ["paid", 5_000_000],
    ["paid", 10_000_000],
    ["expired", 0],
    ["paid", 0],
  ]);
});
