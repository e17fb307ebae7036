// The tail of Stripe's events: late, out of order, lost, of other products, and cut off in the middle.
import assert from "node:assert/strict";
import { followWalks } from "../../supabase/functions/reconcile-payments/handler.ts";
import { Died } from "./support/dying.ts";
import { catchUp, dyingAt, followEvents, letLeaseLapse, run, sweep } from "./support/reconciler.ts";
import {
  alerts,
  assertRefused,
  boughtPurchase,
  createCheckout,
  journal,
  newBuyer,
  openPurchase,
  purchaseRow,
  sql,
  standing,
  stripe,
  stripeApi,
  withSetting,
} from "./support/world.ts";

Deno.test.beforeEach(catchUp);
Deno.test.afterEach(() => stripe.events());

async function paidPurchase() {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  return { buyer, purchase };
}

const reads = async (path: string) =>
  (await stripe.requests()).filter((request) => request.method === "GET" && request.path.startsWith(path))
    .length;

Deno.test("However many events name an object, a run reads it once", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const dispute = await stripe.openDispute(purchase.session);
  for (const status of ["under_review", "needs_response", "under_review"]) {
    await stripe.moveDispute(dispute.id, status);
  }
  await stripe.closeDispute(dispute.id, "won");
  await stripe.clearRequests();
  const { events } = await followEvents();
  assert.ok(events >= 7, `${events} events`);
  assert.equal(await reads(`/v1/disputes/${dispute.id}`), 1);
  assert.equal((await standing(purchase)).balance_micros, 10_000_000);
});

Deno.test("A purchase that was verified in time is not read again for its events", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  await stripe.clearRequests();
  await followEvents();
  assert.equal(await reads(`/v1/checkout/sessions/${purchase.session}`), 0);
});

Deno.test("Events that are listed late and out of order are met by the overlap", async () => {
  await stripe.events({ delayMs: 1_500, shuffle: true });
  const paid = [await paidPurchase(), await paidPurchase(), await paidPurchase()];
  const refunded = await boughtPurchase(await newBuyer());
  await stripe.refund(refunded.session, { amount: 400 });
  await followEvents();
  await new Promise((done) => setTimeout(done, 1_700));
  await followEvents();
  for (const { buyer, purchase } of paid) {
    assert.equal((await purchaseRow(purchase)).status, "paid");
    assert.equal((await journal(buyer)).length, 1);
  }
  assert.equal((await standing(refunded)).refunded_cents, 400);
});

Deno.test("Events that never come are made up for by the sweep, also after a gap longer than Stripe keeps them", async () => {
  await stripe.events({ drop: 1 });
  const { purchase } = await paidPurchase();
  const refunded = await boughtPurchase(await newBuyer());
  await stripe.refund(refunded.session);
  await followEvents();
  assert.equal((await purchaseRow(purchase)).status, "open");

  await sql`update private.reconcile_walks set read_until = private.clock() - interval '40 days', since = null, until = null, after = null
    where name = 'events'`;
  await run({ steps: [followWalks] });
  const [told] = await sql`select count(*)::int as count from private.alerts where kind = 'reconciler_gap'
    and opened_at > private.clock() - interval '1 minute'`;
  assert.equal(told!.count, 1, "somebody is told");
  assert.equal((await purchaseRow(purchase)).status, "paid");
  assert.equal((await standing(refunded)).refunded_cents, 1000);
});

for (const when of ["before", "after"] as const) {
  for (const method of ["applyFoundSession", "recordEvents", "saveWalk", "finishReconcileRun"] as const) {
    Deno.test(`A run that dies ${when} ${method} is carried on by the next, and each payment credits once`, async () => {
      const paid = [await paidPurchase(), await paidPurchase(), await paidPurchase()];
      await assert.rejects(followEvents({ db: dyingAt(method, 1, when) }), Died);
      if (method !== "finishReconcileRun" || when === "before") {
        await assert.rejects(followEvents(), /holds the lease/, "until its time is up nobody else begins");
      }
      await letLeaseLapse();
      await followEvents();
      for (const { buyer, purchase } of paid) {
        assert.equal((await purchaseRow(purchase)).status, "paid");
        assert.equal((await journal(buyer)).length, 1);
      }
    });
  }
}

Deno.test("While Stripe fails, the walk stays where it is and says why", async () => {
  const { purchase } = await paidPurchase();
  await stripe.fault({ match: { path: `/v1/checkout/sessions/${purchase.session}$` }, kind: "500" });
  const failing = await followEvents();
  assert.equal(failing.failed, 1);
  assert.ok(failing.error);
  const [walk] =
    await sql`select since is not null as under_way from private.reconcile_walks where name = 'events'`;
  assert.equal(walk!.under_way, true);
  assert.equal((await alerts("reconciler_failed", "run")).length, 1);

  await stripe.clearFaults();
  assert.equal((await followEvents()).error, null);
  assert.equal((await purchaseRow(purchase)).status, "paid");
  assert.equal((await alerts("reconciler_failed", "run")).length, 0);
});

Deno.test("One object that Stripe cannot show does not hold up the events of others, now or later", async () => {
  const [broken, before] = [await paidPurchase(), await paidPurchase()];
  await stripe.fault({ match: { path: `/v1/checkout/sessions/${broken.purchase.session}$` }, kind: "500" });
  await followEvents();
  const after = await paidPurchase();
  await followEvents();
  const statuses = await Promise.all([broken, before, after].map(({ purchase }) => purchaseRow(purchase)));
  assert.deepEqual(statuses.map(({ status }) => status), ["open", "paid", "paid"]);
  await stripe.clearFaults();
  await followEvents();
  assert.equal((await purchaseRow(broken.purchase)).status, "paid");
});

Deno.test("What the database will not take does not hold up the rest", async () => {
  const [odd, fine] = [await paidPurchase(), await paidPurchase()];
  const currency = null as unknown as string;
  await stripe.mutateSession(odd.purchase.session, {
    client_reference_id: "x",
    created: "never" as unknown as number,
    currency,
  });
  const { failed } = await followEvents();
  assert.equal(failed, 1);
  assert.equal((await purchaseRow(fine.purchase)).status, "paid");
  assert.equal((await followEvents()).events, 0, "and it is not met again and again");
});

Deno.test("Other products on the same account cost no reads and leave no trace", async () => {
  const foreign = await stripeApi.checkout.sessions.create({
    mode: "payment",
    line_items: [{
      price_data: { currency: "usd", unit_amount: 700, product_data: { name: "Other" } },
      quantity: 1,
    }],
    success_url: "http://localhost:3000/done",
  });
  await stripe.payCheckout(foreign.id);
  await stripe.refund(foreign.id, { amount: 100 });
  await stripe.openDispute(foreign.id, { amount: 600 });
  await stripe.clearRequests();
  const { failed, error } = await followEvents();
  assert.deepEqual({ failed, error }, { failed: 0, error: null });
  assert.equal(await reads(`/v1/checkout/sessions/`), 0);
  assert.equal(await reads(`/v1/payment_intents/`), 0);
  await sweep();
  const [found] =
    await sql`select count(*)::int as count from private.unmatched_payments where id = ${foreign.id}`;
  assert.equal(found!.count, 0);
});

Deno.test("A payment that names a purchase which is not here is kept, with an alert", async () => {
  const names = { user_id: crypto.randomUUID(), purchase_id: crypto.randomUUID() };
  const lost = await stripeApi.checkout.sessions.create({
    mode: "payment",
    line_items: [{
      price_data: { currency: "usd", unit_amount: 700, product_data: { name: "Lost" } },
      quantity: 1,
    }],
    success_url: "http://localhost:3000/done",
    client_reference_id: names.user_id,
    metadata: names,
  });
  await stripe.payCheckout(lost.id);
  await followEvents();
  await sweep();
  const rows =
    await sql`select amount_cents::int, metadata from private.unmatched_payments where id = ${lost.id}`;
  assert.deepEqual({ ...rows[0] }, { amount_cents: 700, metadata: names });
  assert.equal((await alerts("unmatched_payment", lost.id)).length, 1);
  await sql`update private.unmatched_payments set resolved_at = private.clock() where id = ${lost.id}`;
});

Deno.test("Whoever tries one card after the other may begin no further purchase", async () => {
  const [tester, other] = [await newBuyer(), await newBuyer()];
  const purchase = await openPurchase(tester);
  await withSetting("failed_payment_limit", "3", async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await stripe.payCheckout(purchase.session, { card: "4000000000000002" });
    }
    await followEvents();
    assert.equal((await createCheckout(tester)).status, 200, "two declines may happen to anybody");
    await stripe.payCheckout(purchase.session, { card: "4000000000000002" });
    await followEvents();
    const answer = await createCheckout(tester);
    assertRefused(answer, 429, "too_many_failed_payments");
    assert.ok(Number(answer.headers.get("Retry-After")) > 0);
    assert.equal((await createCheckout(other)).status, 200);
  });
});
