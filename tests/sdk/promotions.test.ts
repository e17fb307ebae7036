// Codes and friends as an app meets them: free credit, a bonus with a purchase, what expires, and both rewards.
import assert from "node:assert/strict";
import type { Talktime } from "../../client-sdk/src/index.ts";
import { newCampaign, newCode } from "../support/promotions.ts";
import { beginPurchase, buy, newPerson, returnPages } from "./support/people.ts";
import { env, sql, stripe } from "./support/stack.ts";

const DOLLAR = 1_000_000;

async function payFor(talktime: Talktime, promoCode: string) {
  const { data, error } = await talktime.purchases.checkout("credit_10", { ...returnPages, promoCode });
  assert.equal(error, null);
  const { purchaseId, stripeSessionId } = data!.purchase;
  await stripe.payCheckout(stripeSessionId!, { card: "4242424242424242" });
  const verified = await talktime.purchases.verify({ purchaseId });
  assert.equal(verified.data?.purchase.status, "paid");
  return verified.data!;
}

Deno.test("A code for free credit is redeemed once, however it is typed, and the balance says when it expires", async () => {
  const { talktime } = await newPerson(env);
  const code = newCode();
  await newCampaign(sql, { kind: "free_credit", amount_micros: 2 * DOLLAR, valid_days: 30 }, [code]);
  const typed = `${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `;

  const offer = await talktime.promotions.check(typed);
  assert.deepEqual(offer.data, {
    code,
    kind: "free_credit",
    amountMicros: 2 * DOLLAR,
    validDays: 30,
    endsAt: null,
  });
  const first = await talktime.promotions.redeem(typed);
  const second = await talktime.promotions.redeem(code);
  assert.equal(first.data?.status, "granted");
  assert.equal(second.data?.redemptionId, first.data?.redemptionId);
  const { data: balance } = await talktime.balance.get();
  assert.equal(balance?.availableMicros, 2 * DOLLAR);
  assert.deepEqual(balance?.expiring.map(({ amountMicros }) => amountMicros), [2 * DOLLAR]);
  const days = (Date.parse(balance!.expiring[0]!.expiresAt) - Date.parse(first.data!.createdAt)) / 86_400_000;
  assert.equal(days, 30);
});

Deno.test("A refused code says why, and too many wrong ones are refused unread", async () => {
  const { talktime } = await newPerson(env);
  const wrong = await talktime.promotions.redeem(newCode());
  assert.deepEqual([wrong.error?.code, wrong.error?.status], ["promo_code_not_valid", 404]);
  assert.equal(wrong.error?.details.problem, "unknown");
  for (let tries = 1; tries < 20; tries++) await talktime.promotions.check(newCode());
  assert.equal((await talktime.promotions.redeem(newCode())).error?.code, "rate_limited");
});

Deno.test("A bonus comes with the purchase that is paid, through the checkout, and is listed", async () => {
  const { talktime } = await newPerson(env);
  const code = newCode();
  const campaign = { kind: "percent_bonus", basis_points: 1500, valid_days: 7, min_price_cents: 1000 };
  await newCampaign(sql, campaign, [code]);
  const small = await talktime.promotions.check(code, { packageCode: "credit_5" });
  assert.equal(small.error?.details.problem, "purchase_too_small");
  const alone = await talktime.promotions.redeem(code);
  assert.equal(alone.error?.details.problem, "needs_purchase");

  const { balance } = await payFor(talktime, code.toLowerCase());
  assert.equal(balance.availableMicros, 11.5 * DOLLAR);
  const { data: redemptions } = await talktime.promotions.redemptions();
  assert.deepEqual(redemptions?.map(({ status, amountMicros }) => [status, amountMicros]), [[
    "granted",
    1.5 * DOLLAR,
  ]]);
  const used = await talktime.purchases.checkout("credit_10", { ...returnPages, promoCode: code });
  assert.deepEqual([used.error?.code, used.error?.status], ["promo_code_not_valid", 404]);
  assert.equal(used.error?.details.problem, "already_redeemed");
  assert.equal((await talktime.purchases.list()).data?.items.length, 1, "nothing was begun");
});

Deno.test("Redemptions come newest first, and only one's own", async () => {
  const [person, other] = [await newPerson(env), await newPerson(env)];
  const codes = [newCode(), newCode(), newCode()];
  for (const code of codes) {
    await newCampaign(sql, { kind: "free_credit", amount_micros: DOLLAR }, [code]);
    await person.talktime.promotions.redeem(code);
  }
  const { data } = await person.talktime.promotions.redemptions();
  assert.deepEqual(data?.map(({ code }) => code), codes.reverse());
  const redeemed = await person.talktime.promotions.redeem(codes[0]!);
  const { redemptionId, campaign, grantId, createdAt, ...rest } = data![0]!;
  assert.deepEqual([redemptionId, campaign, grantId, Date.parse(createdAt)], [
    ...[redeemed.data!.redemptionId, redeemed.data!.campaign, redeemed.data!.grantId],
    Date.parse(redeemed.data!.createdAt),
  ]);
  assert.deepEqual(rest, { code: codes[0], status: "granted", amountMicros: DOLLAR, purchaseId: null });
  assert.deepEqual((await other.talktime.promotions.redemptions()).data, []);
});

Deno.test("A package shows its volume discount before it is bought, and brings it", async () => {
  await sql`insert into public.credit_packages (code, name, price_cents, credit_micros, valid_days, bonus_valid_days, position)
    values ('promo_slab', 'Slab', 43210, 432100000, 365, 30, 99) on conflict do nothing`;
  await sql`insert into public.bonus_slabs (min_price_cents, effective_from, bonus_basis_points)
    values (43210, '-infinity', 1000) on conflict do nothing`;
  try {
    const { talktime } = await newPerson(env);
    const { data } = await talktime.packages.list();
    const shown = data!.find(({ code }) => code === "promo_slab")!;
    assert.deepEqual([shown.bonusMicros, shown.validDays, shown.bonusValidDays], [43_210_000, 365, 30]);
    assert.deepEqual([data![0]!.bonusMicros, data![0]!.validDays], [0, null]);
  } finally {
    await sql`delete from public.bonus_slabs where min_price_cents = 43210`;
    await sql`delete from public.credit_packages where code = 'promo_slab'`;
  }
});

// -- Friends --------------------------------------------------------------------------------------------------------------

async function withReferrals(work: () => Promise<void>): Promise<void> {
  const names = ["referral_reward_micros", "referral_welcome_micros"];
  const before = await sql`select name, value from private.settings where name = any (${names})`;
  await sql`update private.settings set value = '5000000' where name = any (${names})`;
  try {
    await work();
  } finally {
    for (const { name, value } of before) {
      await sql`update private.settings set value = ${sql.json(value)} where name = ${name}`;
    }
  }
}

async function payWith(talktime: Talktime, card: string): Promise<void> {
  const { purchaseId, stripeSessionId } = await beginPurchase(talktime);
  await stripe.payCheckout(stripeSessionId!, { card });
  assert.equal((await talktime.purchases.verify({ purchaseId })).data?.purchase.status, "paid");
}

Deno.test("A friend pays, and both get their reward", () =>
  withReferrals(async () => {
    const [ada, ben] = [await newPerson(env), await newPerson(env)];
    const { data: mine } = await ada.talktime.referrals.mine();
    assert.equal((await ben.talktime.referrals.claim(mine!.code.toLowerCase())).data?.status, "pending");
    assert.equal((await ada.talktime.referrals.mine()).data?.pending, 1);
    await payWith(ada.talktime, "5555555555554444");
    await payWith(ben.talktime, "4242424242424242");
    await sql`select private.settle_referrals()`;
    assert.equal((await ben.talktime.balance.get()).data?.availableMicros, 15 * DOLLAR);
    assert.equal((await ada.talktime.balance.get()).data?.availableMicros, 15 * DOLLAR);
    const { data: now } = await ada.talktime.referrals.mine();
    assert.deepEqual([now?.invited, now?.pending, now?.rewarded, now?.rewardedMicros], [1, 0, 1, 5 * DOLLAR]);
    const late = await ben.talktime.referrals.claim("wrong-one");
    assert.equal(late.error?.details.problem, "unknown");
  }));

Deno.test("Two logins that pay with one card get nothing until a person has decided", () =>
  withReferrals(async () => {
    const [ada, other] = [await newPerson(env), await newPerson(env)];
    const { data: mine } = await ada.talktime.referrals.mine();
    await other.talktime.referrals.claim(mine!.code);
    await payWith(ada.talktime, "4242424242424242");
    await payWith(other.talktime, "4242424242424242");
    await sql`select private.settle_referrals()`;
    const [held] =
      await sql`select status, hold_reason from private.referrals where referred_id = ${other.userId}`;
    assert.deepEqual({ ...held }, { status: "held", hold_reason: "shared_card" });
    assert.equal((await ada.talktime.referrals.mine()).data?.pending, 1);
    assert.equal((await ada.talktime.balance.get()).data?.availableMicros, 10 * DOLLAR);
  }));

Deno.test("The own code, and one named after the first payment, are refused", () =>
  withReferrals(async () => {
    const [ada, ben] = [await newPerson(env), await newPerson(env)];
    const { data: mine } = await ada.talktime.referrals.mine();
    assert.equal((await ada.talktime.referrals.claim(mine!.code)).error?.details.problem, "own_code");
    await buy(env, ben.talktime);
    assert.equal((await ben.talktime.referrals.claim(mine!.code)).error?.details.problem, "too_late");
  }));
