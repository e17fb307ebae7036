import assert from "node:assert/strict";
import type Stripe from "stripe";
import { payCheckout } from "../../dev/stripe/control_routes.ts";
import { Simulator } from "../../dev/stripe/simulator.ts";
import { runDueTasks } from "../../dev/stripe/tasks.ts";
import { createCustomer } from "../../dev/stripe/resources/customers.ts";
import { createPrice } from "../../dev/stripe/resources/prices.ts";
import { createProduct, type ProductParams } from "../../dev/stripe/resources/products.ts";
import { createSession } from "../../dev/stripe/resources/session_create.ts";
import { readSessionCreate } from "../../dev/stripe/resources/session_params.ts";
import {
  ABOUT_IT,
  type Account,
  failureOf,
  invoicesOf,
  recurringPrice,
  type Subscribed,
  subscribed,
  withAccount,
} from "./support.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

const at = (iso: string) => Date.parse(iso) / 1000;
const day = (seconds: number | null | undefined) =>
  seconds ? new Date(seconds * 1000).toISOString().slice(0, 10) : null;

/** A simulator that begins at a date of one's choice. */
function from(iso: string, work: (account: Account) => Promise<void>): Promise<void> {
  return withAccount(work, { clock: () => Date.parse(iso) });
}

async function until({ control }: Account, iso: string): Promise<void> {
  await control.advanceClock(at(iso) - await control.now());
}

const statusOf = async ({ stripe }: Account, { subscription }: Subscribed) =>
  (await stripe.subscriptions.retrieve(subscription.id)).status;

Deno.test("a period's end brings a draft, and an hour later it is paid", () =>
  from("2026-01-31T10:00:00Z", async (account) => {
    const { stripe } = account;
    const { subscription } = await subscribed(account);
    await until(account, "2026-02-28T09:59:59Z");
    assert.equal((await invoicesOf(stripe, subscription.id)).length, 1);
    await until(account, "2026-02-28T10:30:00Z");
    const draft = (await invoicesOf(stripe, subscription.id)).at(-1)!;
    assert.deepEqual([draft.status, draft.number, draft.amount_paid, draft.payments?.data.length], [
      "draft",
      null,
      0,
      0,
    ]);
    assert.equal(draft.next_payment_attempt, at("2026-02-28T11:00:00Z"));
    const between = await stripe.subscriptions.retrieve(subscription.id);
    assert.deepEqual([between.status, between.latest_invoice], ["active", draft.id]);
    assert.equal(between.items.data[0]?.current_period_end, at("2026-03-31T10:00:00Z"));
    await until(account, "2026-02-28T11:00:00Z");
    const paid = (await invoicesOf(stripe, subscription.id)).at(-1)!;
    assert.deepEqual([paid.id, paid.status, paid.billing_reason], [draft.id, "paid", "subscription_cycle"]);
    assert.equal(paid.status_transitions.paid_at, at("2026-02-28T11:00:00Z"));
    assert.deepEqual([day(paid.period_start), day(paid.period_end)], ["2026-01-31", "2026-02-28"]);
    const period = paid.lines.data[0]!.period;
    assert.deepEqual([day(period.start), day(period.end)], ["2026-02-28", "2026-03-31"]);
    const intent = paid.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
    const charge = intent.latest_charge as Stripe.Charge;
    assert.deepEqual([charge.status, charge.amount, charge.created], [
      "succeeded",
      2000,
      at("2026-02-28T11:00:00Z"),
    ]);
    assert.ok(charge.payment_method_details?.card?.fingerprint);
  }));

Deno.test("a leap over a year does everything in order, each at its own date", () =>
  from("2026-01-31T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const { subscription } = await subscribed(account);
    await until(account, "2027-01-31T12:00:00Z");
    const invoices = await invoicesOf(stripe, subscription.id);
    assert.deepEqual(invoices.map((invoice) => day(invoice.created)), [
      "2026-01-31",
      "2026-02-28",
      "2026-03-31",
      "2026-04-30",
      "2026-05-31",
      "2026-06-30",
      "2026-07-31",
      "2026-08-31",
      "2026-09-30",
      "2026-10-31",
      "2026-11-30",
      "2026-12-31",
      "2027-01-31",
    ]);
    assert.ok(invoices.every((invoice) => invoice.status === "paid"));
    assert.equal(new Set(invoices.map((invoice) => invoice.number)).size, 13);
    const events = await stripe.events.list({ limit: 100 });
    const dates = events.data.map((event) => event.created);
    assert.deepEqual(dates, [...dates].sort((a, b) => b - a));
    const books = await control.books();
    assert.equal(books.totals.usd?.amount, 13 * 2000);
    assert.deepEqual(books.payments.map((payment) => payment.invoice), invoices.map((each) => each.id));
    assert.ok(books.payments.every((payment) => payment.subscription === subscription.id));
    assert.deepEqual(books.payments.at(-1)?.metadata, ABOUT_IT);
    const recent = await stripe.invoices.list({ created: { gte: at("2026-12-01T00:00:00Z") } });
    assert.equal(recent.data.length, 2);
  }));

Deno.test("a yearly price is billed a year later, from a leap day too", () =>
  from("2028-02-29T08:00:00Z", async (account) => {
    const { stripe } = account;
    const price = await recurringPrice(stripe, { recurring: { interval: "year" }, unit_amount: 20_000 });
    const { subscription } = await subscribed(account, {}, price.id);
    await until(account, "2032-03-01T00:00:00Z");
    const invoices = await invoicesOf(stripe, subscription.id);
    assert.deepEqual(invoices.map((invoice) => day(invoice.created)), [
      "2028-02-29",
      "2029-02-28",
      "2030-02-28",
      "2031-02-28",
      "2032-02-29",
    ]);
  }));

Deno.test("a declined renewal is tried again after 3, 5 and 7 days, and then the subscription ends", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "insufficient_funds");
    await until(account, "2026-04-01T12:00:00Z");
    assert.equal(await statusOf(account, held), "past_due");
    const open = (await invoicesOf(stripe, held.subscription.id)).at(-1)!;
    assert.deepEqual([open.status, open.attempt_count, open.next_payment_attempt], [
      "open",
      1,
      at("2026-04-04T11:00:00Z"),
    ]);
    const intent = open.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
    assert.equal(intent.last_payment_error?.decline_code, "insufficient_funds");
    await until(account, "2026-04-17T00:00:00Z");
    const ended = await stripe.subscriptions.retrieve(held.subscription.id);
    assert.deepEqual([ended.status, ended.ended_at, ended.cancellation_details?.reason], [
      "canceled",
      at("2026-04-16T11:00:00Z"),
      "payment_failed",
    ]);
    const last = (await invoicesOf(stripe, held.subscription.id)).at(-1)!;
    assert.deepEqual([last.status, last.attempt_count, last.next_payment_attempt], ["open", 4, null]);
    const failures = await stripe.events.list({ type: "invoice.payment_failed" });
    assert.deepEqual(failures.data.map((event) => day(event.created)).reverse(), [
      "2026-04-01",
      "2026-04-04",
      "2026-04-09",
      "2026-04-16",
    ]);
    assert.equal((await stripe.events.list({ type: "customer.subscription.deleted" })).data.length, 1);
    await until(account, "2026-08-01T00:00:00Z");
    assert.equal((await invoicesOf(stripe, held.subscription.id)).length, 2);
    assert.equal((await control.books()).totals.usd?.amount, 2000);
  }));

Deno.test("a card that pays again saves it at the next attempt", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "generic_decline");
    await until(account, "2026-04-05T00:00:00Z");
    assert.equal(await statusOf(account, held), "past_due");
    const card = await stripe.paymentMethods.attach("pm_card_mastercard", { customer: held.customer });
    await stripe.subscriptions.update(held.subscription.id, { default_payment_method: card.id });
    await until(account, "2026-04-09T10:00:00Z");
    assert.equal(await statusOf(account, held), "past_due", "nothing happens before the next attempt");
    await until(account, "2026-04-09T11:00:00Z");
    assert.equal(await statusOf(account, held), "active");
    const paid = (await invoicesOf(stripe, held.subscription.id)).at(-1)!;
    assert.deepEqual([paid.status, paid.attempt_count, day(paid.status_transitions.paid_at)], [
      "paid",
      3,
      "2026-04-09",
    ]);
    const intent = paid.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
    assert.equal((intent.latest_charge as Stripe.Charge).payment_method, card.id);
    await until(account, "2026-05-02T00:00:00Z");
    assert.equal((await invoicesOf(stripe, held.subscription.id)).length, 3, "the billing date stays");
  }));

Deno.test("a network's new number, and a customer's default, are charged too", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "expired_card");
    await until(account, "2026-04-02T00:00:00Z");
    await control.updateCard(held.card, { number: "5555555555554444" });
    await until(account, "2026-04-05T00:00:00Z");
    assert.equal(await statusOf(account, held), "active");
    await stripe.paymentMethods.detach(held.card);
    const bare = await stripe.subscriptions.retrieve(held.subscription.id);
    assert.equal(bare.default_payment_method, null);
    await until(account, "2026-05-02T00:00:00Z");
    assert.equal(await statusOf(account, held), "past_due", "nothing is there to be charged");
    const portal = await stripe.billingPortal.sessions.create({ customer: held.customer });
    await control.portal(portal.id, { addCard: "4242424242424242" });
    await until(account, "2026-05-05T00:00:00Z");
    assert.equal(await statusOf(account, held), "active");
  }));

Deno.test("a lost card is not charged again; the attempts only count", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "lost_card");
    await until(account, "2026-04-10T00:00:00Z");
    const open = (await invoicesOf(stripe, held.subscription.id)).at(-1)!;
    assert.equal(open.attempt_count, 3);
    const { data } = await stripe.charges.list({ customer: held.customer });
    assert.deepEqual(data.map((charge) => charge.status), ["failed", "succeeded"]);
  }));

Deno.test("a card that asks for its owner declines, and an event says so", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "authentication_required");
    await until(account, "2026-04-02T00:00:00Z");
    assert.equal(await statusOf(account, held), "past_due");
    const { data: [event] } = await stripe.events.list({ type: "invoice.payment_action_required" });
    const open = event?.data.object as Stripe.Invoice;
    await control.mutateInvoice(open.id, { currency: "eur" });
    assert.equal((await stripe.invoices.retrieve(open.id)).currency, "eur");
    await control.forget(open.id);
    assert.equal((await failureOf(stripe.invoices.retrieve(open.id))).statusCode, 404);
    await until(account, "2026-05-02T00:00:00Z");
    assert.equal((await invoicesOf(stripe, held.subscription.id)).length, 2, "life goes on without it");
  }));

Deno.test("retries are set by control, and unpaid keeps the subscription and its drafts", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    assert.deepEqual(await control.renewals({ retryDays: [1], afterRetries: "unpaid" }), {
      retryDays: [1],
      afterRetries: "unpaid",
      draftSeconds: HOUR,
    });
    await assert.rejects(control.renewals({ retryDays: [0] }), /retryDays/);
    const held = await subscribed(account);
    await control.declineFrom(held.card, "do_not_honor");
    await until(account, "2026-04-02T12:00:00Z");
    assert.equal(await statusOf(account, held), "unpaid");
    await until(account, "2026-06-02T00:00:00Z");
    const invoices = await invoicesOf(stripe, held.subscription.id);
    assert.deepEqual(invoices.map((each) => [each.status, each.attempt_count, each.auto_advance]), [
      ["paid", 1, false],
      ["open", 2, true],
      ["draft", 0, false],
      ["draft", 0, false],
    ]);
    await control.declineFrom(held.card, null);
    await stripe.invoices.pay(invoices[1]!.id);
    assert.equal(await statusOf(account, held), "unpaid", "an older invoice does not bring it back");
    await stripe.invoices.pay(invoices[3]!.id);
    assert.equal(await statusOf(account, held), "active");
    await until(account, "2026-07-02T00:00:00Z");
    assert.equal((await invoicesOf(stripe, held.subscription.id)).at(-1)?.status, "paid");
  }));

Deno.test("an invoice can be paid by asking, declined or not, without moving the schedule", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await control.declineFrom(held.card, "generic_decline");
    await until(account, "2026-04-01T12:00:00Z");
    const open = (await invoicesOf(stripe, held.subscription.id)).at(-1)!;
    const error = await failureOf(stripe.invoices.pay(open.id));
    assert.deepEqual([error.type, error.decline_code], ["StripeCardError", "generic_decline"]);
    const after = await stripe.invoices.retrieve(open.id);
    assert.deepEqual([after.attempt_count, after.next_payment_attempt], [1, open.next_payment_attempt]);
    const paid = await stripe.invoices.pay(open.id, { payment_method: "pm_card_visa" });
    assert.deepEqual([paid.status, paid.amount_paid], ["paid", 2000]);
    assert.equal(await statusOf(account, held), "active");
    assert.match((await failureOf(stripe.invoices.pay(open.id))).message, /already paid/);
  }));

Deno.test("an invoice is voided or given up by the merchant", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    await control.renewals({ retryDays: [20, 20, 20] });
    const held = await subscribed(account);
    await control.declineFrom(held.card, "generic_decline");
    await until(account, "2026-05-02T00:00:00Z");
    const [, april, may] = await invoicesOf(stripe, held.subscription.id);
    const hopeless = await stripe.invoices.markUncollectible(april!.id);
    assert.deepEqual([hopeless.status, hopeless.status_details?.uncollectible?.reason], [
      "uncollectible",
      "user_forgiven",
    ]);
    const dead = await stripe.invoices.voidInvoice(may!.id);
    assert.deepEqual([dead.status, dead.next_payment_attempt], ["void", null]);
    await until(account, "2026-05-31T00:00:00Z");
    const { data } = await stripe.charges.list({ customer: held.customer });
    const failed = data.filter((charge) => charge.status === "failed");
    assert.equal(failed.length, 3, "the first try and one more in April, the first try in May");
  }));

Deno.test("an invoice's charge is refunded and disputed as any other", () =>
  from("2026-03-01T10:00:00Z", async (account) => {
    const { stripe, control } = account;
    const held = await subscribed(account);
    await until(account, "2026-04-02T00:00:00Z");
    const [first, second] = await invoicesOf(stripe, held.subscription.id);
    const intent = first!.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
    await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
    const dispute = await control.openDispute(second!.id);
    assert.equal(dispute.amount, 2000);
    const { payments } = await control.books();
    assert.deepEqual(payments.map((each) => [each.invoice, each.refunded, each.disputed_withdrawn]), [
      [first!.id, 500, 0],
      [second!.id, 0, 2000],
    ]);
    assert.equal((await stripe.invoices.retrieve(first!.id)).status, "paid", "a refund leaves it paid");
  }));

/** Twenty subscriptions of which every second one declines from its first renewal on, over a year. */
function yearOfRenewals(): { sim: Simulator; took: number } {
  const sim = new Simulator({ publicUrl: "http://stripe.example", clock: () => Date.parse("2026-01-31") });
  const { id: product } = createProduct(sim, { name: "Plus" } as ProductParams);
  const recurring = { interval: "month" } as const;
  const price = createPrice(sim, { currency: "usd", unit_amount: 2000, product, recurring });
  const form = {
    mode: "subscription",
    success_url: "https://shop.example",
    line_items: [{ price: price.id, quantity: "1" }],
  };
  for (let index = 0; index < 20; index++) {
    const customer = createCustomer(sim, { email: `${index}@example.com` }).id;
    payCheckout(sim, createSession(sim, readSessionCreate({ ...form, customer })).id, {});
  }
  for (const [index, { id }] of sim.store.paymentMethods.values().entries()) {
    const declines = index % 2 === 0 ? "insufficient_funds" : null;
    sim.store.instruments.put({ ...sim.store.instruments.need(id), declines });
  }
  const started = performance.now();
  sim.advanceClock(366 * DAY);
  runDueTasks(sim);
  return { sim, took: performance.now() - started };
}

Deno.test("a year of twenty subscriptions with failures takes well under a second", () => {
  // The quickest of three, so that a busy machine does not decide.
  const rounds = [yearOfRenewals(), yearOfRenewals(), yearOfRenewals()];
  for (const { sim } of rounds) {
    const { invoices, subscriptions } = sim.store;
    assert.equal(invoices.values().filter((invoice) => invoice.status === "paid").length, 20 + 10 * 12);
    assert.equal(subscriptions.values().filter((each) => each.status === "canceled").length, 10);
  }
  const best = Math.min(...rounds.map((round) => round.took));
  assert.ok(best < 1000, `${Math.round(best)} ms`);
});
