import assert from "node:assert/strict";
import { failureOf, getPage, invoicesOf, recurringPrice, subscribed, withAccount } from "./support.ts";

const DAY = 86_400;

Deno.test("another price without proration is on the next invoice", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { subscription } = await subscribed(account);
    const dearer = await recurringPrice(stripe, { unit_amount: 5000, lookup_key: "pro" });
    const item = subscription.items.data[0]!;
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: dearer.id }],
      proration_behavior: "none",
    });
    assert.deepEqual([changed.items.data[0]?.id, changed.items.data[0]?.price.lookup_key], [item.id, "pro"]);
    assert.equal(changed.items.data[0]?.current_period_end, item.current_period_end);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 1);
    await control.advanceClock(32 * DAY);
    const [, next] = await invoicesOf(stripe, subscription.id);
    assert.deepEqual([next?.amount_paid, next?.lines.data[0]?.pricing?.price_details?.price], [
      5000,
      dearer.id,
    ]);
  }));

Deno.test("a change that would have to be prorated or moved is refused", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const { subscription } = await subscribed(account);
    const id = subscription.items.data[0]!.id;
    const dearer = await recurringPrice(stripe, { unit_amount: 5000 });
    const refused = async (params: Parameters<typeof stripe.subscriptions.update>[1]) => {
      const error = await failureOf(stripe.subscriptions.update(subscription.id, params));
      return [error.code, error.param];
    };
    const items = [{ id, price: dearer.id }];
    assert.deepEqual(await refused({ items }), ["not_simulated", "proration_behavior"]);
    assert.deepEqual(await refused({ items, proration_behavior: "always_invoice" }), [
      "not_simulated",
      "proration_behavior",
    ]);
    const none = { proration_behavior: "none" } as const;
    assert.deepEqual(await refused({ items: [{ price: dearer.id }], ...none }), [
      "not_simulated",
      "items[0][id]",
    ]);
    const yearly = await recurringPrice(stripe, { recurring: { interval: "year" } });
    assert.deepEqual(await refused({ items: [{ id, price: yearly.id }], ...none }), [
      "not_simulated",
      "items[0][price]",
    ]);
    const euro = await recurringPrice(stripe, { currency: "eur" });
    assert.deepEqual(await refused({ items: [{ id, price: euro.id }], ...none }), [
      undefined,
      "items[0][price]",
    ]);
    await stripe.prices.update(dearer.id, { active: false });
    assert.deepEqual(await refused({ items, ...none }), [undefined, "items[0][price]"]);
    assert.deepEqual(await refused({ trial_end: "now" }), ["not_simulated", "trial_end"]);
    assert.deepEqual(await refused({ default_payment_method: "pm_none" }), [
      "resource_missing",
      "default_payment_method",
    ]);
  }));

Deno.test("it ends with the period, unless that is taken back", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { subscription } = await subscribed(account);
    const end = subscription.items.data[0]!.current_period_end;
    const leaving = await stripe.subscriptions.update(subscription.id, {
      cancel_at_period_end: true,
      cancellation_details: { feedback: "unused" },
    });
    assert.deepEqual(
      [leaving.status, leaving.cancel_at_period_end, leaving.cancel_at, leaving.ended_at],
      ["active", true, end, null],
    );
    assert.ok(leaving.canceled_at);
    assert.deepEqual([leaving.cancellation_details?.reason, leaving.cancellation_details?.feedback], [
      "cancellation_requested",
      "unused",
    ]);
    const staying = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    assert.deepEqual([staying.cancel_at, staying.canceled_at, staying.cancellation_details?.reason], [
      null,
      null,
      null,
    ]);
    await control.advanceClock(32 * DAY);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 2);
    const again = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await control.advanceClock(40 * DAY);
    const ended = await stripe.subscriptions.retrieve(subscription.id);
    assert.deepEqual([ended.status, ended.ended_at, ended.canceled_at], [
      "canceled",
      again.cancel_at,
      again.canceled_at,
    ]);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 2);
    const { data: [event] } = await stripe.events.list({ type: "customer.subscription.deleted" });
    assert.equal(event?.created, again.cancel_at);
  }));

Deno.test("it is canceled at once, and then only its metadata can change", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { subscription } = await subscribed(account);
    assert.equal(
      (await failureOf(stripe.subscriptions.cancel(subscription.id, { prorate: true }))).code,
      "not_simulated",
    );
    const gone = await stripe.subscriptions.cancel(subscription.id, {
      cancellation_details: { comment: "Enough" },
    });
    assert.deepEqual([gone.status, gone.ended_at, gone.cancellation_details?.comment], [
      "canceled",
      gone.canceled_at,
      "Enough",
    ]);
    await control.advanceClock(100 * DAY);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 1);
    assert.equal((await failureOf(stripe.subscriptions.cancel(subscription.id))).statusCode, 404);
    const error = await failureOf(
      stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }),
    );
    assert.equal(error.code, "invalid_canceled_subscription_fields");
    const noted = await stripe.subscriptions.update(subscription.id, { metadata: { note: "x" } });
    assert.equal(noted.metadata.note, "x");
  }));

Deno.test("a deleted customer's subscription ends", () =>
  withAccount(async (account) => {
    const { subscription, customer } = await subscribed(account);
    await account.stripe.customers.del(customer);
    assert.equal((await account.stripe.subscriptions.retrieve(subscription.id)).status, "canceled");
    await account.control.advanceClock(100 * DAY);
    assert.equal((await account.stripe.invoices.list()).data.length, 1);
  }));

Deno.test("lists leave out what was canceled unless asked, and filter", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const price = (await recurringPrice(stripe)).id;
    const kept = await subscribed(account, {}, price);
    const gone = await subscribed(account);
    await stripe.subscriptions.cancel(gone.subscription.id);
    const ids = async (params: Parameters<typeof stripe.subscriptions.list>[0]) =>
      (await stripe.subscriptions.list(params)).data.map((each) => each.id);
    assert.deepEqual(await ids({}), [kept.subscription.id]);
    assert.deepEqual(await ids({ status: "all" }), [gone.subscription.id, kept.subscription.id]);
    assert.deepEqual(await ids({ status: "canceled" }), [gone.subscription.id]);
    assert.deepEqual(await ids({ customer: kept.customer }), [kept.subscription.id]);
    assert.deepEqual(await ids({ price }), [kept.subscription.id]);
    assert.deepEqual(await ids({ current_period_end: { lt: kept.subscription.created } }), []);
    const items = await stripe.subscriptionItems.list({ subscription: kept.subscription.id });
    assert.equal(items.data[0]?.price.id, price);
    const missing = await failureOf(stripe.subscriptions.retrieve("sub_none"));
    assert.deepEqual([missing.statusCode, missing.code], [404, "resource_missing"]);
    const whole = await stripe.subscriptions.retrieve(kept.subscription.id, {
      expand: ["latest_invoice.payments", "default_payment_method", "customer", "items.data.price.product"],
    });
    assert.equal(typeof whole.latest_invoice === "object" && whole.latest_invoice?.payments?.data.length, 1);
  }));

Deno.test("a test clock moves the simulator's own time", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const now = await control.now();
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: now, name: "A year" });
    const { id: customer } = await stripe.customers.create({ test_clock: clock.id });
    const { subscription } = await subscribed(account, { customer });
    assert.equal(subscription.test_clock, clock.id);
    assert.equal(
      (await failureOf(stripe.customers.create({ test_clock: "clock_none" }))).param,
      "test_clock",
    );
    const moved = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: now + 100 * DAY });
    assert.deepEqual([moved.status, moved.frozen_time], ["ready", now + 100 * DAY]);
    assert.equal((await stripe.testHelpers.testClocks.retrieve(clock.id)).status, "ready");
    assert.ok(await control.now() >= now + 100 * DAY);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 4);
    assert.deepEqual((await stripe.subscriptions.list({ test_clock: clock.id })).data.length, 1);
    const back = await failureOf(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: now }));
    assert.equal(back.param, "frozen_time");
    const past = await failureOf(stripe.testHelpers.testClocks.create({ frozen_time: now }));
    assert.equal(past.code, "not_simulated");
  }));

Deno.test("renewals survive a restart", async () => {
  const folder = await Deno.makeTempDir();
  const stateFile = `${folder}/stripe.jsonl`;
  try {
    let id = "";
    await withAccount(async (account) => {
      await account.control.renewals({ draftSeconds: 0 });
      id = (await subscribed(account)).subscription.id;
    }, { stateFile });
    await withAccount(async ({ stripe, control }) => {
      await control.advanceClock(32 * DAY);
      const invoices = await invoicesOf(stripe, id);
      assert.deepEqual(invoices.map((invoice) => invoice.status), ["paid", "paid"]);
      assert.equal(invoices[1]?.created, invoices[1]?.status_transitions.paid_at, "without a draft's hour");
    }, { stateFile });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the simulator's own page shows what runs", () =>
  withAccount(async (account) => {
    const { subscription } = await subscribed(account);
    const { text } = await getPage(account.url);
    assert.match(text, /Subscriptions/);
    assert.match(text, new RegExp(subscription.id));
    assert.match(text, /Add 31 days/);
  }));
