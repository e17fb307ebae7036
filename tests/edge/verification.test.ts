import assert from "node:assert/strict";
import {
  assertRefused,
  type Buyer,
  call,
  journal,
  newBuyer,
  openPurchase,
  purchaseRow,
  sql,
  stripe,
  stripeApi,
  verified,
  verify,
} from "./support/world.ts";

async function assertNothingCredited(buyer: Buyer) {
  assert.deepEqual(await journal(buyer), []);
}

Deno.test("An unpaid session credits nothing and stays open", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  const answer = await verified(buyer, purchase.session);
  assert.equal(answer.credited, false);
  assert.equal(answer.purchase.status, "open");
  assert.equal(answer.balance.balance_micros, 0);
  await assertNothingCredited(buyer);
});

Deno.test("An expired session ends the purchase without credit", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.expireSession(purchase.session);
  const answer = await verified(buyer, purchase.session);
  assert.equal(answer.purchase.status, "expired");
  assert.equal(answer.purchase.is_final, true);
  await assertNothingCredited(buyer);
});

Deno.test("Somebody else's paid purchase looks as if it did not exist", async () => {
  const [owner, thief] = [await newBuyer(), await newBuyer()];
  const purchase = await openPurchase(owner);
  await stripe.payCheckout(purchase.session);
  assertRefused(await verify(thief, { session_id: purchase.session }), 404, "purchase_not_found");
  const byPurchase = await verify(thief, { purchase_id: purchase.purchase_id });
  assertRefused(byPurchase, 404, "purchase_not_found");
  const unknown = await verify(thief, { purchase_id: crypto.randomUUID() });
  assert.deepEqual(byPurchase.body, unknown.body, "the answer gives nothing away");
  await assertNothingCredited(thief);
  assert.equal((await verified(owner, purchase.session)).credited, true);
});

Deno.test("A user id in the body changes nothing about who is asking", async () => {
  const [owner, thief] = [await newBuyer(), await newBuyer()];
  const purchase = await openPurchase(owner);
  const body = { purchase_id: purchase.purchase_id, user_id: owner.userId };
  assertRefused(await call("verify-checkout", body, { token: thief.accessToken }), 400, "invalid_request");
});

Deno.test("A paid session made outside Talktime credits nobody", async () => {
  const buyer = await newBuyer();
  const foreign = await stripeApi.checkout.sessions.create({
    mode: "payment",
    line_items: [{
      price_data: { currency: "usd", unit_amount: 1000, product_data: { name: "Other" } },
      quantity: 1,
    }],
    success_url: "http://localhost:3000/done",
    client_reference_id: buyer.userId,
    metadata: { user_id: buyer.userId },
  });
  await stripe.payCheckout(foreign.id);
  assertRefused(await verify(buyer, { session_id: foreign.id }), 404, "purchase_not_found");
  await assertNothingCredited(buyer);
});

Deno.test("A session Stripe does not know is a mismatch, not a payment", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  const unknown = `cs_test_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql`update public.purchases set stripe_session_id = ${unknown} where id = ${purchase.purchase_id}`;
  assertRefused(await verify(buyer, { session_id: unknown }), 409, "session_mismatch");
  await assertNothingCredited(buyer);
});

for (
  const [what, change, reason] of [
    [
      "A session paid with less than the price",
      { amount_subtotal: 100, amount_total: 100 },
      "amount_mismatch",
    ],
    [
      "A session discounted to nothing",
      { amount_total: 0, payment_status: "no_payment_required" },
      "amount_mismatch",
    ],
    ["A session paid in another currency", { currency: "eur" }, "currency_mismatch"],
    ["A session of the other mode", { livemode: true }, "livemode_mismatch"],
    ["A session that is no payment", { mode: "subscription" }, "mode_mismatch"],
  ] as const
) {
  Deno.test(`${what} is held for review and credits nothing`, async () => {
    const buyer = await newBuyer();
    const purchase = await openPurchase(buyer);
    await stripe.payCheckout(purchase.session);
    await stripe.mutateSession(purchase.session, change);
    const answer = await verified(buyer, purchase.session);
    assert.equal(answer.credited, false);
    assert.equal(answer.purchase.status, "review");
    assert.equal(answer.purchase.review_reason, reason);
    await assertNothingCredited(buyer);
  });
}

for (
  const [what, change] of [
    ["another person", { client_reference_id: crypto.randomUUID() }],
    ["another purchase", { metadata: { purchase_id: crypto.randomUUID() } }],
  ] as const
) {
  Deno.test(`A session that names ${what} is refused`, async () => {
    const buyer = await newBuyer();
    const purchase = await openPurchase(buyer);
    await stripe.payCheckout(purchase.session);
    await stripe.mutateSession(purchase.session, change);
    assertRefused(await verify(buyer, { session_id: purchase.session }), 409, "session_mismatch");
    assert.equal((await purchaseRow(purchase)).status, "open");
    await assertNothingCredited(buyer);
  });
}
