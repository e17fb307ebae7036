// Whoever changes a person's money locks their wallet first, and only then anything else: so no two requests can hold
// what the other needs. Proven function by function: with the wallet taken, each stands before it with empty hands.
import assert from "node:assert/strict";
import type { ReservedSql } from "postgres";
import { outcomeOf, pause, rpc } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  answeredCall,
  assertIntegrity,
  callRecord,
  DESTINATION,
  endedCall,
  fundedWallet,
  importing,
  type OpenPurchase,
  openPurchase,
  paidFacts,
  purchaseArguments,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
await sql`insert into public.rate_plans (code, name) values ('lock_order', 'Lock order') on conflict do nothing`;
const pool = connect(stack.env, { max: 2 });
const [holder, waiter] = await Promise.all([pool.reserve(), pool.reserve()]) as [ReservedSql, ReservedSql];
const waiterPid = Number((await waiter`select pg_backend_pid() as pid`)[0]!.pid);

Deno.test.afterAll(async () => {
  for (const own of [holder, waiter]) own.release();
  await pool.end();
  await sql.end();
  await stack.stop();
});

interface Scene {
  userId: string;
  purchase: OpenPurchase;
}

/** A wallet with credit, a live call, a ringing one, one that is over, and a purchase that is not paid. */
async function setScene(): Promise<Scene> {
  const userId = await fundedWallet(sql, 10_000_000);
  await answeredCall(sql, userId, "live");
  await endedCall(sql, userId, "over", 90);
  await sql`select public.start_call('ringing', ${DESTINATION}, ${userId})`;
  return { userId, purchase: await openPurchase(sql, userId) };
}

/** Every function that changes a wallet, and what it is asked. */
const waiting: Record<string, (scene: Scene) => string> = {
  start_call: ({ userId }) =>
    rpc("start_call", { call_id: "new", destination: DESTINATION, user_id: userId }),
  answer_call: ({ userId }) => rpc("answer_call", { call_id: "ringing", user_id: userId }),
  extend_call: ({ userId }) => rpc("extend_call", { call_id: "live", user_id: userId }),
  end_call: ({ userId }) => rpc("end_call", { call_id: "live", user_id: userId }),
  create_purchase: ({ userId }) => rpc("create_purchase", purchaseArguments(userId, "new")),
  attach_checkout_session: ({ userId, purchase }) =>
    rpc("attach_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      stripe_session_id: purchase.sessionId,
      checkout_url: "https://checkout.example/",
      session_expires_at: "2099-01-01T00:00:00Z",
      livemode: false,
    }),
  apply_checkout_session: ({ userId, purchase }) =>
    rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    }),
  refund_call: ({ userId }) => rpc("refund_call", { user_id: userId, call_id: "over", reason: "test" }),
  rerate_calls: ({ userId }) =>
    rpc("rerate_calls", {
      ...{ rate_plan: "prorated", started_from: "-infinity", started_before: "infinity", reason: "test" },
      ...{ user_id: userId, dry_run: false },
    }),
  import_call_records: ({ userId }) => importing([callRecord(userId, "record", 90)]),
};

/** Every other function that writes; it takes no wallet, or passes over one that is taken. */
const passing: Record<string, (scene: Scene) => string> = {
  sweep_calls: () => rpc("sweep_calls"),
  claim_due_purchases: () => rpc("claim_due_purchases"),
  load_rate_sheet: () =>
    rpc("load_rate_sheet", {
      ...{
        rate_plan: "lock_order",
        sheet: "prefix,per_minute\n99901,0.1",
        effective_from: "2099-01-01T00:00:00Z",
      },
    }),
  find_purchase: ({ userId, purchase }) =>
    rpc("find_purchase", { user_id: userId, purchase_id: purchase.purchaseId }),
  record_purchase_check_failure: ({ userId, purchase }) =>
    rpc("record_purchase_check_failure", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      error: "test",
    }),
};

async function untilWaiting(): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await pause(5)) {
    const [row] = await sql`select cardinality(pg_blocking_pids(${waiterPid})) as blockers`;
    if (row!.blockers > 0) return;
  }
  throw new Error("The function did not wait for the wallet.");
}

/** Nobody else has locked a row of this user's; otherwise Postgres refuses here and now. */
async function assertNothingElseIsLocked(userId: string): Promise<void> {
  await sql.begin(async (probe) => {
    await probe`select from public.call_logs where user_id = ${userId} for update nowait`;
    await probe`select from public.purchases where user_id = ${userId} for update nowait`;
    await probe`select from public.credit_grants where user_id = ${userId} for update nowait`;
    await probe`select from private.rate_limits where user_id = ${userId} for update nowait`;
  });
}

async function tablesOpenedForWriting(): Promise<string[]> {
  const rows = await sql`select relation::regclass::text as name from pg_locks
    where pid = ${waiterPid} and locktype = 'relation' and mode = 'RowExclusiveLock'`;
  return rows.map((row) => row.name);
}

for (const [name, statement] of Object.entries(waiting)) {
  Deno.test(`${name} waits for the wallet before it locks or writes anything`, async () => {
    const scene = await setScene();
    await holder.unsafe(`begin; select private.lock_user('${scene.userId}')`);
    const running = outcomeOf(waiter.unsafe(statement(scene)));
    await untilWaiting();
    await assertNothingElseIsLocked(scene.userId);
    assert.deepEqual(await tablesOpenedForWriting(), []);
    await holder.unsafe("rollback");
    const outcome = await running;
    assert.ok(outcome.ok, JSON.stringify(outcome));
    await assertIntegrity(sql);
  });
}

for (const [name, statement] of Object.entries(passing)) {
  Deno.test(`${name} does not wait for a wallet`, async () => {
    const scene = await setScene();
    await sql`update public.call_logs set sweep_at = private.clock() - interval '1 second'
      where user_id = ${scene.userId} and status <> 'ended'`;
    await holder.unsafe(`begin; select private.lock_user('${scene.userId}')`);
    await waiter.unsafe("set lock_timeout = '2s'");
    const outcome = await outcomeOf(waiter.unsafe(statement(scene)));
    await waiter.unsafe("reset lock_timeout");
    await holder.unsafe("rollback");
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const [open] = await sql`select count(*)::integer as count from public.call_logs
      where user_id = ${scene.userId} and status <> 'ended'`;
    assert.equal(open!.count, 2, "what the other holds is left to a later look");
  });
}

Deno.test("Every API function that can write is in one of the two lists above", async () => {
  const rows = await sql`select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and provolatile = 'v'
      and not exists (select from pg_depend d where d.objid = pg_proc.oid and d.deptype = 'e') order by proname`;
  assert.deepEqual(
    rows.map((row) => row.name),
    [...Object.keys(waiting), ...Object.keys(passing)].toSorted(),
  );
});
