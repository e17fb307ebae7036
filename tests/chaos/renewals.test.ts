// Renewals, month after month: each way alone finds them, plans change, cards are declined, subscriptions end. Time passes on both clocks, so
// the stack is its own.
import assert from "node:assert/strict";
import { catchUp, followEvents, sweep } from "../edge/support/reconciler.ts";
import {
  declineRenewals,
  fine,
  latestInvoiceOf,
  manage,
  newPlan,
  newSubscriber,
  openPage,
  pass,
  passPeriod,
  poll,
  standingOf,
  type Subscriber,
  WAYS,
} from "../edge/support/subscribing.ts";
import { assertRefused, sql, stripe, stripeApi } from "../edge/support/world.ts";

await catchUp();

const verify = (subscriber: Pick<Subscriber, "id" | "userId" | "accessToken">) =>
  manage(subscriber, { action: "verify", subscription_id: subscriber.id });

for (const [name, way] of Object.entries(WAYS)) {
  Deno.test(`By ${name} alone: each renewal is credited once, a late one when it is paid, and the end is seen`, async () => {
    const plan = await newPlan({ rollover: "all" });
    const [paying, failing] = [await newSubscriber(plan), await newSubscriber(plan)];
    await declineRenewals(failing);
    const look = async () => {
      for (const subscriber of [paying, failing]) await way(subscriber);
    };
    const see = () => Promise.all([paying, failing].map(standingOf));
    // At the end of the period the invoice is a draft: there is nothing to find yet.
    const { items } = await stripeApi.subscriptions.retrieve(failing.stripeId);
    await pass(items.data[0]!.current_period_end - await stripe.now() + 400);
    await look();
    assert.deepEqual((await see()).map(({ status, credited }) => [status, credited]), [
      ["active", [12]],
      ["active", [12]],
    ]);
    await pass(3_600);
    await look();
    await look();
    assert.deepEqual((await see()).map(({ status, credited }) => [status, credited]), [
      ["active", [12, 12]],
      ["past_due", [12]],
    ]);
    // Before Stripe's next attempt another card is there.
    const { customer } = await stripeApi.subscriptions.retrieve(failing.stripeId);
    const card = await stripeApi.paymentMethods.attach("pm_card_visa", { customer: String(customer) });
    await stripeApi.subscriptions.update(failing.stripeId, { default_payment_method: card.id });
    await pass(3 * 86_400 + 3_600);
    await look();
    assert.deepEqual((await see()).map(({ status, credited }) => [status, credited]), [
      ["active", [12, 12]],
      ["active", [12, 12]],
    ]);
    await stripeApi.subscriptions.cancel(paying.stripeId);
    await look();
    assert.deepEqual((await see()).map(({ status, balance }) => [status, balance]), [["canceled", 24], [
      "active",
      24,
    ]]);
  });
}

Deno.test("Polling waits for the invoice that is a draft, and after a silence of months finds every one that was paid", async () => {
  const subscriber = await newSubscriber(await newPlan({ rollover: "all" }));
  const due = async () =>
    (await sql`select extract(epoch from next_check_at - private.clock())::int as seconds from public.subscriptions where id = ${subscriber.id}`)[
      0
    ]!
      .seconds;
  const { items } = await stripeApi.subscriptions.retrieve(subscriber.stripeId);
  await pass(items.data[0]!.current_period_end - await stripe.now() + 400);
  await poll(subscriber);
  assert.ok(await due() <= 3_600, "in an hour, not in a month");
  await pass(3_600);
  await poll(subscriber);
  assert.ok(await due() > 20 * 86_400);
  for (let month = 0; month < 3; month += 1) await passPeriod(subscriber);
  await poll(subscriber);
  assert.deepEqual((await standingOf(subscriber)).credited, [12, 12, 12, 12, 12]);
});

for (const [name, look] of [["events", () => followEvents()], ["the sweep", () => sweep()]] as const) {
  Deno.test(`By ${name} alone: what is given back of an invoice that nobody has read is not lost`, async () => {
    const [refunded, disputed] = [
      await newSubscriber(await newPlan({ rollover: "all" })),
      await newSubscriber(await newPlan({ rollover: "all" })),
    ];
    await passPeriod(refunded);
    await stripe.refund(await latestInvoiceOf(refunded), { amount: 500 });
    await stripe.openDispute(await latestInvoiceOf(disputed));
    await look();
    await look();
    const rows = await sql`select p.clawed_back_micros::float8 / 1e6 as taken from public.purchases p
      where p.user_id = any (${[
      refunded.userId,
      disputed.userId,
    ]}) order by p.user_id = ${disputed.userId}, p.stripe_created_at`;
    assert.deepEqual(rows.map(({ taken }) => taken), [0, 6, 0, 12]);
  });
}

Deno.test("A refund that is read before its invoice brings the invoice along", async () => {
  const subscriber = await newSubscriber(await newPlan({ rollover: "all" }));
  await passPeriod(subscriber);
  await stripe.refund(await latestInvoiceOf(subscriber));
  await sweep({}, ["refunds"]);
  const { credited, balance } = await standingOf(subscriber);
  assert.deepEqual([credited, balance], [[12, 12], 12]);
});

Deno.test("Another plan begins with the next invoice, and what was paid for stays as it was", async () => {
  const subscriber = await newSubscriber(await newPlan({ rollover: "all" }));
  const bigger = await newPlan({ price_cents: 2_000, credit_micros: 25_000_000, rollover: "all" });
  const yearly = await newPlan({ period: "year" });
  assertRefused(
    await manage(subscriber, { action: "change", plan_code: yearly.code }),
    404,
    "plan_not_found",
  );
  const { subscription } = fine(await manage(subscriber, { action: "change", plan_code: bigger.code }));
  assert.deepEqual([subscription.plan_code, subscription.next_plan_code], [
    subscriber.plan.code,
    bigger.code,
  ]);
  assert.deepEqual((await standingOf(subscriber)).credited, [12]);

  const back = fine(await manage(subscriber, { action: "change", plan_code: subscriber.plan.code }));
  assert.equal(back.subscription.next_plan_code, null);
  fine(await manage(subscriber, { action: "change", plan_code: bigger.code }));
  await passPeriod(subscriber);
  const renewed = fine(await verify(subscriber));
  assert.deepEqual([renewed.subscription.plan_code, renewed.subscription.next_plan_code], [
    bigger.code,
    null,
  ]);
  assert.deepEqual((await standingOf(subscriber)).credited, [12, 25]);
});

Deno.test("Canceled, it runs to the period's end unless it is resumed, and then it cannot be changed any more", async () => {
  const subscriber = await newSubscriber();
  const ending = fine(await manage(subscriber, { action: "cancel" })).subscription;
  assert.deepEqual([ending.status, ending.cancel_at_period_end], ["active", true]);
  const resumed = fine(await manage(subscriber, { action: "resume" })).subscription;
  assert.equal(resumed.cancel_at_period_end, false);
  fine(await manage(subscriber, { action: "cancel" }));
  await passPeriod(subscriber);
  // Nobody has looked yet: the answer comes from Stripe.
  assertRefused(await manage(subscriber, { action: "resume" }), 409, "subscription_not_changeable");
  assert.equal((await standingOf(subscriber)).status, "canceled");
  assert.deepEqual((await standingOf(subscriber)).credited, [12]);
  assertRefused(await manage(subscriber, { action: "resume" }), 404, "subscription_not_found");
  const anew = await openPage(subscriber, subscriber.plan);
  await stripe.payCheckout(anew.session);
  assert.equal(fine(await verify({ ...subscriber, id: anew.subscription_id })).subscription.status, "active");
});

Deno.test("A renewal that is declined gives nothing until it is paid with another card", async () => {
  const subscriber = await newSubscriber();
  await declineRenewals(subscriber);
  assert.equal((await standingOf(subscriber)).status, "active");
  await passPeriod(subscriber);
  await poll(subscriber);
  assert.deepEqual((({ status, credited }) => ({ status, credited }))(await standingOf(subscriber)), {
    status: "past_due",
    credited: [12],
  });
  const [notice] = await sql`select payload from public.notifications
    where user_id = ${subscriber.userId} and kind = 'subscription_past_due'`;
  assert.equal(notice!.payload.plan_code, subscriber.plan.code);

  const { customer } = await stripeApi.subscriptions.retrieve(subscriber.stripeId);
  const bad = await stripeApi.paymentMethods.attach("pm_card_chargeCustomerFail", {
    customer: String(customer),
  });
  const declined = fine(await manage(subscriber, { action: "pay_with", payment_method_id: bad.id }));
  assert.equal(declined.subscription.status, "past_due");
  const good = await stripeApi.paymentMethods.attach("pm_card_visa", { customer: String(customer) });
  const paid = fine(await manage(subscriber, { action: "pay_with", payment_method_id: good.id }));
  assert.equal(paid.subscription.status, "active");
  assert.deepEqual((await standingOf(subscriber)).credited, [12, 12]);
  await passPeriod(subscriber);
  await poll(subscriber);
  assert.deepEqual((await standingOf(subscriber)).credited, [12, 12, 12]);
});

for (const [afterRetries, status] of [["cancel", "canceled"], ["unpaid", "unpaid"]] as const) {
  Deno.test(`Never paid after all retries, a subscription is ${status} and takes its rate plan along`, async () => {
    await stripe.renewals({ retryDays: [1, 2], afterRetries });
    try {
      const rate_plan = `rates_${crypto.randomUUID().slice(0, 8)}`;
      await sql`insert into public.rate_plans (code, name) values (${rate_plan}, 'Subscribers')`;
      const subscriber = await newSubscriber(await newPlan({ rate_plan }));
      await declineRenewals(subscriber);
      const ratePlan = async () =>
        (await sql`select rate_plan from public.users where id = ${subscriber.userId}`)[0]!.rate_plan;
      assert.equal(await ratePlan(), rate_plan);
      await passPeriod(subscriber);
      await followEvents();
      assert.equal((await standingOf(subscriber)).status, "past_due");
      assert.notEqual(await ratePlan(), rate_plan);
      await pass(4 * 86_400);
      await followEvents();
      const { status: now, credited } = await standingOf(subscriber);
      assert.deepEqual([now, credited], [status, [12]]);
      const kinds =
        await sql`select kind from public.notifications where user_id = ${subscriber.userId} order by id`;
      assert.deepEqual(
        kinds.map(({ kind }) => kind).filter((kind) => kind.startsWith("subscription_")),
        ["subscription_past_due", `subscription_${status}`],
      );
      if (status === "unpaid") {
        // The open invoice is paid after all.
        const { customer } = await stripeApi.subscriptions.retrieve(subscriber.stripeId);
        const card = await stripeApi.paymentMethods.attach("pm_card_visa", { customer: String(customer) });
        const { subscription } = fine(
          await manage(subscriber, { action: "pay_with", payment_method_id: card.id }),
        );
        assert.equal(subscription.status, "active");
        assert.equal(await ratePlan(), rate_plan);
      } else assert.match(await latestInvoiceOf(subscriber), /^in_/);
    } finally {
      await stripe.renewals();
    }
  });
}
