// Different people never wait for each other: with everything of one person's locked, another's whole story goes through.
import assert from "node:assert/strict";
import type { ReservedSql } from "postgres";
import { outcomeOf, rpc } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  addCredit,
  ageCall,
  answeredCall,
  assertIntegrity,
  DESTINATION,
  fundedWallet,
  journalOf,
  MINUTE_MICROS,
  openPurchase,
  openWallets,
  paidFacts,
  purchaseArguments,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const pool = connect(stack.env, { max: 2 });
const [slow, quick] = await Promise.all([pool.reserve(), pool.reserve()]) as [ReservedSql, ReservedSql];

Deno.test.afterAll(async () => {
  for (const own of [slow, quick]) own.release();
  await pool.end();
  await sql.end();
  await stack.stop();
});

/** Runs with a time limit far below any wait for the slow connection, which never ends by itself. */
async function atOnce(statement: string) {
  await quick.unsafe("set statement_timeout = '3s'");
  const outcome = await outcomeOf(quick.unsafe(statement));
  await quick.unsafe("reset statement_timeout");
  assert.ok(outcome.ok, `${statement}\n${JSON.stringify(outcome)}`);
  return outcome.answer;
}

/** Buys, is credited, calls, talks, hangs up, reads the statement. */
async function wholeStory(userId: string): Promise<void> {
  await atOnce(rpc("create_purchase", purchaseArguments(userId, "first", "credit_5")));
  const purchase = await openPurchase(sql, userId, "credit_5");
  await atOnce(rpc("find_purchase", { user_id: userId, purchase_id: purchase.purchaseId }));
  const applied = await atOnce(rpc("apply_checkout_session", {
    user_id: userId,
    purchase_id: purchase.purchaseId,
    session: paidFacts(purchase),
  }));
  assert.equal(applied.credited, true);
  const call = { call_id: "call", user_id: userId };
  await atOnce(rpc("start_call", { ...call, destination: DESTINATION }));
  await atOnce(rpc("answer_call", call));
  await atOnce(rpc("extend_call", call));
  const ended = await atOnce(rpc("end_call", call));
  assert.equal(ended.cost_micros, MINUTE_MICROS);
  assert.equal((await atOnce(rpc("get_statement", { user_id: userId }))).lines.length, 2);
}

Deno.test("While one wallet is locked by a request that hangs, another person buys, calls and is charged", async () => {
  const [stuck, other] = [await fundedWallet(sql, 10_000_000), (await openWallets(sql, 1))[0]!];
  await slow.unsafe(
    `begin; ${rpc("start_call", { call_id: "hangs", destination: DESTINATION, user_id: stuck })}`,
  );
  await wholeStory(other);
  await slow.unsafe("commit");
  await assertIntegrity(sql);
});

Deno.test("While a purchase is being credited by a request that hangs, another person's is credited", async () => {
  const [stuck, other] = await openWallets(sql, 2) as [string, string];
  const purchase = await openPurchase(sql, stuck);
  await slow.unsafe(
    `begin; ${
      rpc("apply_checkout_session", {
        user_id: stuck,
        purchase_id: purchase.purchaseId,
        session: paidFacts(purchase),
      })
    }`,
  );
  await wholeStory(other);
  await slow.unsafe("commit");
  await assertIntegrity(sql);
});

Deno.test("While a sweeper that hangs has settled one person's call, another person is served", async () => {
  const [swept, other] = [await fundedWallet(sql, 10_000_000), (await openWallets(sql, 1))[0]!];
  await answeredCall(sql, swept, "silent");
  await ageCall(sql, swept, "silent", 200);
  await slow.unsafe(`begin; ${rpc("sweep_calls")}`);
  await wholeStory(other);
  await slow.unsafe("commit");
  assert.deepEqual((await journalOf(sql, swept)).length, 1);
  await assertIntegrity(sql);
});

Deno.test("The sweeper passes over a wallet that is taken and settles the calls of the others", async () => {
  const [taken, free] = [await fundedWallet(sql, 10_000_000), await fundedWallet(sql, 10_000_000)];
  for (const userId of [taken, free]) {
    await answeredCall(sql, userId, "silent");
    await ageCall(sql, userId, "silent", 200);
  }
  await slow.unsafe(`begin; select private.lock_user('${taken}')`);
  await atOnce(rpc("sweep_calls"));
  await slow.unsafe("commit");
  const statusOf = async (userId: string) =>
    (await sql`select status from public.call_logs where user_id = ${userId}`)[0]!.status;
  assert.deepEqual([await statusOf(taken), await statusOf(free)], ["answered", "ended"]);
  await atOnce(rpc("sweep_calls"));
  assert.equal(await statusOf(taken), "ended");
  await assertIntegrity(sql);
});

Deno.test("The reconciler passes over a purchase that hangs, whatever its age, and claims the others", async () => {
  const [stuck, other] = await openWallets(sql, 2) as [string, string];
  const forgotten = purchaseArguments(stuck, "forgotten");
  await atOnce(rpc("create_purchase", forgotten));
  await sql`update public.purchases set created_at = created_at - interval '25 hours' where user_id = ${stuck}`;
  const due = await openPurchase(sql, other);
  await sql`update public.purchases set next_check_at = private.clock() - interval '1 minute' where user_id = ${other}`;

  // Stripe answered after a day: the session is being noted while the reconciler writes the purchase off.
  await slow.unsafe(`begin; select private.lock_user('${stuck}'); update public.purchases set status = 'open',
    stripe_session_id = 'cs_test_${stuck}' where user_id = '${stuck}'`);
  const claimed: { purchase_id: string }[] = await atOnce(rpc("claim_due_purchases", { batch_size: 500 }));
  assert.ok(claimed.some((purchase) => purchase.purchase_id === due.purchaseId));
  await slow.unsafe("commit");
  const [row] = await sql`select status from public.purchases where user_id = ${stuck}`;
  assert.equal(row!.status, "open", "what was noted is not overwritten");
});

Deno.test("While a login is being deleted, another person is served; the call that was on is charged, a new one refused", async () => {
  const [leaving, other] = [await fundedWallet(sql, 10_000_000), (await openWallets(sql, 1))[0]!];
  await answeredCall(sql, leaving, "call");
  await slow.unsafe(`begin; delete from auth.users where id = '${leaving}'`);
  await wholeStory(other);
  await slow.unsafe("commit");
  const [row] = await sql`select status from public.users where id = ${leaving}`;
  assert.equal(row!.status, "closed");
  // The call that was on goes on and is charged; a new one is refused.
  assert.equal(
    (await atOnce(rpc("end_call", { call_id: "call", user_id: leaving }))).cost_micros,
    MINUTE_MICROS,
  );
  await addCredit(sql, leaving, MINUTE_MICROS);
  const refused = await outcomeOf(
    quick.unsafe(rpc("start_call", { call_id: "new", destination: DESTINATION, user_id: leaving })),
  );
  assert.equal(refused.ok ? "ok" : refused.code, "wallet_closed");
  await assertIntegrity(sql);
});
