import assert from "node:assert/strict";
import type Stripe from "stripe";
import {
  ABOUT_IT,
  eventTypes,
  failureOf,
  getPage,
  invoicesOf,
  lineItem,
  openSession,
  openSubscription,
  postForm,
  recurringPrice,
  subscribed,
  withAccount,
} from "./support.ts";

const DAY = 86_400;

Deno.test("the page pays the first invoice, and the session names what came of it", () =>
  withAccount(async ({ stripe, control }) => {
    const price = await recurringPrice(stripe, { lookup_key: "plus_usd_2000_month" });
    const open = await openSubscription(stripe, {}, price.id);
    assert.deepEqual(
      [open.mode, open.status, open.payment_status, open.amount_total, open.customer_creation],
      ["subscription", "open", "unpaid", 2000, "always"],
    );
    assert.deepEqual([open.subscription, open.invoice, open.payment_intent], [null, null, null]);
    await control.payCheckout(open.id);
    const session = await stripe.checkout.sessions.retrieve(open.id, {
      expand: ["subscription", "invoice.payments"],
    });
    assert.deepEqual([session.status, session.payment_status, session.payment_intent], [
      "complete",
      "paid",
      null,
    ]);
    const subscription = session.subscription as Stripe.Subscription;
    const [item] = subscription.items.data;
    assert.equal(subscription.status, "active");
    assert.equal(subscription.customer, session.customer);
    assert.equal(subscription.latest_invoice, (session.invoice as Stripe.Invoice).id);
    assert.equal(subscription.collection_method, "charge_automatically");
    assert.deepEqual([subscription.cancel_at_period_end, subscription.ended_at], [false, null]);
    assert.deepEqual({ ...subscription.metadata }, ABOUT_IT);
    assert.deepEqual([item?.price.id, item?.price.lookup_key, item?.quantity], [
      price.id,
      "plus_usd_2000_month",
      1,
    ]);
    assert.equal(item?.current_period_start, subscription.start_date);
    const days = (item!.current_period_end - item!.current_period_start) / DAY;
    assert.ok(days >= 28 && days <= 31);
    const card = await stripe.paymentMethods.retrieve(String(subscription.default_payment_method));
    assert.deepEqual([card.customer, card.allow_redisplay], [session.customer, "limited"]);
    const [payment] = (session.invoice as Stripe.Invoice).payments!.data;
    const intent = await stripe.paymentIntents.retrieve(String(payment!.payment.payment_intent));
    assert.deepEqual([intent.status, intent.amount, intent.setup_future_usage], [
      "succeeded",
      2000,
      "off_session",
    ]);
    assert.deepEqual({ ...intent.metadata }, {}, "Stripe does not copy the metadata there");
    const listed = await stripe.checkout.sessions.list({ subscription: subscription.id });
    assert.deepEqual(listed.data.map((each) => each.id), [session.id]);
  }));

Deno.test("the first invoice says what it is for, in the words of the current API", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const { subscription, customer } = await subscribed(account);
    const [invoice] = await invoicesOf(stripe, subscription.id) as [Stripe.Invoice];
    assert.deepEqual(
      [invoice.billing_reason, invoice.status, invoice.total, invoice.amount_paid, invoice.amount_remaining],
      ["subscription_create", "paid", 2000, 2000, 0],
    );
    assert.deepEqual([invoice.attempt_count, invoice.attempted, invoice.next_payment_attempt], [
      1,
      true,
      null,
    ]);
    const details = invoice.parent?.subscription_details;
    assert.equal(details?.subscription, subscription.id);
    assert.deepEqual({ ...details?.metadata }, ABOUT_IT);
    const [line] = invoice.lines.data;
    const [item] = subscription.items.data;
    assert.deepEqual({ ...line?.period }, {
      start: item?.current_period_start,
      end: item?.current_period_end,
    });
    assert.deepEqual([invoice.period_start, invoice.period_end], [invoice.created, invoice.created]);
    assert.equal(line?.pricing?.price_details?.price, item?.price.id);
    assert.equal(line?.parent?.subscription_item_details?.subscription_item, item?.id);
    assert.equal(line?.description, "1 × Plus (at $20.00 / month)");
    const [payment] = invoice.payments!.data;
    const intent = payment!.payment.payment_intent as Stripe.PaymentIntent;
    assert.deepEqual([payment?.status, payment?.amount_paid, payment?.is_default], ["paid", 2000, true]);
    assert.equal((intent.latest_charge as Stripe.Charge).status, "succeeded");
    assert.equal((await stripe.invoices.retrieve(invoice.id)).payments, undefined, "only when asked for");
    const back = await stripe.invoicePayments.list({
      payment: { type: "payment_intent", payment_intent: intent.id },
    });
    assert.deepEqual(back.data.map((each) => each.invoice), [invoice.id]);
    assert.deepEqual((await stripe.invoices.list({ customer, status: "paid" })).data.length, 1);
    assert.deepEqual((await stripe.invoices.list({ created: { lt: invoice.created } })).data, []);
    const whole = await stripe.invoices.retrieve(invoice.id, {
      expand: ["parent.subscription_details.subscription"],
    });
    const price = await stripe.prices.retrieve(String(whole.lines.data[0]?.pricing?.price_details?.price));
    assert.equal(price.unit_amount, 2000);
    const tooDeep = { expand: ["lines.data.pricing.price_details.price"] };
    await assert.rejects(stripe.invoices.retrieve(invoice.id, tooDeep), /more than 4 levels/);
    assert.match((await getPage(invoice.hosted_invoice_url!)).text, /Paid on/);
  }));

Deno.test("events tell the story in order", () =>
  withAccount(async (account) => {
    await subscribed(account);
    const told = (await eventTypes(account.stripe)).filter((type) =>
      /^(customer\.sub|invoice\.|checkout|payment_intent)/.test(type)
    );
    assert.deepEqual(told, [
      "invoice.created",
      "payment_intent.created",
      "invoice.finalized",
      "customer.subscription.created",
      "payment_intent.succeeded",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
      "customer.subscription.updated",
      "checkout.session.completed",
    ]);
    const { data: [created] } = await account.stripe.events.list({ type: "customer.subscription.created" });
    assert.equal((created?.data.object as Stripe.Subscription).status, "incomplete");
    const { data: [updated] } = await account.stripe.events.list({ type: "customer.subscription.updated" });
    const before = updated?.data.previous_attributes as Partial<Stripe.Subscription>;
    assert.equal(before.status, "incomplete");
  }));

Deno.test("a declined first payment leaves the session open, and the same invoice is paid in the end", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSubscription(stripe);
    const declined = await control.payCheckout(id, { card: "4000000000000002" });
    assert.equal(declined.kind, "declined");
    const waiting = await stripe.checkout.sessions.retrieve(id);
    assert.deepEqual([waiting.status, waiting.subscription], ["open", null]);
    const { data: [incomplete] } = await stripe.subscriptions.list({ status: "incomplete" });
    assert.equal(incomplete?.status, "incomplete");
    const [open] = await invoicesOf(stripe, incomplete!.id);
    assert.deepEqual([open?.status, open?.attempt_count, open?.next_payment_attempt], ["open", 1, null]);
    await control.payCheckout(id, { card: "4000002500003155" });
    const done = await stripe.checkout.sessions.retrieve(id, { expand: ["subscription"] });
    const subscription = done.subscription as Stripe.Subscription;
    assert.deepEqual([subscription.id, subscription.status], [incomplete!.id, "active"]);
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 1);
  }));

Deno.test("a session that expires takes its unpaid subscription with it", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSubscription(stripe);
    await control.payCheckout(id, { card: "4000000000000002" });
    await stripe.checkout.sessions.expire(id);
    const { data: [dead] } = await stripe.subscriptions.list({ status: "ended" });
    assert.equal(dead?.status, "incomplete_expired");
    const [invoice] = await invoicesOf(stripe, dead!.id);
    const intent = invoice!.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
    assert.deepEqual([invoice?.status, intent.status], ["void", "canceled"]);
    await control.advanceClock(40 * DAY);
    assert.equal((await stripe.invoices.list()).data.length, 1);
  }));

Deno.test("authentication on the page, refused and then given", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSubscription(stripe);
    const card = "4000002760003184";
    const refused = await control.payCheckout(id, { card, authenticate: false });
    assert.equal(refused.kind, "declined");
    const given = await control.payCheckout(id, { card: "4000002500003155" });
    assert.equal(given.kind, "complete");
    await control.advanceClock(40 * DAY);
    const { subscription } = await stripe.checkout.sessions.retrieve(id);
    assert.deepEqual(
      (await invoicesOf(stripe, String(subscription))).map((invoice) => invoice.status),
      ["paid", "paid"],
      "the bank had confirmed that it may be charged again",
    );
  }));

Deno.test("an existing customer keeps their saved cards and pays with one", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { id: customer } = await stripe.customers.create({ email: "ada@example.com" });
    const card = await stripe.paymentMethods.attach("pm_card_visa", { customer });
    await stripe.paymentMethods.update(card.id, { allow_redisplay: "always" });
    const { id } = await openSubscription(stripe, { customer });
    await control.payCheckout(id, { savedMethod: card.id });
    const { data: [subscription] } = await stripe.subscriptions.list({ customer });
    assert.deepEqual([subscription?.status, subscription?.default_payment_method], ["active", card.id]);
  }));

Deno.test("a bank debit makes it active while the bank is asked", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSubscription(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    const session = await stripe.checkout.sessions.retrieve(id);
    assert.deepEqual([session.status, session.payment_status], ["complete", "unpaid"]);
    const subscription = String(session.subscription);
    assert.equal((await stripe.subscriptions.retrieve(subscription)).status, "active");
    assert.equal((await invoicesOf(stripe, subscription))[0]?.status, "open");
    await control.advanceClock(5 * DAY);
    assert.equal((await invoicesOf(stripe, subscription))[0]?.status, "paid");
    assert.equal((await stripe.checkout.sessions.retrieve(id)).payment_status, "paid");
    const second = await openSubscription(stripe);
    await control.payCheckout(second.id, { method: "us_bank_account" });
    await control.failPayment(second.id);
    const failed = await stripe.checkout.sessions.retrieve(second.id, { expand: ["subscription"] });
    assert.equal((failed.subscription as Stripe.Subscription).status, "past_due");
    assert.ok((await eventTypes(stripe)).includes("checkout.session.async_payment_failed"));
  }));

Deno.test("tax and discount are on the invoice, and only the coupon's first time", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: "once" });
    const { subscription, session } = await subscribed(account, {
      automatic_tax: { enabled: true },
      discounts: [{ coupon: coupon.id }],
    });
    assert.equal(session.amount_total, 1073);
    await control.advanceClock(32 * DAY);
    const [first, second] = await invoicesOf(stripe, subscription.id);
    assert.deepEqual([first?.total, first?.total_taxes?.[0]?.amount, first?.amount_paid], [1073, 73, 1073]);
    assert.equal(first?.total_discount_amounts?.[0]?.amount, 1000);
    assert.deepEqual([second?.total, second?.total_taxes?.[0]?.amount, second?.total_excluding_tax], [
      2145,
      145,
      2000,
    ]);
    assert.equal(second?.lines.data[0]?.taxes?.[0]?.amount, 145);
    const books = await control.books();
    assert.deepEqual(books.payments.map((payment) => [payment.amount, payment.tax]), [[1073, 73], [
      2145,
      145,
    ]]);
  }));

Deno.test("a first month for nothing keeps the card for the second", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const coupon = await stripe.coupons.create({ percent_off: 100, duration: "once" });
    const { subscription, session } = await subscribed(account, { discounts: [{ coupon: coupon.id }] });
    assert.equal(session.payment_status, "no_payment_required");
    assert.equal(subscription.status, "active");
    await control.advanceClock(32 * DAY);
    const invoices = await invoicesOf(stripe, subscription.id);
    assert.deepEqual(invoices.map((each) => [each.status, each.amount_paid, each.payments?.data.length]), [
      ["paid", 0, 0],
      ["paid", 2000, 1],
    ]);
    const { payments, totals } = await control.books();
    assert.deepEqual(payments.map((each) => each.amount), [0, 2000]);
    assert.equal(totals.usd?.amount, 2000);
  }));

Deno.test("another address between two attempts makes another subscription", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSubscription(stripe, { automatic_tax: { enabled: true } });
    await control.payCheckout(id, { card: "4000000000000002", customerDetails: { state: "NY" } });
    await control.payCheckout(id, { customerDetails: { state: "CA" } });
    const { data } = await stripe.subscriptions.list({ status: "all" });
    assert.deepEqual(data.map((each) => each.status), ["active", "incomplete_expired"]);
    assert.equal((await control.books()).totals.usd?.amount, 2145);
  }));

Deno.test("a person subscribes on the page, which says how often it costs", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSubscription(stripe);
    const first = await getPage(url!);
    assert.match(first.text, /Plus, every month/);
    assert.match(first.text, />Subscribe</);
    const done = await postForm(url!, {
      email: "ada@example.com",
      method: "card",
      card_number: "4242424242424242",
      card_expiry: "12 / 40",
      card_cvc: "123",
      card_name: "Ada Lovelace",
      country: "US",
      postal_code: "94107",
    });
    assert.equal(done.location, `https://shop.example/done?session_id=${id}`);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).status, "complete");
    assert.match((await getPage(url!)).text, /receipts/);
  }));

Deno.test("what does not belong in subscription mode is refused", () =>
  withAccount(async ({ stripe }) => {
    const monthly = await recurringPrice(stripe);
    const yearly = await recurringPrice(stripe, { recurring: { interval: "year", interval_count: 1 } });
    assert.deepEqual([yearly.type, yearly.recurring?.interval], ["recurring", "year"]);
    const refused = async (params: Partial<Stripe.Checkout.SessionCreateParams>) => {
      const error = await failureOf(openSubscription(stripe, params));
      return [error.code, error.param];
    };
    assert.deepEqual(await refused({ line_items: [lineItem()] }), [undefined, "line_items"]);
    assert.deepEqual(await refused({ customer_creation: "always" }), [undefined, "customer_creation"]);
    assert.deepEqual(await refused({ payment_intent_data: { metadata: { a: "b" } } }), [
      undefined,
      "payment_intent_data",
    ]);
    assert.deepEqual(await refused({ subscription_data: { trial_period_days: 7 } }), [
      "not_simulated",
      "subscription_data[trial_period_days]",
    ]);
    const both = [{ price: monthly.id, quantity: 1 }, { price: yearly.id, quantity: 1 }];
    assert.deepEqual(await refused({ line_items: both }), ["not_simulated", "line_items"]);
    const once = await failureOf(openSession(stripe, { line_items: [{ price: monthly.id, quantity: 1 }] }));
    assert.equal(once.param, "line_items[0][price]");
    const stray = await failureOf(openSession(stripe, { subscription_data: { description: "x" } }));
    assert.match(stray.message, /subscription_data/);
    const inline = await openSubscription(stripe, {
      line_items: [{
        price_data: {
          currency: "eur",
          unit_amount: 900,
          recurring: { interval: "week", interval_count: 2 },
          product_data: { name: "Fortnight" },
        },
        quantity: 1,
      }],
    });
    assert.equal(inline.amount_total, 900);
  }));
