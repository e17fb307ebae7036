// Subscribing, and what a person does with a subscription.
import assert from "node:assert/strict";
import { catchUp, followEvents } from "./support/reconciler.ts";
import {
  fine,
  manage,
  newPlan,
  newSubscriber,
  openPage,
  poll,
  standingOf,
  subscribeBody,
  type Subscriber,
} from "./support/subscribing.ts";
import { alerts, assertRefused, journal, newBuyer, sql, stripe, stripeApi } from "./support/world.ts";

await catchUp();

const verify = (subscriber: Pick<Subscriber, "id" | "userId" | "accessToken">) =>
  manage(subscriber, { action: "verify", subscription_id: subscriber.id });

Deno.test("A plan is paid on Stripe's page, and its credit is there once, however often one comes back", async () => {
  const [buyer, plan] = [await newBuyer(), await newPlan()];
  const opened = fine(await manage(buyer, subscribeBody(plan)));
  assert.equal(opened.subscription.status, "open");
  assert.match(opened.checkout_url, /\/c\/pay\/cs_/);
  const session = opened.subscription.stripe_session_id;
  const early = fine(await manage(buyer, { action: "verify", session_id: session }));
  assert.deepEqual([early.subscription.status, early.credited], ["open", false]);

  await stripe.payCheckout(session);
  const answers = await Promise.all(
    [1, 2, 3].map(() => manage(buyer, { action: "verify", session_id: session })),
  );
  assert.equal(answers.filter((answer) => fine(answer).credited).length, 1);
  const again = fine(
    await manage(buyer, { action: "verify", subscription_id: opened.subscription.subscription_id }),
  );
  assert.deepEqual(
    [again.subscription.status, again.subscription.plan_code, again.credited, again.balance.balance_micros],
    ["active", plan.code, false, 12_000_000],
  );
  assert.deepEqual((await journal(buyer)).map(({ kind, amount }) => [kind, amount]), [
    ["purchase", 10_000_000],
    ["bonus", 2_000_000],
  ]);
  assertRefused(await manage(buyer, subscribeBody(plan)), 409, "subscription_exists");
  const [remembered] =
    await sql`select customer_id from private.stripe_customers where user_id = ${buyer.userId}`;
  assert.match(remembered!.customer_id, /^cus_/);
});

Deno.test("A double click gets one page, and another plan with the same key is refused", async () => {
  const [buyer, plan, other] = [await newBuyer(), await newPlan(), await newPlan()];
  const body = subscribeBody(plan);
  const answers = await Promise.all([1, 2, 3].map(() => manage(buyer, body)));
  assert.equal(new Set(answers.map((answer) => fine(answer).checkout_url)).size, 1);
  const { data } = await stripeApi.checkout.sessions.list({ limit: 20 });
  assert.equal(data.filter((session) => session.client_reference_id === buyer.userId).length, 1);
  assertRefused(await manage(buyer, { ...body, plan_code: other.code }), 409, "idempotency_conflict");
});

Deno.test("A first payment that is declined credits nothing, counts as a failed attempt, and may be repeated", async () => {
  const buyer = await newBuyer();
  const page = await openPage(buyer, await newPlan());
  const subscriber = { ...buyer, id: page.subscription_id };
  assert.equal((await stripe.payCheckout(page.session, { card: "4000000000000002" })).kind, "declined");
  assert.equal(fine(await verify(subscriber)).subscription.status, "open");
  await followEvents();
  const failures = await sql`select 1 from private.payment_failures where user_id = ${buyer.userId}`;
  assert.equal(failures.length, 1);
  await stripe.payCheckout(page.session);
  assert.equal(fine(await verify(subscriber)).credited, true);
  assert.deepEqual((await standingOf(subscriber)).credited, [12]);
});

Deno.test("A page that nobody pays expires, and so does one that another has followed", async () => {
  const [buyer, plan] = [await newBuyer(), await newPlan()];
  const [older, newer] = [await openPage(buyer, plan), await openPage(buyer, plan)];
  await poll({ id: older.subscription_id });
  assert.equal((await stripeApi.checkout.sessions.retrieve(older.session)).status, "expired");
  assert.equal((await standingOf({ ...buyer, id: older.subscription_id })).status, "expired");
  await stripe.expireSession(newer.session);
  await poll({ id: newer.subscription_id });
  assert.equal((await standingOf({ ...buyer, id: newer.subscription_id })).status, "expired");
});

Deno.test("Of two pages that were paid, the second subscription is ended at once, what it took is credited, and a person is told", async () => {
  const [buyer, plan] = [await newBuyer(), await newPlan()];
  const pages = [await openPage(buyer, plan), await openPage(buyer, plan)];
  for (const { session } of pages) await stripe.payCheckout(session);
  const stripeIds: string[] = [];
  for (const { session } of pages) {
    const { subscription } = fine(await manage(buyer, { action: "verify", session_id: session }));
    stripeIds.push(subscription.stripe_subscription_id);
  }
  const [first, second] = await Promise.all(
    pages.map((page) => standingOf({ ...buyer, id: page.subscription_id })),
  );
  assert.deepEqual([first!.status, second!.status], ["active", "canceled"]);
  assert.deepEqual([first!.credited, second!.credited, second!.balance], [[12], [12], 24]);
  assert.equal((await stripeApi.subscriptions.retrieve(stripeIds[0]!)).status, "active");
  assert.equal((await stripeApi.subscriptions.retrieve(stripeIds[1]!)).status, "canceled");
  assert.equal((await alerts("duplicate_subscription", stripeIds[1]!)).length, 1);
});

Deno.test("What is somebody else's, unknown or malformed is refused", async () => {
  const [subscriber, stranger] = [await newSubscriber(), await newBuyer()];
  for (const by of [{ session_id: subscriber.session }, { subscription_id: subscriber.id }]) {
    assertRefused(await manage(stranger, { action: "verify", ...by }), 404, "subscription_not_found");
  }
  for (const action of ["cancel", "resume"]) {
    assertRefused(await manage(stranger, { action }), 404, "subscription_not_found");
  }
  assertRefused(
    await manage(stranger, { action: "change", plan_code: subscriber.plan.code }),
    404,
    "subscription_not_found",
  );
  const plan = await newPlan();
  assertRefused(await manage(stranger, subscribeBody(plan, { plan_code: "nothing" })), 404, "plan_not_found");
  const elsewhere = subscribeBody(plan, { success_url: "https://evil.example/" });
  assertRefused(await manage(stranger, elsewhere), 400, "redirect_not_allowed");
  for (const body of [{}, { action: "verify" }, { action: "cancel", plan_code: "x" }, { action: "refund" }]) {
    assertRefused(await manage(stranger, body), 400, "invalid_request");
  }
  const card = await stripeApi.paymentMethods.attach("pm_card_visa", {
    customer: (await stripeApi.customers.create()).id,
  });
  assertRefused(
    await manage(subscriber, { action: "pay_with", payment_method_id: card.id }),
    404,
    "payment_method_not_found",
  );
});
