// One idempotency key, many requests: one purchase, one session, one winner among different contents.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { assertIntegrity, openWallets, purchaseArguments } from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 100);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

Deno.test("A hundred connections create a purchase under one key at once: it is made once and shown to all", async () => {
  const [userId] = await openWallets(sql, 1);
  const create = rpc("create_purchase", purchaseArguments(userId!, "the only key"));
  const outcomes = await crowd.rush(Array(100).fill(create));

  assert.deepEqual(tally(outcomes), { ok: 100 });
  assert.equal(new Set(answers(outcomes).map((answer) => answer.purchase_id)).size, 1);
  assert.equal(answers(outcomes).filter((answer) => !answer.replayed).length, 1);
  const rows = await sql`select id from public.purchases where user_id = ${userId!}`;
  assert.equal(rows.length, 1);
  const [limit] =
    await sql`select hits from private.rate_limits where user_id = ${userId!} and action = 'checkout'`;
  assert.equal(limit!.hits, 1, "repeating a request uses up no allowance");
});

Deno.test("Two contents under one key at once: the first one stands, every request with the other is refused", async () => {
  const [userId] = await openWallets(sql, 1);
  const packages = ["credit_5", "credit_20"];
  const outcomes = await crowd.rush(Array.from(
    { length: 100 },
    (_, index) => rpc("create_purchase", purchaseArguments(userId!, "contested key", packages[index % 2])),
  ));

  assert.deepEqual(tally(outcomes), { ok: 50, idempotency_conflict: 50 });
  assert.equal(new Set(answers(outcomes).map((answer) => answer.package_code)).size, 1);
  assert.equal((await sql`select from public.purchases where user_id = ${userId!}`).length, 1);
});

Deno.test("More keys at once than a person may begin checkouts: exactly the allowance is admitted", async () => {
  const [userId] = await openWallets(sql, 1);
  const outcomes = await crowd.rush(
    Array.from(
      { length: 60 },
      (_, index) => rpc("create_purchase", purchaseArguments(userId!, `key ${index}`)),
    ),
  );

  assert.deepEqual(tally(outcomes), { ok: 20, rate_limited: 40 });
  assert.equal((await sql`select from public.purchases where user_id = ${userId!}`).length, 20);
});

Deno.test("Two sessions are attached to one purchase by fifty connections: one session stays, the other is refused", async () => {
  const [userId] = await openWallets(sql, 1);
  const asked = purchaseArguments(userId!, "one purchase");
  const [created] = await sql`select public.create_purchase(${asked.user_id}, ${asked.package_code},
    ${asked.idempotency_key}, ${asked.success_url}, ${asked.cancel_url}) as answer`;
  const sessions = ["cs_test_left", "cs_test_right"].map((name) => `${name}_${userId}`);
  const outcomes = await crowd.rush(Array.from({ length: 50 }, (_, index) =>
    rpc("attach_checkout_session", {
      user_id: userId,
      purchase_id: created!.answer.purchase_id,
      stripe_session_id: sessions[index % 2],
      checkout_url: `https://checkout.example/${sessions[index % 2]}`,
      session_expires_at: "2099-01-01T00:00:00Z",
      livemode: false,
    })));

  assert.deepEqual(tally(outcomes), { ok: 25, idempotency_conflict: 25 });
  const attached = new Set(answers(outcomes).map((answer) => answer.stripe_session_id));
  assert.equal(attached.size, 1);
  const [row] =
    await sql`select status, stripe_session_id as session from public.purchases where user_id = ${userId!}`;
  assert.deepEqual({ ...row }, { status: "open", session: [...attached][0] });
  await assertIntegrity(sql);
});
