// Corrections of a call, raced against each other and against its end: given back once, and never more than it cost.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  ageCall,
  answeredCall,
  assertIntegrity,
  endedCall,
  fundedWallet,
  journalOf,
  MINUTE_MICROS,
  walletOf,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 30);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const CREDIT = 10_000_000;
const times = (count: number, statement: string) => Array<string>(count).fill(statement);
const refund = (userId: string, more: Record<string, unknown> = {}) =>
  rpc("refund_call", { user_id: userId, call_id: "call", reason: "echo", ...more });
const rerate = (userId: string, plan = "prorated") =>
  rpc("rerate_calls", {
    ...{ rate_plan: plan, started_from: "-infinity", started_before: "infinity", reason: "wrong plan" },
    ...{ user_id: userId, dry_run: false },
  });
const end = (userId: string, seconds: number) =>
  rpc("end_call", { call_id: "call", user_id: userId, duration_seconds: seconds });

async function netCost(userId: string): Promise<number> {
  const [row] = await sql`select (cost_micros + rerated_micros - refunded_micros)::integer as net
    from public.call_logs where user_id = ${userId}`;
  return row!.net;
}

Deno.test("A call is refunded twenty times at once: it is given back once, and all are told so", async () => {
  const userId = await fundedWallet(sql, CREDIT);
  await endedCall(sql, userId, "call", 90);
  const outcomes = await crowd.rush(times(20, refund(userId)));

  assert.deepEqual(tally(outcomes), { ok: 20 });
  assert.equal(answers(outcomes).filter((answer) => !answer.replayed).length, 1);
  assert.ok(answers(outcomes).every((answer) => answer.refunded_micros === 2 * MINUTE_MICROS));
  assert.deepEqual((await journalOf(sql, userId)).map((line) => line.kind), [
    "adjustment",
    "call",
    "call_refund",
  ]);
  assert.equal((await walletOf(sql, userId)).balance, CREDIT);
  await assertIntegrity(sql);
});

Deno.test("Two amounts are refunded at once: one stands, every request for the other is refused", async () => {
  const userId = await fundedWallet(sql, CREDIT);
  await endedCall(sql, userId, "call", 90);
  const outcomes = await crowd.rush([
    ...times(10, refund(userId, { amount_micros: 100_000 })),
    ...times(10, refund(userId, { amount_micros: 200_000 })),
  ]);
  assert.deepEqual(tally(outcomes), { ok: 10, idempotency_conflict: 10 });
  const given = new Set(answers(outcomes).map((answer) => answer.refunded_micros));
  assert.equal(given.size, 1);
  assert.equal((await walletOf(sql, userId)).balance, CREDIT - 2 * MINUTE_MICROS + [...given][0]);
  await assertIntegrity(sql);
});

Deno.test("A call is rated anew twenty times at once: the difference is posted once", async () => {
  const userId = await fundedWallet(sql, CREDIT);
  await endedCall(sql, userId, "call", 90);
  const outcomes = await crowd.rush(times(20, rerate(userId)));
  assert.deepEqual(tally(outcomes), { ok: 20 });
  const posted = answers(outcomes).map((answer) => answer.posted_micros).filter((micros) => micros !== 0);
  assert.deepEqual(posted, [90 * 2500 - 2 * MINUTE_MICROS]);
  assert.equal(await netCost(userId), 90 * 2500);
  await assertIntegrity(sql);
});

Deno.test("A call is ended, refunded and rated anew at once: one of each at most, and never more back than it cost", async () => {
  for (let round = 0; round < 8; round++) {
    const userId = await fundedWallet(sql, CREDIT);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 90);
    // In odd rounds it is over before, so that only the corrections race.
    if (round % 2) await sql.unsafe(end(userId, 90));
    const outcomes = await crowd.rush([
      ...times(10, end(userId, 90)),
      ...times(10, refund(userId)),
      ...times(10, rerate(userId)),
    ]);
    const { ok = 0, refund_not_possible: early = 0, ...others } = tally(outcomes);
    assert.deepEqual([others, ok + early], [{}, 30]);
    const kinds = (await journalOf(sql, userId)).map((line) => line.kind).slice(1);
    assert.deepEqual(kinds, [...new Set(kinds)], "one line of each kind");
    if (kinds.includes("call_refund")) assert.equal(await netCost(userId), 0);
    else assert.equal(early, 10, "who was told of a refund can see it");

    await crowd.rush([refund(userId), rerate(userId)]);
    assert.equal(await netCost(userId), 0);
    assert.deepEqual(await walletOf(sql, userId), { balance: CREDIT, held: 0, available: CREDIT });
  }
  await assertIntegrity(sql);
});

Deno.test("A dearer price is posted while calls take what is left: together they never spend what is not there", async () => {
  for (let round = 0; round < 4; round++) {
    const userId = await fundedWallet(sql, 2 * MINUTE_MICROS + 100_000);
    await sql`update public.users set rate_plan = 'prorated' where id = ${userId}`;
    await endedCall(sql, userId, "call", 61); // 152 500; by the minute it would be 300 000
    const outcomes = await crowd.rush([
      ...times(10, rerate(userId, "standard")),
      ...Array.from(
        { length: 10 },
        (_, n) => rpc("start_call", { call_id: `new-${n}`, destination: "+14155552671", user_id: userId }),
      ),
    ]);
    assert.equal((tally(outcomes).ok ?? 0) >= 10, true);
    const wallet = await walletOf(sql, userId);
    assert.ok(wallet.balance >= 0 && wallet.available >= 0, JSON.stringify(wallet));
  }
  await assertIntegrity(sql);
});
