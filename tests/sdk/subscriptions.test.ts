// A subscription as an app meets it: plans, the page, what it brought, and what may be done with it.
import assert from "node:assert/strict";
import { ensurePrices, readPlans } from "../../dev/commands/stripe-prices.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { newPerson, returnPages } from "./support/people.ts";
import { env, sql, stripe } from "./support/stack.ts";

const api = createStripe({
  stripeSecretKey: env.STRIPE_SECRET_KEY,
  stripeApiUrl: new URL(env.STRIPE_API_URL!),
});

async function newPlans(): Promise<[string, string]> {
  const id = crypto.randomUUID().slice(0, 8);
  const [small, large] = [`sdk_small_${id}`, `sdk_large_${id}`] as const;
  await sql`insert into public.subscription_plans (code, name, price_cents, period, credit_micros, rollover, rollover_cap_micros, position)
    values (${small}, 'Small', 1000, 'month', 12000000, 'none', null, 90), (${large}, 'Large', 3000, 'month', 40000000, 'capped', 5000000, 91)`;
  const plans = await readPlans(env.API_URL, env.SECRET_KEY);
  await ensurePrices(api, plans.filter(({ code }) => code.endsWith(id)));
  return [small, large];
}

Deno.test("Somebody subscribes, pays, changes the plan, cancels and resumes", async () => {
  const [small, large] = await newPlans();
  const { talktime: { subscriptions, balance }, userId } = await newPerson(env);
  const { data: plans } = await subscriptions.plans();
  assert.deepEqual(plans?.find(({ code }) => code === large), {
    code: large,
    name: "Large",
    currency: "usd",
    priceCents: 3000,
    period: "month",
    creditMicros: 40_000_000,
    rollover: "capped",
    rolloverCapMicros: 5_000_000,
  });
  assert.deepEqual(await subscriptions.current(), { data: null, error: null });

  const idempotencyKey = crypto.randomUUID();
  const opened = await subscriptions.subscribe(small, { ...returnPages, idempotencyKey });
  const again = await subscriptions.subscribe(small, { ...returnPages, idempotencyKey });
  assert.equal(opened.error, null);
  assert.equal(again.data?.checkoutUrl, opened.data?.checkoutUrl);
  assert.equal((await subscriptions.current()).data?.status, "open");
  const sessionId = new URL(opened.data!.checkoutUrl!).pathname.split("/").at(-1)!;
  await stripe.payCheckout(sessionId);
  const verified = await subscriptions.verify({ sessionId });
  assert.deepEqual([verified.data?.credited, verified.data?.balance.availableMicros], [true, 12_000_000]);
  assert.equal((await balance.get()).data?.availableMicros, 12_000_000);
  assert.equal((await subscriptions.subscribe(small, returnPages)).error?.code, "subscription_exists");

  const changed = await subscriptions.change(large);
  assert.deepEqual([changed.data?.planCode, changed.data?.nextPlanCode], [small, large]);
  assert.equal((await subscriptions.change("nothing")).error?.code, "plan_not_found");
  assert.equal((await subscriptions.cancel()).data?.cancelAtPeriodEnd, true);
  const { data: resumed } = await subscriptions.resume();
  const { data: current } = await subscriptions.current();
  assert.deepEqual([resumed?.cancelAtPeriodEnd, current?.cancelAtPeriodEnd], [false, false]);
  assert.deepEqual([current?.planCode, current?.nextPlanCode, current?.status], [small, large, "active"]);
  assert.ok(Date.parse(current!.currentPeriodEnd!) > Date.parse(current!.currentPeriodStart!));

  const [row] = await sql`select customer_id from private.stripe_customers where user_id = ${userId}`;
  const card = await api.paymentMethods.attach("pm_card_mastercard", { customer: row!.customer_id });
  assert.equal((await subscriptions.payWith(card.id)).data?.status, "active");
  assert.equal((await subscriptions.payWith("pm_unknown")).error?.code, "payment_method_not_found");
});

Deno.test("Without a subscription there is nothing to change, and a stranger sees none", async () => {
  const [small] = await newPlans();
  const [ada, ben] = [await newPerson(env), await newPerson(env)];
  const opened = await ada.talktime.subscriptions.subscribe(small, returnPages);
  const { subscriptionId } = opened.data!.subscription;
  const codes = [
    (await ben.talktime.subscriptions.verify({ subscriptionId })).error?.code,
    (await ben.talktime.subscriptions.cancel()).error?.code,
    (await ben.talktime.subscriptions.resume()).error?.code,
    (await ben.talktime.subscriptions.change(small)).error?.code,
  ];
  assert.deepEqual(codes, codes.map(() => "subscription_not_found"));
  assert.equal((await ben.talktime.subscriptions.current()).data, null);
});
