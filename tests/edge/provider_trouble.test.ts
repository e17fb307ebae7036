import assert from "node:assert/strict";
import { ApiError, toApiError } from "../../supabase/functions/_shared/errors.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { verifyCheckout } from "../../supabase/functions/verify-checkout/handler.ts";
import { db, post } from "./support/dying.ts";
import {
  assertRefused,
  createCheckout,
  env,
  journal,
  newBuyer,
  openPurchase,
  purchaseRow,
  sessionsOf,
  stripe,
  stripeSettings,
  verified,
  verify,
} from "./support/world.ts";

const CREATE = { method: "POST", path: "^/v1/checkout/sessions$" };
const RETRIEVE = { method: "GET", path: "^/v1/checkout/sessions/cs_" };

Deno.test("While Stripe fails, a purchase cannot begin and says so; the same request later continues it", async () => {
  for (const kind of ["429", "503", "drop_before"] as const) {
    const buyer = await newBuyer();
    const idempotency_key = crypto.randomUUID();
    await stripe.fault({ match: CREATE, kind });
    const answer = await createCheckout(buyer, { idempotency_key });
    assertRefused(answer, 503, "payment_provider_unavailable");
    assert.ok(Number(answer.headers.get("Retry-After")) >= 1, kind);
    assert.ok(!JSON.stringify(answer.body).includes(env.STRIPE_SECRET_KEY));

    await stripe.clearFaults();
    const again = await createCheckout(buyer, { idempotency_key });
    assert.equal(again.status, 200, JSON.stringify(again.body));
    assert.equal((await sessionsOf(buyer)).length, 1);
  }
});

Deno.test("A single failure of Stripe is never seen by the person", async () => {
  for (const kind of ["503", "drop_before", "drop_after", "slow"] as const) {
    const buyer = await newBuyer();
    await stripe.fault({ match: CREATE, kind, times: 1, delayMs: 300 });
    const purchase = await openPurchase(buyer);
    assert.equal((await sessionsOf(buyer)).length, 1, kind);

    await stripe.payCheckout(purchase.session);
    await stripe.fault({ match: RETRIEVE, kind, times: 1, delayMs: 300 });
    assert.equal((await verified(buyer, purchase.session)).credited, true, kind);
  }
});

Deno.test("While Stripe fails, a paid purchase cannot be verified and says so; nothing is lost", async () => {
  for (const kind of ["429", "500", "drop_before", "drop_after"] as const) {
    const buyer = await newBuyer();
    const purchase = await openPurchase(buyer);
    await stripe.payCheckout(purchase.session);
    await stripe.fault({ match: RETRIEVE, kind });
    const answer = await verify(buyer, { session_id: purchase.session });
    assertRefused(answer, 503, "payment_provider_unavailable");
    assert.match(answer.body.hint, /no payment is lost/);
    assert.equal((await purchaseRow(purchase)).status, "open");

    await stripe.clearFaults();
    assert.equal((await verified(buyer, purchase.session)).credited, true);
    assert.equal((await journal(buyer)).length, 1);
  }
});

Deno.test("A Stripe that never answers is given up on", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.fault({ match: RETRIEVE, kind: "timeout" });
  const impatient = createStripe(stripeSettings, { timeoutMilliseconds: 200 });
  const deps = { userId: buyer.userId, db, stripe: impatient };
  const failure = await verifyCheckout(post({ session_id: purchase.session }), deps).catch(toApiError);
  assert.ok(failure instanceof ApiError);
  assert.equal(failure.code, "payment_provider_unavailable");
  assert.equal((await purchaseRow(purchase)).status, "open");
});

Deno.test("An answer of Stripe that never arrives costs seconds, not a second session", async () => {
  const buyer = await newBuyer();
  await stripe.fault({ match: CREATE, kind: "timeout_after", times: 1 });
  const started = Date.now();
  await openPurchase(buyer);
  assert.ok(Date.now() - started < 15_000);
  assert.equal((await sessionsOf(buyer)).length, 1);
});

Deno.test("When Stripe keeps answering a key with its first failure, the person is told to start again", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  await stripe.fault({ match: CREATE, kind: "500_after", times: 1 });
  assertRefused(await createCheckout(buyer, { idempotency_key }), 503, "payment_provider_unavailable");
  const again = await createCheckout(buyer, { idempotency_key });
  assertRefused(again, 503, "payment_provider_unavailable");
  assert.match(again.body.hint, /new idempotency key/);
  assert.equal((await createCheckout(buyer)).status, 200);
});
