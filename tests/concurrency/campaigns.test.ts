// Codes wanted by many at once: exactly as many get one as there are, and the counters say so.
import assert from "node:assert/strict";
import { answers, Crowd, rpc, tally } from "../support/load.ts";
import { givenBy, newCampaign, newCode, tallyCodes } from "../support/promotions.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  assertIntegrity,
  journalOf,
  type OpenPurchase,
  openWallets,
  paidFacts,
  purchaseArguments,
  sessionOf,
  walletOf,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 100);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

const DOLLAR = 1_000_000;
const freeDollar = { kind: "free_credit", amount_micros: DOLLAR };
const redeem = (userId: string, code: string) => rpc("redeem_code", { code, user_id: userId });

async function balancesOf(userIds: string[]): Promise<number[]> {
  const rows =
    await sql`select balance_micros::float8 as balance from public.users where id = any (${userIds})`;
  return rows.map(({ balance }) => balance);
}

Deno.test("A hundred people redeem a code with ten left at once: ten get it, and its counters say ten", async () => {
  const code = newCode();
  const campaign = await newCampaign(sql, { ...freeDollar, max_redemptions: 10 }, [code]);
  const people = await openWallets(sql, 100);
  const outcomes = await crowd.rush(people.map((userId) => redeem(userId, code)));

  assert.deepEqual(tallyCodes(outcomes), { granted: 10, used_up: 90 });
  assert.deepEqual(await givenBy(sql, campaign), { count: 10, micros: 10 * DOLLAR });
  assert.equal((await balancesOf(people)).filter((balance) => balance === DOLLAR).length, 10);
  await assertIntegrity(sql);
});

Deno.test("A hundred people want a budget for seven and a half through two codes: seven get it", async () => {
  const codes = [newCode(), newCode()];
  const campaign = await newCampaign(sql, { ...freeDollar, budget_micros: 7.5 * DOLLAR }, codes);
  const people = await openWallets(sql, 100);
  const outcomes = await crowd.rush(people.map((userId, index) => redeem(userId, codes[index % 2]!)));

  assert.deepEqual(tallyCodes(outcomes), { granted: 7, used_up: 93 });
  assert.deepEqual(await givenBy(sql, campaign), { count: 7, micros: 7 * DOLLAR });
  await assertIntegrity(sql);
});

Deno.test("Five single-use codes, twenty people at each: each code goes to one", async () => {
  const codes = Array.from({ length: 5 }, newCode);
  const campaign = await newCampaign(sql, freeDollar, codes, 1);
  const people = await openWallets(sql, 100);
  const outcomes = await crowd.rush(people.map((userId, index) => redeem(userId, codes[index % 5]!)));

  assert.deepEqual(tallyCodes(outcomes), { granted: 5, used_up: 95 });
  assert.deepEqual(new Set(answers(outcomes).map((answer) => answer.code)), new Set([...codes, "PT404"]));
  assert.deepEqual(await givenBy(sql, campaign), { count: 5, micros: 5 * DOLLAR });
});

Deno.test("One person redeems a code fifty times at once: granted once, and all fifty are told the same", async () => {
  const code = newCode();
  const campaign = await newCampaign(sql, freeDollar, [code]);
  const [userId] = await openWallets(sql, 1);
  const outcomes = await crowd.rush(Array(50).fill(redeem(userId!, code)));

  assert.deepEqual(tallyCodes(outcomes), { granted: 50 });
  assert.equal(new Set(answers(outcomes).map((answer) => answer.redemption_id)).size, 1);
  assert.equal(answers(outcomes).filter((answer) => !answer.replayed).length, 1);
  assert.deepEqual(await journalOf(sql, userId!), [{ kind: "promotion", amount: DOLLAR }]);
  assert.deepEqual(await givenBy(sql, campaign), { count: 1, micros: DOLLAR });
  const [hits] = await sql`select count(*)::integer as count from private.rate_limits
    where user_id = ${userId!} and action = 'promo_code'`;
  assert.equal(hits!.count, 0, "repeating a request is no guess");
});

Deno.test("Somebody tries a hundred wrong codes at once: no more than the allowance is answered", async () => {
  const [userId] = await openWallets(sql, 1);
  const outcomes = await crowd.rush(Array.from({ length: 100 }, () => redeem(userId!, newCode())));
  assert.deepEqual(tallyCodes(outcomes), { unknown: 20, rate_limited: 80 });
});

// -- With purchases -------------------------------------------------------------------------------------------------------

const bonusDollar = { kind: "fixed_bonus", amount_micros: DOLLAR };
const begin = (userId: string, key: string, code: string) =>
  rpc("create_purchase", { ...purchaseArguments(userId, key), promo_code: code });

/** What Stripe says, handed over; the session's id is noted by it too. */
const apply = (purchase: OpenPurchase, differences: Record<string, unknown> = {}) =>
  rpc("apply_checkout_session", {
    user_id: purchase.userId,
    purchase_id: purchase.purchaseId,
    session: { ...paidFacts(purchase), ...differences },
  });
const expired = { status: "expired", payment_status: "unpaid" };

// deno-lint-ignore no-explicit-any -- as the API answers
const opened = ({ user_id, purchase_id, price_cents }: any): OpenPurchase => ({
  userId: user_id,
  purchaseId: purchase_id,
  sessionId: sessionOf(purchase_id),
  priceCents: price_cents,
});

const begun = (outcomes: Parameters<typeof answers>[0]) =>
  answers(outcomes).filter((answer) => answer.purchase_id).map(opened);

Deno.test("Bonuses are reserved, expired, paid and wanted by others at once: never more than five, each once", async () => {
  const code = newCode();
  const campaign = await newCampaign(sql, { ...bonusDollar, max_redemptions: 5 }, [code]);
  const people = await openWallets(sql, 40);
  const first = await crowd.rush(people.map((userId) => begin(userId, "first", code)));
  assert.deepEqual(tallyCodes(first), { created: 5, used_up: 35 });
  assert.deepEqual(await givenBy(sql, campaign), { count: 5, micros: 5 * DOLLAR });

  const purchases = begun(first);
  const holders = new Set(purchases.map(({ userId }) => userId));
  const others = people.filter((userId) => !holders.has(userId));
  // The page of each expires and is paid, told several times over, while the others try again.
  const second = await crowd.rush([
    ...purchases.flatMap((purchase) => [
      ...[apply(purchase), apply(purchase, expired), apply(purchase), apply(purchase, expired)],
      ...[apply(purchase, expired), apply(purchase), apply(purchase), apply(purchase, expired)],
    ]),
    ...others.map((userId) => begin(userId, "second", code)),
  ]);
  assert.deepEqual(tally(second), { ok: 75 });
  assert.ok((await givenBy(sql, campaign)).count <= 5);

  await crowd.rush(begun(second.slice(40)).map((purchase) => apply(purchase)));
  const { count } = await givenBy(sql, campaign);
  assert.equal(count, 5, "whoever let go, another took it");
  const granted = await sql`select r.user_id, p.status from public.redemptions r
    join public.purchases p on p.user_id = r.user_id and p.id = r.purchase_id
    where r.campaign = ${campaign} and r.status = 'granted'`;
  assert.equal(granted.length, 5);
  assert.ok(granted.every((row) => row.status === "paid"), "a bonus comes with a payment");
  for (const { userId } of purchases) {
    const lines = (await journalOf(sql, userId)).map(({ kind }) => kind);
    assert.equal(lines.filter((kind) => kind === "purchase").length, 1, "the credit itself comes once");
    assert.ok(lines.filter((kind) => kind === "promotion").length <= 1);
  }
  await assertIntegrity(sql);
});

Deno.test("One person begins fifteen purchases with a code at once and pays them all at once: one bonus", async () => {
  const code = newCode();
  const campaign = await newCampaign(sql, bonusDollar, [code], 1);
  const [userId] = await openWallets(sql, 1);
  const outcomes = await crowd.rush(Array.from({ length: 15 }, (_, n) => begin(userId!, `key ${n}`, code)));
  assert.deepEqual(tallyCodes(outcomes), { created: 15 });
  assert.deepEqual(await givenBy(sql, campaign), { count: 1, micros: DOLLAR });

  const purchases = begun(outcomes);
  const paid = await crowd.rush(purchases.flatMap((purchase) => Array(3).fill(apply(purchase))));
  assert.deepEqual(tally(paid), { ok: 45 });
  assert.deepEqual(await givenBy(sql, campaign), { count: 1, micros: DOLLAR });
  assert.equal((await walletOf(sql, userId!)).balance, 15 * 10 * DOLLAR + DOLLAR);
  await assertIntegrity(sql);
});
