// Call records imported by several connections at once, and while the same people are on the phone.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  ageCall,
  answeredCall,
  assertIntegrity,
  callRecord,
  DESTINATION,
  fundedWallet,
  HOLD_MICROS,
  importing,
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

type Record = ReturnType<typeof callRecord>;
Deno.test("One batch is imported by five connections at once, each in another order: every call is charged once", async () => {
  const records: Record[] = [];
  const wallets: string[] = [];
  for (let person = 0; person < 6; person++) {
    const userId = await fundedWallet(sql, 10_000_000);
    wallets.push(userId);
    for (let call = 0; call < 10; call++) records.push(callRecord(userId, `cdr-${call}`, 30 + call * 10));
  }
  const turned = (by: number) => [...records.slice(by), ...records.slice(0, by)];
  const outcomes = await crowd.rush([
    ...[0, 13, 29, 44].map((by) => importing(turned(by))),
    importing(records.toReversed()),
  ]);

  assert.deepEqual(tally(outcomes), { ok: 5 });
  const sum = (key: string) => answers(outcomes).reduce((total, answer) => total + answer[key], 0);
  assert.deepEqual([sum("charged"), sum("replayed")], [60, 240]);
  assert.deepEqual(answers(outcomes).flatMap((answer) => answer.refused), []);
  // 30 to 60 s are a minute, 70 to 120 s two.
  for (const userId of wallets) {
    assert.equal((await walletOf(sql, userId)).balance, 10_000_000 - (4 + 6 * 2) * MINUTE_MICROS);
  }
  await assertIntegrity(sql);
});

Deno.test("Records come in while calls start, extend and end on the same wallet: what is there is spent once", async () => {
  for (let round = 0; round < 5; round++) {
    const credit = 3 * HOLD_MICROS;
    const userId = await fundedWallet(sql, credit);
    await answeredCall(sql, userId, "live");
    await ageCall(sql, userId, "live", 200);
    const outcomes = await crowd.rush([
      ...Array.from({ length: 10 }, (_, n) => importing([callRecord(userId, `cdr-${n % 5}`, 120)])),
      ...Array(5).fill(rpc("extend_call", { call_id: "live", user_id: userId })),
      ...Array.from(
        { length: 10 },
        (_, n) => rpc("start_call", { call_id: `new-${n}`, destination: DESTINATION, user_id: userId }),
      ),
      ...Array(3).fill(rpc("end_call", { call_id: "live", user_id: userId, duration_seconds: 180 })),
    ]);
    const { ok = 0, insufficient_credit: refused = 0, idempotency_conflict: contrary = 0, ...others } = tally(
      outcomes,
    );
    assert.deepEqual([others, ok + refused + contrary], [{}, 28]);
    const wallet = await walletOf(sql, userId);
    assert.ok(wallet.balance >= 0 && wallet.available >= 0, JSON.stringify(wallet));

    const calls = await sql`select duration_seconds::integer as billed, unbilled_seconds::integer as unbilled,
      cost_micros::integer as cost from public.call_logs where user_id = ${userId} and settled_by = 'import'`;
    assert.equal(calls.length, 5);
    for (const { billed, unbilled, cost } of calls) {
      assert.equal(billed + unbilled, 120, "what could not be paid is kept as unbilled");
      assert.equal(cost, Math.ceil(billed / 60) * MINUTE_MICROS);
    }
  }
  await assertIntegrity(sql);
});

Deno.test("A record of a call that is on comes while it ends: it is refused or a replay, and the call is charged once", async () => {
  for (let round = 0; round < 5; round++) {
    const userId = await fundedWallet(sql, 10_000_000);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 90);
    const [row] =
      await sql`select to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as began
      from public.call_logs where user_id = ${userId}`;
    const record = { ...callRecord(userId, "call", 90), started_at: row!.began };
    const ends = Array(10).fill(rpc("end_call", { call_id: "call", user_id: userId, duration_seconds: 90 }));
    const outcomes = await crowd.rush([...ends, ...Array(10).fill(importing([record]))]);

    assert.deepEqual(tally(outcomes), { ok: 20 });
    const imports = answers(outcomes).filter((answer) => answer.refused);
    assert.ok(
      imports.every(({ charged, replayed, refused }) => charged === 0 && replayed + refused.length === 1),
    );
    assert.equal((await walletOf(sql, userId)).balance, 10_000_000 - 2 * MINUTE_MICROS);
    const [again] = await sql.unsafe(importing([record]));
    assert.deepEqual(again!.answer, { charged: 0, replayed: 1, refused: [] });
  }
  await assertIntegrity(sql);
});
