// Rewards move two wallets at once: paid once, taken back once, however many jobs and refunds meet.
import assert from "node:assert/strict";
import { Crowd, rpc, tally } from "../support/load.ts";
import { assertGrantsAccountedFor, tallyCodes } from "../support/promotions.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  assertIntegrity,
  type OpenPurchase,
  openPurchase,
  openWallets,
  paidFacts,
  walletOf,
} from "../support/wallets.ts";

const REWARD = 3_000_000;
const WELCOME = 2_000_000;

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const settings = await sql`select name, value from private.settings
  where name in ('referral_reward_micros', 'referral_welcome_micros')`;
for (const [name, value] of [["reward_micros", REWARD], ["welcome_micros", WELCOME]] as const) {
  await sql`update private.settings set value = to_jsonb(${value}::bigint) where name = ${`referral_${name}`}`;
}
const crowd = await Crowd.gather(stack.env, 50);

Deno.test.afterAll(async () => {
  for (const { name, value } of settings) {
    await sql`update private.settings set value = ${sql.json(value)} where name = ${name}`;
  }
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const settle = "select private.settle_referrals() as answer";
const times = (count: number, statement: string) => Array<string>(count).fill(statement);

async function codeOf(userId: string): Promise<string> {
  const [row] = await sql`select public.get_referral_code(${userId}) ->> 'code' as code`;
  return row!.code;
}

interface Pair {
  referrer: string;
  referred: string;
  purchase: OpenPurchase;
}

/** People who named a friend and have a purchase to pay; every third friend is somebody's friend in turn. */
async function newPairs(count: number): Promise<Pair[]> {
  const people = await openWallets(sql, 2 * count);
  return await Promise.all(Array.from({ length: count }, async (_, index) => {
    const referred = people[index]!;
    const referrer = people[index % 3 === 0 ? (index + 1) % count : count + index]!;
    await sql`select public.claim_referral(${await codeOf(referrer)}, ${referred})`;
    return { referrer, referred, purchase: await openPurchase(sql, referred) };
  }));
}

const pay = ({ purchase }: Pair) =>
  rpc("apply_checkout_session", {
    user_id: purchase.userId,
    purchase_id: purchase.purchaseId,
    session: paidFacts(purchase),
  });

const refund = ({ purchase }: Pair, status = "succeeded") =>
  rpc("apply_refund", {
    refund: {
      ...{ id: `re_${purchase.purchaseId}`, status, amount: 1000, currency: "usd", livemode: false },
      ...{ payment_intent: paidFacts(purchase).payment_intent, created: Date.now() / 1000 },
      ...{ reason: null, failure_reason: null, metadata: {}, payment_intent_metadata: {} },
    },
  });

/** What both sides got for a referral, net, and how many lines it took. */
async function rewardsOf({ referred }: Pair) {
  const [row] =
    await sql`select r.status, count(w.line)::integer as lines, coalesce(sum(t.amount_micros), 0)::float8 as net
    from private.referrals r
    left join private.referral_rewards w on w.referred_id = r.referred_id
    left join public.transactions t on t.user_id = w.user_id and t.line = w.line
    where r.referred_id = ${referred} group by r.referred_id`;
  return { ...row };
}

Deno.test("A code is named by one person in fifty requests at once: one referral", async () => {
  const [referrer, other, referred] = await openWallets(sql, 3);
  const codes = [await codeOf(referrer!), await codeOf(other!)];
  const claim = (code: string) => rpc("claim_referral", { code, user_id: referred });
  const outcomes = await crowd.rush([...times(25, claim(codes[0]!)), ...times(25, claim(codes[1]!))]);
  const { pending, already_referred, rate_limited = 0, ...unforeseen } = tallyCodes(outcomes);
  assert.deepEqual(unforeseen, {});
  assert.deepEqual([pending, already_referred! + rate_limited], [25, 25]);
  const rows = await sql`select from private.referrals where referred_id = ${referred!}`;
  assert.equal(rows.length, 1);
});

Deno.test("Twenty jobs run while ten friends pay: each pair is rewarded once", async () => {
  const pairs = await newPairs(10);
  const outcomes = await crowd.rush([...times(20, settle), ...pairs.map(pay), ...pairs.map(pay)]);
  assert.deepEqual(tally(outcomes), { ok: 40 });
  await sql.unsafe(settle);
  for (const pair of pairs) {
    assert.deepEqual(await rewardsOf(pair), { status: "rewarded", lines: 2, net: REWARD + WELCOME });
  }
  await assertIntegrity(sql);
});

Deno.test("Jobs run while the payments are refunded: what is taken back is taken back once", async () => {
  const pairs = await newPairs(10);
  await crowd.rush(pairs.map(pay));
  // Some are rewarded before their refund, some never, some while it is read.
  await sql`select private.settle_referrals(5)`;
  const outcomes = await crowd.rush([
    ...times(20, settle),
    ...pairs.map((pair) => refund(pair)),
    ...pairs.map((pair) => refund(pair)),
  ]);
  assert.deepEqual(tally(outcomes), { ok: 40 });
  await sql.unsafe(settle);
  for (const pair of pairs) {
    const { status, lines, net } = await rewardsOf(pair);
    assert.equal(net, 0);
    assert.ok(
      status === "reversed" ? lines === 4 : status === "pending" && lines === 0,
      `${status}, ${lines}`,
    );
    assert.equal((await walletOf(sql, pair.referred)).balance >= 0, true);
  }
  await assertGrantsAccountedFor(sql, pairs.flatMap(({ referrer, referred }) => [referrer, referred]));
  await assertIntegrity(sql);
});

Deno.test("Refunds that fail afterwards bring the rewards again, once, however often the job runs", async () => {
  const pairs = await newPairs(6);
  await crowd.rush(pairs.map(pay));
  await crowd.rush([...times(4, settle), ...pairs.map((pair) => refund(pair))]);
  await crowd.rush([...times(20, settle), ...pairs.flatMap((pair) => times(3, refund(pair, "failed")))]);
  await sql.unsafe(settle);
  for (const pair of pairs) {
    const { status, net } = await rewardsOf(pair);
    assert.deepEqual({ status, net }, { status: "rewarded", net: REWARD + WELCOME });
  }
  await assertIntegrity(sql);
});
