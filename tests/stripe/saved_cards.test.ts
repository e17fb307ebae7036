// Saved cards with Stripe's own test cards: charged without their owner, refused, disputed.
import assert from "node:assert/strict";
import { balanceOf, type Buyer, call, newBuyer, sql, stripe, untilReconciled } from "./support.ts";

/** Somebody without credit whose card, one of Stripe's test cards, is charged when there is less than $5. */
async function reloader(testCard: string): Promise<Buyer> {
  const buyer = await newBuyer();
  const customer = await stripe.customers.create({ metadata: { user_id: buyer.userId } });
  const { id } = await stripe.paymentMethods.attach(testCard, { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
  await sql`select public.save_stripe_customer(${buyer.userId}, ${customer.id})`;
  const { payment_methods } = await call("manage-billing", { action: "sync" }, buyer.token);
  assert.deepEqual(payment_methods.map((card: { payment_method_id: string }) => card.payment_method_id), [
    id,
  ]);
  await sql`select public.set_auto_reload(5000000, 'credit_10', 1000, true, 'Buy $10 whenever I have less than $5.', null, ${buyer.userId})`;
  return buyer;
}

async function attempt(
  { userId }: Buyer,
): Promise<{ id: string; status: string; failure_code: string | null }> {
  const [row] = await sql`select id, status, failure_code from public.purchases
    where user_id = ${userId} and origin = 'auto_reload'`;
  return { id: row!.id, status: row!.status, failure_code: row!.failure_code };
}

Deno.test("A saved card is charged without its owner, once, and the payment carries our name for it", async () => {
  const buyer = await reloader("pm_card_visa");
  assert.equal((await call("auto-reload", {})).paid, 1);
  assert.equal((await call("auto-reload", {})).paid, 0);
  assert.equal(await balanceOf(buyer), 10_000_000);
  const { id } = await attempt(buyer);
  const [row] = await sql`select payment_intent_id from public.purchases where id = ${id}`;
  const intent = await stripe.paymentIntents.retrieve(row!.payment_intent_id);
  assert.deepEqual([intent.status, intent.amount_received, intent.metadata.purchase_id], [
    "succeeded",
    1000,
    id,
  ]);
});

for (
  const [testCard, code] of [
    ["pm_card_chargeCustomerFail", /decline|card_declined/],
    ["pm_card_authenticationRequired", /^authentication_required$/],
  ] as const
) {
  Deno.test(`A card that says no off-session, ${testCard}, brings nothing and says why`, async () => {
    const buyer = await reloader(testCard);
    assert.equal((await call("auto-reload", {})).failed, 1);
    const { status, failure_code } = await attempt(buyer);
    assert.equal(status, "failed");
    assert.match(failure_code!, code);
    assert.equal(await balanceOf(buyer), 0);
  });
}

Deno.test("A payment that is disputed loses its credit; what Stripe says of the dispute is followed", async () => {
  const buyer = await reloader("pm_card_createDispute");
  assert.equal((await call("auto-reload", {})).paid, 1);
  await untilReconciled(
    async () => await balanceOf(buyer) === 0,
    "the dispute is known and the credit is gone",
  );
  const { id } = await attempt(buyer);
  const [dispute] = await sql`select stripe_dispute_id as id, withdrawn_cents::int as withdrawn
    from public.purchase_disputes where purchase_id = ${id}`;
  assert.equal(dispute!.withdrawn, 1000);
  const events = await stripe.events.list({ type: "charge.dispute.created", limit: 10 });
  assert.ok(events.data.some(({ data }) => (data.object as { id: string }).id === dispute!.id));
  // Stripe decides a test dispute by these words.
  await stripe.disputes.update(dispute!.id, {
    evidence: { uncategorized_text: "winning_evidence" },
    submit: true,
  });
  await untilReconciled(
    async () => await balanceOf(buyer) === 10_000_000,
    "it is won and the credit is back",
  );
});
