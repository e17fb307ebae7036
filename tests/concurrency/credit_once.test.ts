// One payment, many messengers: the credit is written once.
import assert from "node:assert/strict";
import { StripeControl } from "../../dev/stripe/control.ts";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { admin, signUp, sql as connect, useStack } from "../support/stack.ts";
import {
  assertIntegrity,
  journalOf,
  type OpenPurchase,
  openPurchase,
  openWallets,
  paidFacts,
  walletOf,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 100);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

Deno.test("A hundred connections apply one paid session at once: one of them writes the credit", async () => {
  const [userId] = await openWallets(sql, 1);
  const purchase = await openPurchase(sql, userId!);
  const apply = rpc("apply_checkout_session", {
    user_id: userId,
    purchase_id: purchase.purchaseId,
    session: paidFacts(purchase),
  });
  const outcomes = await crowd.rush(Array(100).fill(apply));

  assert.deepEqual(tally(outcomes), { ok: 100 });
  assert.equal(answers(outcomes).filter((answer) => answer.credited).length, 1);
  for (const { purchase, balance } of answers(outcomes)) {
    assert.equal(purchase.status, "paid");
    assert.equal(
      balance.balance_micros,
      10_000_000,
      "nobody is shown a balance without the credit, or with two",
    );
  }
  assert.deepEqual(await journalOf(sql, userId!), [{ kind: "purchase", amount: 10_000_000 }]);
  const told = await sql`select kind from public.notifications where user_id = ${userId!}`;
  assert.deepEqual([...told], [{ kind: "purchase_confirmed" }]);
  await assertIntegrity(sql);
});

Deno.test("Ten payments of one person, each applied ten times at once, credit ten times", async () => {
  const [userId] = await openWallets(sql, 1);
  const purchases: OpenPurchase[] = [];
  for (let i = 0; i < 10; i++) purchases.push(await openPurchase(sql, userId!, "credit_5"));
  const outcomes = await crowd.rush(Array.from({ length: 100 }, (_, index) => {
    const purchase = purchases[index % 10]!;
    return rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    });
  }));

  assert.deepEqual(tally(outcomes), { ok: 100 });
  assert.equal(answers(outcomes).filter((answer) => answer.credited).length, 10);
  assert.equal((await walletOf(sql, userId!)).balance, 50_000_000);
  const lines =
    await sql`select line::integer as line from public.transactions where user_id = ${userId!} order by line`;
  assert.deepEqual(lines.map((row) => row.line), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "without a gap");
  await assertIntegrity(sql);
});

Deno.test("Paid, still open and expired arrive together: whoever is last, the payment stands and is credited once", async () => {
  const [userId] = await openWallets(sql, 1);
  const purchase = await openPurchase(sql, userId!);
  const paid = paidFacts(purchase);
  const views = [paid, { ...paid, status: "open", payment_status: "unpaid" }, {
    ...paid,
    status: "expired",
    payment_status: "unpaid",
  }];
  const outcomes = await crowd.rush(Array.from({ length: 90 }, (_, index) =>
    rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: views[index % 3],
    })));

  assert.deepEqual(tally(outcomes), { ok: 90 });
  assert.equal(answers(outcomes).filter((answer) => answer.credited).length, 1);
  const [row] =
    await sql`select status, paid_cents::integer as paid from public.purchases where user_id = ${userId!}`;
  assert.deepEqual({ ...row }, { status: "paid", paid: 1000 }, "a stale view does not take the payment back");
  assert.deepEqual(await journalOf(sql, userId!), [{ kind: "purchase", amount: 10_000_000 }]);
  await assertIntegrity(sql);
});

/** A person with a purchase at Stripe that is paid, and the way a browser asks for its verification. */
async function paidBuyer() {
  const { userId, client } = await signUp(stack.env);
  const { data, error } = await client.functions.invoke("create-checkout", {
    body: {
      package_code: "credit_10",
      success_url: "http://localhost:3000/done",
      cancel_url: "http://localhost:3000/buy",
      idempotency_key: crypto.randomUUID(),
    },
  });
  assert.equal(error, null);
  const sessionId: string = data.purchase.stripe_session_id;
  await new StripeControl(stack.env.STRIPE_API_URL!).payCheckout(sessionId);
  const verify = async () => {
    const { data, error } = await client.functions.invoke("verify-checkout", {
      body: { session_id: sessionId },
    });
    assert.equal(error, null);
    return data;
  };
  return { userId, verify };
}

Deno.test("A hundred browsers verify one paid session at once over HTTP: it is credited once, and all see it", async () => {
  const { userId, verify } = await paidBuyer();
  const answers = await Promise.all(Array.from({ length: 100 }, verify));

  assert.equal(answers.filter((answer) => answer.credited).length, 1);
  for (const { purchase, balance } of answers) {
    assert.deepEqual([purchase.status, balance.balance_micros], ["paid", 10_000_000]);
  }
  assert.deepEqual(await journalOf(sql, userId), [{ kind: "purchase", amount: 10_000_000 }]);
  await assertIntegrity(sql);
});

Deno.test("Browsers and reconcilers find one payment at once over HTTP: it is credited once", async () => {
  const { userId, verify } = await paidBuyer();
  await sql`update public.purchases set next_check_at = private.clock() - interval '1 minute' where user_id = ${userId}`;
  const service = admin(stack.env);
  const reconcile = async () => {
    const { data, error } = await service.functions.invoke("reconcile-payments", { body: {} });
    assert.equal(error, null);
    return data;
  };
  await Promise.all([...Array.from({ length: 20 }, verify), ...Array.from({ length: 4 }, reconcile)]);

  assert.equal((await verify()).credited, false);
  assert.deepEqual(await journalOf(sql, userId), [{ kind: "purchase", amount: 10_000_000 }]);
  await assertIntegrity(sql);
});
