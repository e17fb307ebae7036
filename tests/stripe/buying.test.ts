// A purchase with Stripe itself: the page made, paid by a person, closed, replaced, paid back.
import assert from "node:assert/strict";
import { launchBrowser } from "../support/browser.ts";
import {
  balanceOf,
  call,
  env,
  makeDue,
  newBuyer,
  opened,
  pay,
  sql,
  statusOf,
  stripe,
  untilReconciled,
} from "./support.ts";

Deno.test("A page asks for the package's price, names who pays for what, and is made once for a key", async () => {
  const buyer = await newBuyer();
  const key = crypto.randomUUID();
  const first = await opened(buyer, key);
  assert.deepEqual(await opened(buyer, key), first);
  const session = await stripe.checkout.sessions.retrieve(first.session);
  const { amount_total, currency, livemode, status, client_reference_id, metadata, adaptive_pricing } =
    session;
  assert.deepEqual({ amount_total, currency, livemode, status, client_reference_id }, {
    amount_total: 1000,
    currency: "usd",
    livemode: false,
    status: "open",
    client_reference_id: buyer.userId,
  });
  assert.equal(metadata?.purchase_id, first.purchase);
  assert.equal(adaptive_pricing?.enabled, false);
});

Deno.test("A page that is closed at Stripe ends its purchase without credit", async () => {
  const buyer = await newBuyer();
  const page = await opened(buyer);
  await stripe.checkout.sessions.expire(page.session);
  await makeDue(page);
  await untilReconciled(async () => await statusOf(page.purchase) === "expired", "the purchase is expired");
  assert.equal(await balanceOf(buyer), 0);
});

Deno.test("A newer purchase closes the older one's page at Stripe", async () => {
  const buyer = await newBuyer();
  const [older, newer] = [await opened(buyer), await opened(buyer)];
  await untilReconciled(async () => await statusOf(older.purchase) === "expired", "the older one is expired");
  const statuses = await Promise.all(
    [older, newer].map(async ({ session }) => (await stripe.checkout.sessions.retrieve(session)).status),
  );
  assert.deepEqual(statuses, ["expired", "open"]);
  await stripe.checkout.sessions.expire(newer.session);
});

Deno.test("A person pays on Stripe's page and is credited once; refunds of both kinds take their part back", async () => {
  const buyer = await newBuyer();
  const { purchase, url, session } = await opened(buyer);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    assert.equal(await pay(page, url, "4242424242424242"), session);
  } finally {
    await browser.close();
  }
  const verify = () => call("verify-checkout", { session_id: session }, buyer.token);
  assert.equal((await verify()).credited, true);
  assert.equal((await verify()).credited, false);
  assert.equal(await balanceOf(buyer), 10_000_000);

  const { refund } = await call("refund-purchase", {
    user_id: buyer.userId,
    purchase_id: purchase,
    amount_cents: 250,
    reason: "A test",
    idempotency_key: crypto.randomUUID(),
  });
  assert.match(refund.stripe_refund_id, /^re_/);
  assert.equal(await balanceOf(buyer), 7_500_000);
  const [row] = await sql`select payment_intent_id from public.purchases where id = ${purchase}`;
  await stripe.refunds.create({ payment_intent: row!.payment_intent_id, amount: 100 });
  await untilReconciled(async () => await balanceOf(buyer) === 6_500_000, "the other refund is known");
  assert.ok(env.STRIPE_SECRET_KEY.includes("_test_"));
});
