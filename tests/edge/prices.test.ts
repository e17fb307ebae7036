import assert from "node:assert/strict";
import {
  ensurePrices,
  formatPrices,
  readPackages,
  type SoldPackage,
} from "../../dev/commands/stripe-prices.ts";
import { assertRefused, createCheckout, env, newBuyer, openPurchase, stripeApi } from "./support/world.ts";

function newPackage(price_cents = 300): SoldPackage {
  const code = `test_${crypto.randomUUID().slice(0, 8)}`;
  return {
    code,
    name: "Test credit",
    currency: "usd",
    price_cents,
    lookup_key: `talktime_${code}_usd_${price_cents}`,
  };
}

const outcomes = async (packages: SoldPackage[]) =>
  (await ensurePrices(stripeApi, packages)).map(({ outcome }) => outcome);

const packageOf = async (code: string) =>
  (await readPackages(env.API_URL, env.SECRET_KEY)).find((sold) => sold.code === code)!;

const priceOf = async (sold: SoldPackage) =>
  (await stripeApi.prices.list({ lookup_keys: [sold.lookup_key], limit: 1 })).data[0]!;

Deno.test("Every package on sale has a price at Stripe with its amount, and asking again creates nothing", async () => {
  const packages = await readPackages(env.API_URL, env.SECRET_KEY);
  assert.equal(packages.length, 5);
  await ensurePrices(stripeApi, packages);
  assert.deepEqual(await outcomes(packages), packages.map(() => "found"));
  for (const sold of packages) {
    const price = await priceOf(sold);
    assert.equal(price.unit_amount, sold.price_cents);
    assert.equal(price.product, `talktime_${sold.code}`);
  }
});

Deno.test("A new package gets its product and price, once, even when two runs meet", async () => {
  const sold = newPackage();
  const runs = await Promise.all([outcomes([sold]), outcomes([sold])]);
  assert.ok(runs.flat().includes("created"));
  assert.deepEqual(await outcomes([sold]), ["found"]);
  const prices = await stripeApi.prices.list({ product: `talktime_${sold.code}`, limit: 10 });
  assert.equal(prices.data.length, 1);
});

Deno.test("A changed amount gets a price of its own; the old one stays for sessions that use it", async () => {
  const before = newPackage(300);
  const after = { ...before, price_cents: 400, lookup_key: before.lookup_key.replace("_300", "_400") };
  await ensurePrices(stripeApi, [before]);
  assert.deepEqual(await outcomes([after]), ["created"]);
  assert.equal((await priceOf(before)).unit_amount, 300);
  assert.equal((await priceOf(after)).unit_amount, 400);
});

Deno.test("A plan's price is recurring, under a product of its own, and keeps its key when that is moved away", async () => {
  const { code, ...rest } = newPackage(900);
  const plan = { ...rest, code, period: "year" as const, lookup_key: `talktime_plan_${code}_usd_900_year` };
  assert.deepEqual(await outcomes([plan]), ["created"]);
  assert.deepEqual(await outcomes([plan]), ["found"]);
  const price = await priceOf(plan);
  assert.deepEqual(
    [price.recurring?.interval, price.product, price.metadata],
    ["year", `talktime_plan_${code}`, { plan_code: code, lookup_key: plan.lookup_key }],
  );
  const monthly = { unit_amount: 900, currency: "usd", recurring: { interval: "month" as const } };
  const taken = { lookup_key: plan.lookup_key, transfer_lookup_key: true };
  await stripeApi.prices.create({ product: `talktime_plan_${code}`, ...monthly, ...taken });
  assert.deepEqual(await outcomes([plan]), ["created"], "another interval is another price");
  assert.equal((await priceOf(plan)).recurring?.interval, "year");
});

Deno.test("A price switched off by hand is switched on again", async () => {
  const sold = newPackage();
  await ensurePrices(stripeApi, [sold]);
  await stripeApi.prices.update((await priceOf(sold)).id, { active: false });
  assert.deepEqual(await outcomes([sold]), ["reactivated"]);
  assert.equal((await priceOf(sold)).active, true);
});

Deno.test("A lookup key moved to a wrong amount by hand comes back to a right one", async () => {
  const sold = newPackage(300);
  await ensurePrices(stripeApi, [sold]);
  const product = `talktime_${sold.code}`;
  await stripeApi.prices.create({
    product,
    currency: "usd",
    unit_amount: 1,
    lookup_key: sold.lookup_key,
    transfer_lookup_key: true,
  });
  assert.deepEqual(await outcomes([sold]), ["created"]);
  assert.equal((await priceOf(sold)).unit_amount, 300);
});

Deno.test("The table is aligned and says what was done", async () => {
  const lines = formatPrices(await ensurePrices(stripeApi, [newPackage(300), newPackage(120_000)])).split(
    "\n",
  );
  assert.match(lines[0]!, /^Package +Price +Lookup key +Stripe price +Outcome$/);
  assert.match(lines[1]!, / {4}3\.00 USD /);
  assert.match(lines[2]!, / 1200\.00 USD /);
  assert.equal(lines[1]!.indexOf("USD"), lines[2]!.indexOf("USD"));
});

Deno.test("A package without a price cannot be bought, and the hint says what to run", async () => {
  const sold = await packageOf("credit_100");
  await stripeApi.prices.update((await priceOf(sold)).id, { active: false });
  try {
    const answer = await createCheckout(await newBuyer(), { package_code: sold.code });
    assertRefused(answer, 502, "payment_provider_error");
    assert.match(answer.body.hint, /npm run stripe:prices/);
  } finally {
    await ensurePrices(stripeApi, [sold]);
  }
  assert.equal((await createCheckout(await newBuyer(), { package_code: sold.code })).status, 200);
});

Deno.test("A price replaced by hand is used by the very next purchase", async () => {
  const sold = await packageOf("credit_50");
  await openPurchase(await newBuyer(), sold.code);
  const old = await priceOf(sold);
  const replacement = await stripeApi.prices.create({
    product: `talktime_${sold.code}`,
    currency: sold.currency,
    unit_amount: sold.price_cents,
    lookup_key: sold.lookup_key,
    transfer_lookup_key: true,
  });
  await stripeApi.prices.update(old.id, { active: false });
  const { session } = await openPurchase(await newBuyer(), sold.code);
  const { data: [item] } = await stripeApi.checkout.sessions.listLineItems(session);
  assert.equal(item?.price?.id, replacement.id);
});
