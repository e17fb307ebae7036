// The end of a call, reported, swept and extended in the same moment: it is charged once, and everyone is told the same.
import assert from "node:assert/strict";
import { answers, Crowd, type Outcome, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  ageCall,
  answeredCall,
  assertIntegrity,
  fundedWallet,
  HOLD_MICROS,
  journalOf,
  MINUTE_MICROS,
  openPurchase,
  paidFacts,
  walletOf,
} from "../support/wallets.ts";

const ROUNDS = 6;

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 40);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const end = (userId: string, seconds?: number) =>
  rpc("end_call", {
    call_id: "call",
    user_id: userId,
    ...(seconds === undefined ? {} : { duration_seconds: seconds }),
  });
const extend = (userId: string) => rpc("extend_call", { call_id: "call", user_id: userId });
const sweep = rpc("sweep_calls");

const times = (count: number, statement: string) => Array<string>(count).fill(statement);

/** One charge of this much, and the same cost in every answer that shows an end. */
async function assertChargedOnce(userId: string, outcomes: Outcome[], cost: number): Promise<void> {
  const charges = (await journalOf(sql, userId)).filter((line) => line.kind === "call");
  assert.deepEqual(charges, [{ kind: "call", amount: -cost }]);
  const told = answers(outcomes).filter((answer) => answer.status === "ended").map((answer) =>
    answer.cost_micros
  );
  assert.deepEqual(told, Array(told.length).fill(cost));
  assert.equal((await walletOf(sql, userId)).held, 0);
}

Deno.test("A call is ended forty times at once: charged once, and all forty are told the same end", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, 10_000_000);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 90);
    const outcomes = await crowd.rush(times(40, end(userId)));

    assert.deepEqual(tally(outcomes), { ok: 40 });
    assert.equal(answers(outcomes).filter((answer) => !answer.replayed).length, 1);
    assert.equal(new Set(answers(outcomes).map((answer) => answer.ended_at)).size, 1);
    await assertChargedOnce(userId, outcomes, 2 * MINUTE_MICROS);
  }
  await assertIntegrity(sql);
});

Deno.test("Two durations are reported at once: one is charged, every report of the other is refused", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, 10_000_000);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 200);
    const outcomes = await crowd.rush([...times(20, end(userId, 50)), ...times(20, end(userId, 150))]);

    assert.deepEqual(tally(outcomes), { ok: 20, idempotency_conflict: 20 });
    const [duration, ...others] = new Set(answers(outcomes).map((answer) => answer.duration_seconds));
    assert.deepEqual(others, []);
    await assertChargedOnce(userId, outcomes, duration === 50 ? MINUTE_MICROS : 3 * MINUTE_MICROS);
  }
  await assertIntegrity(sql);
});

Deno.test("A call past its deadline is ended, extended and swept at once: it is charged its hold, once", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, HOLD_MICROS);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 290);
    await sql`select public.extend_call('call', ${userId})`;
    await ageCall(sql, userId, "call", 30);
    const outcomes = await crowd.rush([
      ...times(12, end(userId)),
      ...times(12, extend(userId)),
      ...times(12, sweep),
    ]);

    assert.deepEqual(tally(outcomes), { ok: 36 });
    await assertChargedOnce(userId, outcomes, HOLD_MICROS);
    assert.deepEqual(await walletOf(sql, userId), { balance: 0, held: 0, available: 0 });
  }
  await assertIntegrity(sql);
});

Deno.test("A silent call comes back while it is swept: it lives on or has ended, and is charged once for what is proven", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, 10_000_000);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 100); // silent since its first second, so overdue; far from its deadline
    const outcomes = await crowd.rush([...times(20, sweep), ...times(10, extend(userId))]);

    assert.deepEqual(tally(outcomes), { ok: 30 });
    const [row] = await sql`select status, end_reason from public.call_logs where user_id = ${userId}`;
    if (row!.status === "ended") {
      assert.equal(row!.end_reason, "heartbeat_lost");
      assert.deepEqual(
        await journalOf(sql, userId),
        [{ kind: "adjustment", amount: 10_000_000 }],
        "nothing is proven",
      );
      continue;
    }
    // The heartbeat was first, so no sweeper may touch it.
    assert.ok(answers(outcomes).every((answer) => answer.status !== "ended"));
    const ends = await crowd.rush(times(10, end(userId)));
    await assertChargedOnce(userId, ends, 2 * MINUTE_MICROS);
  }
  await assertIntegrity(sql);
});

Deno.test("Twelve sweepers at once end thirty overdue calls of ten wallets, each once", async () => {
  // What others left behind is swept before, so that what is counted is ours.
  for (let left = 1; left > 0;) {
    const [row] = await sql`select public.sweep_calls(5000) as answer`;
    left = row!.answer.ended + row!.answer.unanswered;
  }
  const calls = [];
  for (let index = 0; index < 10; index++) {
    const userId = await fundedWallet(sql, 3 * HOLD_MICROS);
    for (const callId of ["a", "b", "c"]) {
      await answeredCall(sql, userId, callId);
      await ageCall(sql, userId, callId, 120);
      calls.push({ userId, callId });
    }
  }
  let swept = 0;
  // A sweeper passes over a wallet that another one holds; the next round finds what is left.
  for (let round = 0; round < 5 && swept < calls.length; round++) {
    const outcomes = await crowd.rush(times(12, sweep));
    assert.deepEqual(tally(outcomes), { ok: 12 });
    swept += answers(outcomes).reduce((sum, answer) => sum + answer.ended, 0);
  }
  assert.equal(swept, calls.length, "each is counted by the one sweeper that ended it");
  for (const { userId } of calls) assert.equal((await walletOf(sql, userId)).held, 0);
  await assertIntegrity(sql);
});

Deno.test("Credit arrives while a call runs dry: it lasts longer or has ended, and is charged once within its hold", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, HOLD_MICROS);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 272);
    await sql`select public.extend_call('call', ${userId})`;
    // A second before its deadline, at it, and past what the sweeper waits for.
    await ageCall(sql, userId, "call", [27, 28, 34][round % 3]!);
    const purchase = await openPurchase(sql, userId, "credit_5");
    const topUp = rpc("apply_checkout_session", {
      user_id: userId,
      purchase_id: purchase.purchaseId,
      session: paidFacts(purchase),
    });
    const outcomes = await crowd.rush([
      ...times(13, topUp),
      ...times(13, extend(userId)),
      ...times(13, sweep),
    ]);
    assert.deepEqual(tally(outcomes), { ok: 39 });
    assert.equal(answers(outcomes).filter((answer) => answer.credited === true).length, 1);

    await crowd.rush(times(5, end(userId)));
    const [call] = await sql`select cost_micros::integer as cost, duration_seconds::integer as talked,
      authorized_seconds::integer as authorized from public.call_logs where user_id = ${userId}`;
    assert.ok(call!.talked <= call!.authorized);
    assert.equal(call!.cost, Math.ceil(call!.talked / 60) * MINUTE_MICROS);
    const journal = await journalOf(sql, userId);
    assert.deepEqual(journal.map((line) => line.kind).sort(), ["adjustment", "call", "purchase"]);
    assert.equal((await walletOf(sql, userId)).balance, HOLD_MICROS + 5_000_000 - call!.cost);
  }
  await assertIntegrity(sql);
});
