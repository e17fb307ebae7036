// Limits of a person: on calls at once, on spend a day, and on how far credit may go below zero. Each is exact, however many
// calls want in at the same instant.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  addCredit,
  ageCall,
  assertIntegrity,
  DESTINATION,
  fundedWallet,
  HOLD_MICROS,
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

const start = (userId: string, callId: string) =>
  rpc("start_call", { call_id: callId, destination: DESTINATION, user_id: userId, answered: true });
const end = (userId: string, callId: string) => rpc("end_call", { call_id: callId, user_id: userId });
const fifty = (statement: (index: number) => string) => Array.from({ length: 50 }, (_, n) => statement(n));

/** All the calls that were let in, talked far past their deadline and ended at once. */
async function talkOut(userId: string, callIds: string[]): Promise<void> {
  for (const callId of callIds) await ageCall(sql, userId, callId, 420);
  const ends = await crowd.rush(callIds.map((callId) => end(userId, callId)));
  assert.deepEqual(tally(ends), { ok: callIds.length });
}

Deno.test("Fifty calls start at once where seven may be open: exactly seven are admitted", async () => {
  const userId = await fundedWallet(sql, 100 * HOLD_MICROS);
  await sql`update public.users set max_concurrent_calls = 7 where id = ${userId}`;
  const outcomes = await crowd.rush(fifty((n) => start(userId, `call-${n}`)));
  assert.deepEqual(tally(outcomes), { ok: 7, too_many_calls: 43 });

  // Ends and starts cross: a place is taken only once it is free. The database's clock is read under the wallet's lock.
  const open: string[] = answers(outcomes).map((answer) => answer.call_id);
  const crossing = await crowd.rush([
    ...open.slice(0, 5).map((callId) => end(userId, callId)),
    ...Array.from({ length: 45 }, (_, n) => start(userId, `more-${n}`)),
  ]);
  const admitted = answers(crossing).filter((answer) => answer.status === "answered").length;
  assert.ok(admitted <= 5, `${admitted} took the places of five`);
  const [row] = await sql`select max(at_once)::integer as most from (
    select (select count(*) from public.call_logs o where o.user_id = c.user_id and o.started_at <= c.started_at
      and (o.ended_at is null or o.ended_at > c.started_at)) as at_once
    from public.call_logs c where c.user_id = ${userId}) s`;
  assert.equal(row!.most, 7);
  await assertIntegrity(sql);
});

Deno.test("Fifty calls start at once under a daily limit: what is held and spent is the limit and not a micro more", async () => {
  const userId = await fundedWallet(sql, 100 * HOLD_MICROS);
  const limit = 2 * HOLD_MICROS + MINUTE_MICROS + 149_999;
  await sql`update public.users set daily_spend_limit_micros = ${limit} where id = ${userId}`;
  const outcomes = await crowd.rush(fifty((n) => start(userId, `call-${n}`)));

  assert.deepEqual(tally(outcomes), { ok: 3, daily_limit_reached: 47 });
  const holds = answers(outcomes).map((answer) => answer.hold_micros).toSorted((a, b) => a - b);
  assert.deepEqual(holds, [MINUTE_MICROS, HOLD_MICROS, HOLD_MICROS]);

  await talkOut(userId, answers(outcomes).map((answer) => answer.call_id));
  const spent = 2 * HOLD_MICROS + MINUTE_MICROS;
  const [day] =
    await sql`select spend_day_micros::integer as spent, spend_day = (now() at time zone 'UTC')::date as today
    from public.users where id = ${userId}`;
  assert.deepEqual({ ...day }, { spent, today: true });
  assert.equal((await walletOf(sql, userId)).balance, 100 * HOLD_MICROS - spent);
  const again = await crowd.rush(fifty((n) => start(userId, `again-${n}`)));
  assert.deepEqual(tally(again), { daily_limit_reached: 50 });
  await assertIntegrity(sql);
});

Deno.test("Fifty calls start at once on a credit limit: together they reach it and never pass it, and new credit pays the debt", async () => {
  const userId = await fundedWallet(sql, HOLD_MICROS);
  const limit = 2 * HOLD_MICROS + MINUTE_MICROS;
  await sql`update public.users set credit_limit_micros = ${limit} where id = ${userId}`;
  const outcomes = await crowd.rush(fifty((n) => start(userId, `call-${n}`)));

  assert.deepEqual(tally(outcomes), { ok: 4, insufficient_credit: 46 });
  assert.ok(answers(outcomes).every((answer) => answer.available_micros >= 0), "nothing is promised twice");
  assert.equal((await walletOf(sql, userId)).available, 0);

  await talkOut(userId, answers(outcomes).map((answer) => answer.call_id));
  assert.deepEqual(await walletOf(sql, userId), { balance: -limit, held: 0, available: 0 });
  assert.deepEqual(tally(await crowd.rush(fifty((n) => start(userId, `again-${n}`)))), {
    insufficient_credit: 50,
  });

  await addCredit(sql, userId, limit + 1);
  const [grant] = await sql`select remaining_micros::integer as remaining from public.credit_grants
    where user_id = ${userId} order by id desc limit 1`;
  assert.equal(grant!.remaining, 1);
  assert.deepEqual(await walletOf(sql, userId), { balance: 1, held: 0, available: limit + 1 });
  await assertIntegrity(sql);
});

Deno.test("Calls that are on extend at once into a credit limit: holds and debt together never pass it", async () => {
  const userId = await fundedWallet(sql, 4 * HOLD_MICROS);
  const limit = 3 * MINUTE_MICROS;
  const calls = ["a", "b", "c", "d"];
  for (const callId of calls) await sql.unsafe(start(userId, callId));
  await sql`update public.users set credit_limit_micros = ${limit} where id = ${userId}`;
  for (const callId of calls) await ageCall(sql, userId, callId, 200);
  const outcomes = await crowd.rush(
    Array.from({ length: 48 }, (_, n) => rpc("extend_call", { call_id: calls[n % 4], user_id: userId })),
  );
  assert.deepEqual(tally(outcomes), { ok: 48 });
  assert.deepEqual(await walletOf(sql, userId), {
    balance: 4 * HOLD_MICROS,
    held: 4 * HOLD_MICROS + limit,
    available: 0,
  });
  await talkOut(userId, calls);
  assert.deepEqual(await walletOf(sql, userId), { balance: -limit, held: 0, available: 0 });
  await assertIntegrity(sql);
});

Deno.test("A daily limit is set while forty calls end: what it counts is what the journal says of the day", async () => {
  const userId = await fundedWallet(sql, 40 * HOLD_MICROS);
  const callIds = Array.from({ length: 40 }, (_, n) => `call-${n}`);
  assert.deepEqual(tally(await crowd.rush(callIds.map((callId) => start(userId, callId)))), { ok: 40 });
  const limit = (micros: number | null) =>
    `update public.users set daily_spend_limit_micros = ${micros} where id = '${userId}' returning 1 as answer`;
  const outcomes = await crowd.rush([
    ...callIds.map((callId) => end(userId, callId)),
    ...Array.from({ length: 10 }, (_, n) => limit(n % 3 === 2 ? null : 10_000_000)),
  ]);
  assert.deepEqual(tally(outcomes), { ok: 50 });
  await sql.unsafe(limit(10_000_000));
  const [row] = await sql`select spend_day_micros::integer as spent from public.users where id = ${userId}`;
  assert.equal(row!.spent, 40 * MINUTE_MICROS);
  await assertIntegrity(sql);
});
