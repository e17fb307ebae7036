// Credit expires beside live calls: what they hold stays, the rest is booked once, whoever comes first.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { assertGrantsAccountedFor } from "../support/promotions.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  ageCall,
  answeredCall,
  assertIntegrity,
  fundedWallet,
  journalOf,
  MINUTE_MICROS,
  openWallets,
  walletOf,
} from "../support/wallets.ts";

const ROUNDS = 4;

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 40);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const sweep = "select private.sweep_expired_credit() as answer";
const extend = (userId: string) => rpc("extend_call", { call_id: "call", user_id: userId });
const end = (userId: string) => rpc("end_call", { call_id: "call", user_id: userId });
const times = (count: number, statement: string) => Array<string>(count).fill(statement);

/** Credit that ends in an hour; `expireAgo` moves that instant into the past. Returns the grant. */
async function addPassingCredit(userId: string, micros: number): Promise<number> {
  return await sql.begin(async (own) => {
    await own`select private.lock_user(${userId})`;
    const [row] =
      await own`select (private.grant_credit(${userId}, 'bonus', 'promotional', ${micros}, 'promotional_expense',
      'Credit that expires', null, private.clock() + interval '1 hour')).id::integer as id`;
    return row!.id;
  });
}

const expireAgo = (userId: string, seconds: number) =>
  sql`update public.credit_grants set expires_at = private.clock() - make_interval(secs => ${seconds})
    where user_id = ${userId} and expires_at is not null`;

const breakageOf = async (userId: string) =>
  (await journalOf(sql, userId)).filter(({ kind }) => kind === "expiry").map(({ amount }) => amount);

async function remainingOf(userId: string): Promise<number[]> {
  const rows = await sql`select remaining_micros::float8 as remaining from public.credit_grants
    where user_id = ${userId} order by id`;
  return rows.map(({ remaining }) => remaining);
}

Deno.test("Forty sweeps at once over ten wallets: each wallet's expired credit is booked once", async () => {
  const people = await openWallets(sql, 10);
  for (const userId of people) {
    await addPassingCredit(userId, 2_000_000);
    await addPassingCredit(userId, 500_000);
    await expireAgo(userId, 1);
  }
  // A sweep passes over a wallet that another one holds; whoever holds it books it.
  const outcomes = await crowd.rush(times(40, sweep));
  assert.deepEqual(tally(outcomes), { ok: 40 });
  for (const userId of people) {
    assert.deepEqual((await breakageOf(userId)).sort(), [-2_000_000, -500_000]);
    assert.deepEqual(await walletOf(sql, userId), { balance: 0, held: 0, available: 0 });
  }
  await assertGrantsAccountedFor(sql, people);
  await assertIntegrity(sql);
});

Deno.test("Sweeps run into heartbeats and ends: what the call held pays for it, the rest is booked once", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const userId = await fundedWallet(sql, 1_000_000);
    await addPassingCredit(userId, 2_000_000);
    await answeredCall(sql, userId, "call");
    await ageCall(sql, userId, "call", 100);
    await expireAgo(userId, 50); // after the call began, so its hold keeps five minutes of it
    const outcomes = await crowd.rush([
      ...times(16, sweep),
      ...times(14, extend(userId)),
      ...times(round % 2 === 0 ? 10 : 0, end(userId)),
    ]);
    assert.equal(tally(outcomes).ok, outcomes.length, JSON.stringify(tally(outcomes)));

    await crowd.rush([end(userId), sweep, sweep]);
    await sql.unsafe(sweep);
    const cost = 2 * MINUTE_MICROS;
    assert.deepEqual(await remainingOf(userId), [1_000_000, 0], "held credit paid, and nothing else");
    assert.equal((await breakageOf(userId)).reduce((sum, part) => sum + part, 0), -(2_000_000 - cost));
    assert.deepEqual(await walletOf(sql, userId), { balance: 1_000_000, held: 0, available: 1_000_000 });
    assert.equal((await journalOf(sql, userId)).filter(({ kind }) => kind === "call").length, 1);
    await assertGrantsAccountedFor(sql, [userId]);
  }
  await assertIntegrity(sql);
});

Deno.test("While sweeps run, available credit is never more than what has not expired", async () => {
  const userId = await fundedWallet(sql, 1_000_000);
  await addPassingCredit(userId, 2_000_000);
  await answeredCall(sql, userId, "call");
  await ageCall(sql, userId, "call", 100);
  await expireAgo(userId, 50);
  const ask = rpc("get_balance", { user_id: userId });
  const outcomes = await crowd.rush([...times(10, sweep), ...times(10, extend(userId)), ...times(20, ask)]);
  assert.equal(tally(outcomes).ok, 40);
  for (const answer of answers(outcomes).filter((answer) => answer?.available_micros !== undefined)) {
    assert.ok(answer.available_micros <= 1_000_000, `${answer.available_micros} is available`);
  }
  await crowd.rush([end(userId)]);
  await assertIntegrity(sql);
});

Deno.test("A grant is extended, voided and swept at once while a call lives on it: one of them wins, the books are whole", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [userId] = await openWallets(sql, 1);
    const grantId = await addPassingCredit(userId!, 2_000_000);
    await answeredCall(sql, userId!, "call");
    await ageCall(sql, userId!, "call", 100);
    await expireAgo(userId!, 50);
    const grant = { user_id: userId, grant_id: grantId, reason: "race" };
    const voids = round % 2 === 0 ? 8 : 0;
    const outcomes = await crowd.rush([
      ...times(8, rpc("extend_grant", { ...grant, expires_at: null })),
      ...times(voids, rpc("void_grant", grant)),
      ...times(8, sweep),
      ...times(8, extend(userId!)),
      ...times(8, end(userId!)),
    ]);
    const { ok = 0, grant_not_changeable = 0, invalid_request = 0, ...unforeseen } = tally(outcomes);
    assert.deepEqual(unforeseen, {});
    assert.equal(ok + grant_not_changeable + invalid_request, outcomes.length);

    await sql.unsafe(sweep);
    const journal = await journalOf(sql, userId!);
    const count = (kind: string) => journal.filter((line) => line.kind === kind).length;
    assert.ok(count("call") <= 1 && count("adjustment") <= 1);
    if (voids === 0) assert.equal(count("adjustment"), 0);
    assert.equal((await walletOf(sql, userId!)).held, 0);
    await assertGrantsAccountedFor(sql, [userId!]);
    const [row] = await sql`select count(*)::integer as extended from private.audit_log
      where user_id = ${userId!} and action = 'extend_grant'`;
    assert.ok(row!.extended <= 1, "what never expires is not extended again");
  }
  await assertIntegrity(sql);
});
