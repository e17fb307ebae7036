// The function dies between Stripe and the database, at each step; whoever comes next finishes its work, once.
import assert from "node:assert/strict";
import { createDatabase } from "../../supabase/functions/_shared/db.ts";
import { createCheckout as handleCreate } from "../../supabase/functions/create-checkout/handler.ts";
import { verifyCheckout as handleVerify } from "../../supabase/functions/verify-checkout/handler.ts";
import { db, Died, dyingAfter, dyingBefore, post } from "./support/dying.ts";
import { completeEnv, startFunction } from "./support/function_process.ts";
import {
  type Buyer,
  checkoutBody,
  createCheckout,
  env,
  eventually,
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  purchaseRow,
  reconcile,
  sessionsOf,
  sql,
  stripe,
  stripeApi,
  verified,
} from "./support/world.ts";

async function assertOnePurchaseCanBePaid(buyer: Buyer, idempotencyKey: string) {
  // While the cut-off request is still in flight at Stripe, it answers that its key is in use: ask again.
  let answer = await createCheckout(buyer, { idempotency_key: idempotencyKey });
  for (let attempt = 0; answer.status === 503 && attempt < 5; attempt += 1) {
    answer = await createCheckout(buyer, { idempotency_key: idempotencyKey });
  }
  const { status, body } = answer;
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(await sessionsOf(buyer), [body.purchase.stripe_session_id]);
  assert.equal((await sql`select from public.purchases where user_id = ${buyer.userId}`).length, 1);
  await stripe.payCheckout(body.purchase.stripe_session_id);
  assert.equal((await verified(buyer, body.purchase.stripe_session_id)).credited, true);
}

for (
  const [step, dying] of [
    ["after the purchase row was written", dyingAfter("createPurchase")],
    ["after Stripe made the session, before the row knows it", dyingBefore("attachCheckoutSession")],
    ["after the session was noted, before the answer", dyingAfter("attachCheckoutSession")],
  ] as const
) {
  Deno.test(`create-checkout dies ${step}: trying again ends in one session`, async () => {
    const buyer = await newBuyer();
    const body = checkoutBody();
    const deps = { userId: buyer.userId, db: dying, stripe: stripeApi };
    await assert.rejects(handleCreate(post(body), deps), Died);
    await assertOnePurchaseCanBePaid(buyer, body.idempotency_key);
  });
}

Deno.test("create-checkout loses Stripe's answer every time: trying again ends in one session", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  await stripe.fault({
    match: { method: "POST", path: "^/v1/checkout/sessions$" },
    kind: "drop_after",
    times: 2,
  });
  const answer = await createCheckout(buyer, { idempotency_key });
  assert.equal(answer.body.code, "payment_provider_unavailable");
  assert.equal((await sessionsOf(buyer)).length, 1, "Stripe did make it");
  await assertOnePurchaseCanBePaid(buyer, idempotency_key);
});

for (
  const [step, dying] of [
    ["before the facts are applied", dyingBefore("applyCheckoutSession")],
    ["after the credit was written, before the answer", dyingAfter("applyCheckoutSession")],
  ] as const
) {
  Deno.test(`verify-checkout dies ${step}: verifying again credits once in all`, async () => {
    const buyer = await newBuyer();
    const purchase = await openPurchase(buyer);
    await stripe.payCheckout(purchase.session);
    const deps = { userId: buyer.userId, db: dying, stripe: stripeApi };
    await assert.rejects(handleVerify(post({ session_id: purchase.session }), deps), Died);

    assert.equal((await verified(buyer, purchase.session)).balance.balance_micros, 10_000_000);
    assert.equal((await journal(buyer)).length, 1);
  });
}

Deno.test("verify-checkout dies and nobody tries again: the reconciler credits once", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  const deps = { userId: buyer.userId, db: dyingBefore("applyCheckoutSession"), stripe: stripeApi };
  await assert.rejects(handleVerify(post({ session_id: purchase.session }), deps), Died);
  await makeDue(purchase);
  await reconcile();
  await eventually(async () => (await purchaseRow(purchase)).status === "paid", "the reconciler credits it");
  assert.equal((await journal(buyer)).length, 1);
});

Deno.test("The database is away while Stripe is asked: nothing is credited then, and once later", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  const nowhere = createDatabase({ supabaseUrl: "http://127.0.0.1:1", secretKey: env.SECRET_KEY });
  const away = { ...db, applyCheckoutSession: nowhere.applyCheckoutSession };
  const deps = { userId: buyer.userId, db: away, stripe: stripeApi };
  await assert.rejects(handleVerify(post({ session_id: purchase.session }), deps), {
    code: "internal_error",
  });
  assert.equal((await purchaseRow(purchase)).status, "open");
  assert.equal((await verified(buyer, purchase.session)).credited, true);
});

/** Sends a request to a process of its own and kills it as soon as Stripe has been asked, before it answers. */
async function killWhileStripeIsAsked(name: string, buyer: Buyer, body: unknown, path: string) {
  await stripe.clearRequests();
  await stripe.fault({ match: { path }, kind: "slow", times: 1, delayMs: 3_000 });
  const running = await startFunction(name, completeEnv);
  const headers = { Authorization: `Bearer ${buyer.accessToken}` };
  const cutOff = assert.rejects(fetch(running.url!, { method: "POST", headers, body: JSON.stringify(body) }));
  const asked = async () => (await stripe.requests()).some((request) => new RegExp(path).test(request.path));
  await eventually(asked, "Stripe is asked");
  await running.kill();
  await cutOff;
  await stripe.clearFaults();
}

Deno.test("create-checkout is killed while it waits for Stripe: trying again ends in one session", async () => {
  const buyer = await newBuyer();
  const body = checkoutBody();
  await killWhileStripeIsAsked("create-checkout", buyer, body, "^/v1/checkout/sessions$");
  await assertOnePurchaseCanBePaid(buyer, body.idempotency_key);
});

Deno.test("verify-checkout is killed while it waits for Stripe: verifying again credits once", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  const body = { session_id: purchase.session };
  await killWhileStripeIsAsked("verify-checkout", buyer, body, `^/v1/checkout/sessions/${purchase.session}$`);
  assert.equal((await purchaseRow(purchase)).status, "open");
  assert.equal((await verified(buyer, purchase.session)).credited, true);
  assert.equal((await journal(buyer)).length, 1);
});
