// Giving money back by `refund-purchase`: who may, how much, and what happens when it is cut off anywhere.
import assert from "node:assert/strict";
import { carryOutRefunds } from "../../supabase/functions/reconcile-payments/refunds.ts";
import { refundPurchase } from "../../supabase/functions/refund-purchase/handler.ts";
import { Died, dyingAfter, dyingBefore, post } from "./support/dying.ts";
import { completeEnv, startFunction } from "./support/function_process.ts";
import { catchUp, followEvents, letLeaseLapse, run } from "./support/reconciler.ts";
import {
  alerts,
  type Answer,
  assertRefused,
  boughtPurchase,
  type Buyer,
  call,
  env,
  eventually,
  newBuyer,
  openPurchase,
  sql,
  standing,
  stripe,
  stripeApi,
} from "./support/world.ts";

await letLeaseLapse();

const admin = await newAdmin();

async function newAdmin(role = "admin"): Promise<Buyer> {
  const person = await newBuyer();
  await sql`select private.add_admin(${person.userId}, ${role}, 'for a test')`;
  return person;
}

type Bought = Awaited<ReturnType<typeof boughtPurchase>>;

function refundBody({ user_id, purchase_id }: Bought, overrides: Record<string, unknown> = {}) {
  return {
    user_id,
    purchase_id,
    reason: "asked by mail",
    idempotency_key: crypto.randomUUID(),
    ...overrides,
  };
}

const refund = (purchase: Bought, overrides: Record<string, unknown> = {}, by = admin): Promise<Answer> =>
  call("refund-purchase", refundBody(purchase, overrides), { token: by.accessToken });

const refundsAtStripe = async ({ payment_intent_id }: Bought) =>
  (await stripeApi.refunds.list({ payment_intent: payment_intent_id!, limit: 100 })).data;

const carryOut = async () => {
  await sql`update public.purchase_refunds set next_attempt_at = private.clock() where status = 'requested'`;
  return await run({ steps: [carryOutRefunds] });
};

Deno.test("An admin gives a payment back, whole or in parts, and the credit goes with it", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const part = await refund(purchase, { amount_cents: 250 });
  assert.equal(part.status, 200, JSON.stringify(part.body));
  assert.equal(part.body.refund.status, "succeeded");
  assert.equal(part.body.refund.amount_cents, 250);
  assert.equal(part.body.clawed_back_micros, 2_500_000);
  const rest = await refund(purchase);
  assert.equal(rest.body.refund.amount_cents, 750, "all that is left");
  assert.deepEqual(await standing(purchase), {
    status: "paid",
    refunded_cents: 1000,
    disputed_cents: 0,
    clawed_back_micros: 10_000_000,
    balance_micros: 0,
  });
  const made = await refundsAtStripe(purchase);
  assert.equal(made.length, 2);
  assert.equal(made[1]!.metadata?.refund_id, part.body.refund.refund_id);
  const [audit] = await sql`select actor_id, reason from private.audit_log
    where details ->> 'refund_id' = ${part.body.refund.refund_id}`;
  assert.deepEqual({ ...audit }, { actor_id: admin.userId, reason: "asked by mail" });
});

Deno.test("The secret key may refund too, and names no person", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const answer = await call("refund-purchase", refundBody(purchase), { apikey: env.SECRET_KEY });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const [audit] = await sql`select actor_id from private.audit_log
    where details ->> 'refund_id' = ${answer.body.refund.refund_id}`;
  assert.equal(audit!.actor_id, null);
});

Deno.test("Nobody else may: not the buyer, not a viewer, not without a token; and Stripe is not asked", async () => {
  const buyer = await newBuyer();
  const purchase = await boughtPurchase(buyer);
  for (const person of [buyer, await newAdmin("viewer"), await newBuyer()]) {
    assertRefused(await refund(purchase, {}, person), 403, "forbidden");
  }
  assertRefused(await call("refund-purchase", refundBody(purchase)), 401, "not_authenticated");
  assertRefused(
    await call("refund-purchase", refundBody(purchase), { apikey: "sb_secret_guess" }),
    401,
    "not_authenticated",
  );
  assert.deepEqual(await refundsAtStripe(purchase), []);
});

Deno.test("An admin whose right was taken away is refused at once, with the same token", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const former = await newAdmin();
  assert.equal((await refund(purchase, { amount_cents: 100 }, former)).status, 200);
  await sql`delete from private.admins where user_id = ${former.userId}`;
  assertRefused(await refund(purchase, { amount_cents: 100 }, former), 403, "forbidden");
});

Deno.test("A reason, whole cents and a key are needed, and nothing more is taken", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  for (
    const wrong of [{ reason: " " }, { amount_cents: 0 }, { amount_cents: -5 }, { amount_cents: 1.5 }, {
      idempotency_key: "",
    }, { actor_id: admin.userId }]
  ) assertRefused(await refund(purchase, wrong), 400, "invalid_request");
  assert.deepEqual(await refundsAtStripe(purchase), []);
});

Deno.test("More than is left is refused, and an unpaid purchase", async () => {
  const buyer = await newBuyer();
  const purchase = await boughtPurchase(buyer);
  const tooMuch = await refund(purchase, { amount_cents: 1001 });
  assertRefused(tooMuch, 409, "refund_exceeds_payment");
  assert.equal(tooMuch.body.details.refundable_cents, 1000);
  await refund(purchase, { amount_cents: 600 });
  assertRefused(await refund(purchase, { amount_cents: 401 }), 409, "refund_exceeds_payment");
  assertRefused(await refund(await openPurchase(buyer)), 409, "purchase_not_refundable");
});

Deno.test("A double click refunds once, however it meets itself", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const idempotency_key = crypto.randomUUID();
  const same = { idempotency_key, amount_cents: 300 };
  const answers = await Promise.all(Array.from({ length: 4 }, () => refund(purchase, same)));
  for (const { status, body } of answers) assert.ok(status === 200 || status === 503, JSON.stringify(body));
  const again = await refund(purchase, same);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal((await refundsAtStripe(purchase)).length, 1);
  assert.equal((await standing(purchase)).clawed_back_micros, 3_000_000);
  assertRefused(await refund(purchase, { ...same, amount_cents: 301 }), 409, "idempotency_conflict");
});

Deno.test("Two admins who refund everything at once refund it once", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const other = await newAdmin();
  const answers = await Promise.all([refund(purchase), refund(purchase, {}, other)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  assert.equal((await refundsAtStripe(purchase)).length, 1);
});

Deno.test("What Stripe refuses for good is told, and told the same again; nothing is taken back", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  // In the dashboard a moment ago, which is not read yet.
  await stripe.refund(purchase.session);
  const body = { idempotency_key: crypto.randomUUID() };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const answer = await refund(purchase, body);
    assertRefused(answer, 409, "refund_exceeds_payment");
    assert.equal(answer.body.details.reason, "charge_already_refunded");
  }
  assert.equal((await standing(purchase)).clawed_back_micros, 0);
  await catchUp();
  assert.equal((await standing(purchase)).clawed_back_micros, 10_000_000, "the dashboard's own refund does");

  const disputed = await boughtPurchase(await newBuyer());
  await stripe.openDispute(disputed.session);
  const refused = await refund(disputed);
  assertRefused(refused, 409, "purchase_not_refundable");
  assert.equal(refused.body.details.reason, "charge_disputed");
});

Deno.test("A refund that fails later restores the credit and opens an alert", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  const { body } = await refund(purchase);
  await stripe.failRefund(body.refund.stripe_refund_id);
  await catchUp();
  assert.equal((await standing(purchase)).clawed_back_micros, 0);
  assert.equal((await standing(purchase)).balance_micros, 10_000_000);
  assert.equal((await alerts("refund_failed", body.refund.stripe_refund_id)).length, 1);
});

for (
  const [step, dying] of [
    ["after the refund was begun", dyingAfter("beginRefund")],
    ["after Stripe made it, before it is written down", dyingBefore("applyRefund")],
    ["after it was written down, before the answer", dyingAfter("applyRefund")],
  ] as const
) {
  for (const next of ["asking again", "the reconciler"] as const) {
    Deno.test(`refund-purchase dies ${step}: ${next} refunds once in all`, async () => {
      const purchase = await boughtPurchase(await newBuyer());
      const body = refundBody(purchase, { amount_cents: 400 });
      const deps = { actorId: admin.userId, db: dying, stripe: stripeApi };
      await assert.rejects(refundPurchase(post(body), deps), Died);
      if (next === "asking again") {
        const answer = await call("refund-purchase", body, { token: admin.accessToken });
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      } else assert.equal((await carryOut()).error, null);
      assert.equal((await refundsAtStripe(purchase)).length, 1);
      assert.equal((await standing(purchase)).clawed_back_micros, 4_000_000);
    });
  }
}

Deno.test("refund-purchase is killed while it waits for Stripe: the reconciler carries it out, once", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  await stripe.clearRequests();
  await stripe.fault({ match: { path: "^/v1/refunds$" }, kind: "slow", times: 1, delayMs: 3_000 });
  const running = await startFunction("refund-purchase", completeEnv);
  const headers = { Authorization: `Bearer ${admin.accessToken}` };
  const body = JSON.stringify(refundBody(purchase));
  const cutOff = assert.rejects(fetch(running.url!, { method: "POST", headers, body }));
  await eventually(
    async () => (await stripe.requests()).some(({ path }) => path === "/v1/refunds"),
    "Stripe is asked",
  );
  await running.kill();
  await cutOff;
  await stripe.clearFaults();
  await eventually(async () => {
    await carryOut();
    return (await standing(purchase)).refunded_cents === 1000;
  }, "the refund is carried out");
  assert.equal((await refundsAtStripe(purchase)).length, 1);
});

Deno.test("While Stripe fails, the refund is noted, says so, and is carried out later by itself", async () => {
  for (const kind of ["429", "503", "drop_before", "drop_after"] as const) {
    const purchase = await boughtPurchase(await newBuyer());
    await stripe.fault({ match: { method: "POST", path: "^/v1/refunds$" }, kind });
    const answer = await refund(purchase);
    assertRefused(answer, 503, "payment_provider_unavailable");
    assert.match(answer.body.hint, /carried out by itself/);
    assert.match(answer.body.details.refund_id, /^[0-9a-f-]{36}$/);
    await stripe.clearFaults();
    await carryOut();
    assert.equal((await refundsAtStripe(purchase)).length, 1, kind);
    assert.equal((await standing(purchase)).clawed_back_micros, 10_000_000, kind);
  }
});

Deno.test("When Stripe keeps answering with its first failure, the refund it made all the same is met by its event", async () => {
  await catchUp();
  const purchase = await boughtPurchase(await newBuyer());
  await stripe.fault({ match: { method: "POST", path: "^/v1/refunds$" }, kind: "500_after", times: 1 });
  assertRefused(await refund(purchase), 503, "payment_provider_unavailable");
  assert.equal((await refundsAtStripe(purchase)).length, 1);
  await carryOut();
  await followEvents();
  const [row] =
    await sql`select status, origin from public.purchase_refunds where purchase_id = ${purchase.purchase_id}`;
  assert.deepEqual({ ...row }, { status: "succeeded", origin: "talktime" });
  assert.equal((await standing(purchase)).clawed_back_micros, 10_000_000);
});
