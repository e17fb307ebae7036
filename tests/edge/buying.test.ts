import assert from "node:assert/strict";
import { withSessionId } from "../../supabase/functions/_shared/return_address.ts";
import {
  assertRefused,
  createCheckout,
  journal,
  newBuyer,
  openPurchase,
  sql,
  stripe,
  stripeApi,
  verified,
  verify,
} from "./support/world.ts";

const packages =
  await sql`select code, credit_micros::float8 as credit, bonus_micros::float8 as bonus, price_cents::float8 as price
  from public.credit_packages where active order by position`;

Deno.test("The five packages are on sale", () => {
  assert.deepEqual(packages.map(({ price }) => price), [500, 1000, 2000, 5000, 10_000]);
});

for (const { code, credit, bonus, price } of packages) {
  Deno.test(`Buying ${code} end to end credits what was paid for`, async () => {
    const buyer = await newBuyer();
    const { status, body } = await createCheckout(buyer, { package_code: code });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.purchase.status, "open");
    assert.equal(body.purchase.price_cents, price);
    assert.match(body.checkout_url, /^https?:/);

    await stripe.payCheckout(body.purchase.stripe_session_id);
    const { purchase, balance, credited } = await verified(buyer, body.purchase.stripe_session_id);
    assert.equal(credited, true);
    assert.equal(purchase.status, "paid");
    assert.match(purchase.receipt_url ?? "", /^https?:/);
    assert.equal(balance.balance_micros, credit + bonus);
    assert.deepEqual(await journal(buyer), [{
      kind: "purchase",
      amount: credit,
      purchase: purchase.purchase_id,
    }]);
  });
}

Deno.test("Verifying again answers the same and credits nothing more", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  await verified(buyer, purchase.session);
  const again = await verified(buyer, purchase.session);
  assert.equal(again.credited, false);
  assert.equal(again.purchase.status, "paid");
  assert.equal(again.balance.balance_micros, 10_000_000);
  assert.equal((await journal(buyer)).length, 1);
});

Deno.test("A settled purchase is answered without asking Stripe", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  await verified(buyer, purchase.session);
  await stripe.fault({ match: { path: `/v1/checkout/sessions/${purchase.session}` }, kind: "500" });
  assert.equal((await verified(buyer, purchase.session)).purchase.status, "paid");
});

Deno.test("A purchase can be verified by its own id as well as by its session", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  const { status, body } = await verify(buyer, { purchase_id: purchase.purchase_id });
  assert.equal(status, 200);
  assert.equal(body.credited, true);
});

Deno.test("Simultaneous verifications of one session credit it once", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  const answers = await Promise.all(Array.from({ length: 10 }, () => verified(buyer, purchase.session)));
  assert.equal(answers.filter(({ credited }) => credited).length, 1);
  assert.ok(answers.every(({ balance }) => balance.balance_micros === 10_000_000));
  assert.equal((await journal(buyer)).length, 1);
});

Deno.test("A package that is not for sale is refused", async () => {
  assertRefused(
    await createCheckout(await newBuyer(), { package_code: "credit_7" }),
    404,
    "package_not_found",
  );
});

Deno.test("A return address off the allow-list is refused, and Stripe is never called", async () => {
  const buyer = await newBuyer();
  for (const field of ["success_url", "cancel_url"]) {
    for (
      const url of [
        "https://evil.example/done",
        "http://localhost:3000@evil.example/",
        "http://localhost.evil.example/",
      ]
    ) {
      assertRefused(await createCheckout(buyer, { [field]: url }), 400, "redirect_not_allowed");
    }
  }
  assert.equal((await sql`select from public.purchases where user_id = ${buyer.userId}`).length, 0);
});

Deno.test("The session names the person and the purchase, and its success page receives the session id", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  const session = await stripeApi.checkout.sessions.retrieve(purchase.session);
  const names = { user_id: buyer.userId, purchase_id: purchase.purchase_id, package_code: "credit_10" };
  assert.equal(session.client_reference_id, buyer.userId);
  assert.deepEqual(session.metadata, names);
  assert.equal(session.mode, "payment");
  assert.equal(session.adaptive_pricing?.enabled, false);
  assert.equal(session.success_url, "http://localhost:3000/done?session_id={CHECKOUT_SESSION_ID}");
});

Deno.test("The session id joins whatever the success address already carries", () => {
  const id = "session_id={CHECKOUT_SESSION_ID}";
  assert.equal(withSessionId("https://example.com/done", "session_id"), `https://example.com/done?${id}`);
  assert.equal(
    withSessionId("https://example.com/done?a=1", "session_id"),
    `https://example.com/done?a=1&${id}`,
  );
  assert.equal(
    withSessionId("https://example.com/done#top", "session_id"),
    `https://example.com/done?${id}#top`,
  );
  const own = "https://example.com/done?checkout={CHECKOUT_SESSION_ID}";
  assert.equal(withSessionId(own, "session_id"), own);
});
