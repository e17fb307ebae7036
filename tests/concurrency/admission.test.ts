// Many calls want the credit of one wallet: no more begin than it can pay for.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { signUp, sql as connect, useStack } from "../support/stack.ts";
import {
  addCredit,
  ageCall,
  answeredCall,
  assertIntegrity,
  DESTINATION,
  fundedWallet,
  HOLD_MICROS,
  journalOf,
  MINUTE_MICROS,
  walletOf,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 50);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const start = (userId: string, callId: string, destination = DESTINATION) =>
  rpc("start_call", { call_id: callId, destination, user_id: userId });

Deno.test("Fifty calls start at once on a wallet good for three: exactly three are admitted", async () => {
  const userId = await fundedWallet(sql, 3 * HOLD_MICROS);
  const outcomes = await crowd.rush(Array.from({ length: 50 }, (_, index) => start(userId, `call-${index}`)));

  assert.deepEqual(tally(outcomes), { ok: 3, insufficient_credit: 47 });
  for (const answer of answers(outcomes)) assert.equal(answer.hold_micros, HOLD_MICROS);
  assert.deepEqual(await walletOf(sql, userId), {
    balance: 3 * HOLD_MICROS,
    held: 3 * HOLD_MICROS,
    available: 0,
  });

  // Talked to the very end and longer, all at once: the wallet is empty and not a micro below.
  const admitted = answers(outcomes).map((answer) => answer.call_id);
  for (const callId of admitted) {
    await sql`select public.answer_call(${callId}, ${userId})`;
    await ageCall(sql, userId, callId, 420);
  }
  const ends = await crowd.rush(
    admitted.map((callId) => rpc("end_call", { call_id: callId, user_id: userId })),
  );
  assert.deepEqual(
    answers(ends).map((end) => [end.cost_micros, end.unbilled_seconds >= 120]),
    Array(3).fill([HOLD_MICROS, true]),
  );
  assert.deepEqual(await walletOf(sql, userId), { balance: 0, held: 0, available: 0 });
  await assertIntegrity(sql);
});

Deno.test("Fifty calls start at once over HTTP as one signed-in user: exactly three are admitted", async () => {
  const { userId, client } = await signUp(stack.env);
  await addCredit(sql, userId, 3 * HOLD_MICROS);
  const started = await Promise.all(
    Array.from(
      { length: 50 },
      (_, index) => client.rpc("start_call", { call_id: `call-${index}`, destination: DESTINATION }),
    ),
  );

  const admitted = started.filter(({ error }) => error === null);
  const refused = started.filter(({ error, status }) =>
    error?.message === "insufficient_credit" && status === 402
  );
  assert.deepEqual([admitted.length, refused.length], [3, 47]);
  assert.deepEqual(await walletOf(sql, userId), {
    balance: 3 * HOLD_MICROS,
    held: 3 * HOLD_MICROS,
    available: 0,
  });
  await assertIntegrity(sql);
});

Deno.test("A wallet good for two holds and one minute admits two whole calls and one of a minute", async () => {
  const userId = await fundedWallet(sql, 2 * HOLD_MICROS + MINUTE_MICROS + 149_999);
  const outcomes = await crowd.rush(Array.from({ length: 50 }, (_, index) => start(userId, `call-${index}`)));

  assert.deepEqual(tally(outcomes), { ok: 3, insufficient_credit: 47 });
  const holds = answers(outcomes).map((answer) => answer.hold_micros).sort((a, b) => a - b);
  assert.deepEqual(holds, [MINUTE_MICROS, HOLD_MICROS, HOLD_MICROS]);
  assert.equal(
    (await walletOf(sql, userId)).available,
    149_999,
    "a minute that cannot be paid in full is not begun",
  );
  await assertIntegrity(sql);
});

Deno.test("One call is started fifty times at once: it is one call with one hold", async () => {
  const userId = await fundedWallet(sql, 10_000_000);
  const outcomes = await crowd.rush(Array(50).fill(start(userId, "the-call")));

  assert.deepEqual(tally(outcomes), { ok: 50 });
  assert.equal(answers(outcomes).filter((answer) => !answer.replayed).length, 1);
  assert.equal(new Set(answers(outcomes).map((answer) => answer.started_at)).size, 1);
  assert.equal((await walletOf(sql, userId)).held, HOLD_MICROS);

  const answered = await crowd.rush(
    Array(50).fill(rpc("answer_call", { call_id: "the-call", user_id: userId })),
  );
  assert.deepEqual(tally(answered), { ok: 50 });
  assert.equal(new Set(answers(answered).map((answer) => answer.answered_at)).size, 1, "billing began once");
  assert.equal((await walletOf(sql, userId)).held, HOLD_MICROS);
  await assertIntegrity(sql);
});

Deno.test("One call id is started to two numbers at once: the first number stands, the other is refused", async () => {
  const userId = await fundedWallet(sql, 10_000_000);
  const numbers = [DESTINATION, "+442071838750"];
  const outcomes = await crowd.rush(
    Array.from({ length: 50 }, (_, index) => start(userId, "the-call", numbers[index % 2])),
  );

  assert.deepEqual(tally(outcomes), { ok: 25, idempotency_conflict: 25 });
  assert.equal(new Set(answers(outcomes).map((answer) => answer.destination)).size, 1);
  assert.equal((await walletOf(sql, userId)).held, HOLD_MICROS);
});

Deno.test("Four calls on one wallet extend at once: their holds never exceed the balance", async () => {
  const userId = await fundedWallet(sql, 4 * HOLD_MICROS + 3 * MINUTE_MICROS);
  const calls = ["a", "b", "c", "d"];
  for (const callId of calls) {
    await answeredCall(sql, userId, callId);
    await ageCall(sql, userId, callId, 200);
  }
  const outcomes = await crowd.rush(
    Array.from(
      { length: 48 },
      (_, index) => rpc("extend_call", { call_id: calls[index % 4], user_id: userId }),
    ),
  );

  assert.deepEqual(tally(outcomes), { ok: 48 });
  for (const answer of answers(outcomes)) {
    assert.ok(answer.available_micros >= 0, "nothing is promised twice");
  }
  const { balance, held, available } = await walletOf(sql, userId);
  assert.deepEqual({ balance, held, available }, { balance, held: balance, available: 0 });
  assert.deepEqual(
    await journalOf(sql, userId),
    [{ kind: "adjustment", amount: balance }],
    "an extension costs nothing yet",
  );
  await assertIntegrity(sql);
});
