import assert from "node:assert/strict";
import type Stripe from "stripe";
import type { DeclineName } from "../../dev/stripe/control.ts";
import { type Account, eventTypes, failureOf, withAccount } from "./support.ts";

/** A customer with a card that paid its first payment, saved for later. */
async function customerWithCard({ stripe }: Account, card = "pm_card_visa") {
  const { id: customer } = await stripe.customers.create({ email: "ada@example.com" });
  const method = await stripe.paymentMethods.attach(card, { customer });
  return { customer, payment_method: method.id };
}

function charge(stripe: Stripe, saved: { customer: string; payment_method: string }, key?: string) {
  return stripe.paymentIntents.create({
    ...saved,
    amount: 1000,
    currency: "usd",
    off_session: true,
    confirm: true,
    metadata: { purchase_id: "p_1" },
  }, key ? { idempotencyKey: key } : {});
}

const advice = (error: Stripe.errors.StripeError) => (error.raw as { advice_code?: string }).advice_code;

Deno.test("a card that paid starts to be declined, each time in the words of its code", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const saved = await customerWithCard(account);
    assert.equal((await charge(stripe, saved)).status, "succeeded");
    const cases: [DeclineName, string, string | undefined][] = [
      ["insufficient_funds", "card_declined", "try_again_later"],
      ["lost_card", "card_declined", "do_not_try_again"],
      ["stolen_card", "card_declined", "do_not_try_again"],
      ["do_not_honor", "card_declined", "try_again_later"],
      ["expired_card", "expired_card", "confirm_card_data"],
      ["authentication_required", "authentication_required", undefined],
    ];
    for (const [name, code, wanted] of cases) {
      await control.declineFrom(saved.payment_method, name);
      const error = await failureOf(charge(stripe, saved));
      assert.deepEqual([error.type, error.statusCode], ["StripeCardError", 402]);
      assert.deepEqual([error.code, error.decline_code, advice(error)], [code, name, wanted]);
      assert.equal(error.payment_intent?.status, "requires_payment_method");
      assert.equal(error.payment_intent?.metadata.purchase_id, "p_1");
      const intent = await stripe.paymentIntents.retrieve(error.payment_intent!.id);
      assert.equal(intent.last_payment_error?.decline_code, name);
      assert.equal(intent.last_payment_error?.payment_method?.id, saved.payment_method);
    }
    await control.declineFrom(saved.payment_method, null);
    assert.equal((await charge(stripe, saved)).status, "succeeded");
    await assert.rejects(control.declineFrom(saved.payment_method, "bad_mood" as DeclineName), /no decline/);
    await assert.rejects(control.declineFrom("pm_none", "lost_card"), /No such PaymentMethod/);
  }));

Deno.test("a decline is kept under its idempotency key", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const saved = await customerWithCard(account);
    await control.declineFrom(saved.payment_method, "insufficient_funds");
    const first = await failureOf(charge(stripe, saved, "reload:1"));
    await control.declineFrom(saved.payment_method, null);
    const again = await failureOf(charge(stripe, saved, "reload:1"));
    assert.equal(again.payment_intent?.id, first.payment_intent?.id);
    assert.equal((await charge(stripe, saved, "reload:2")).status, "succeeded");
  }));

Deno.test("a bank that starts to ask lets the person confirm on a page", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const saved = await customerWithCard(account);
    await control.declineFrom(saved.payment_method, "authentication_required");
    const error = await failureOf(charge(stripe, saved));
    const intent = await stripe.paymentIntents.confirm(error.payment_intent!.id, {
      payment_method: saved.payment_method,
      return_url: "https://shop.example/back",
    });
    assert.equal(intent.status, "requires_action");
    const answer = await fetch(intent.next_action!.redirect_to_url!.url!, {
      method: "POST",
      body: new URLSearchParams({ answer: "confirm" }),
      redirect: "manual",
    });
    await answer.body?.cancel();
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, "succeeded");
  }));

Deno.test("a declined intent can be canceled, and then not be confirmed any more", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const saved = await customerWithCard(account);
    await control.declineFrom(saved.payment_method, "insufficient_funds");
    const { payment_intent } = await failureOf(charge(stripe, saved));
    const canceled = await stripe.paymentIntents.cancel(payment_intent!.id);
    assert.equal(canceled.status, "canceled");
    assert.ok(canceled.canceled_at);
    const error = await failureOf(
      stripe.paymentIntents.confirm(canceled.id, {
        ...{ payment_method: saved.payment_method },
        off_session: true,
      }),
    );
    assert.equal(error.code, "payment_intent_unexpected_state");
    assert.equal(error.payment_intent?.status, "canceled");
    assert.ok((await eventTypes(stripe)).includes("payment_intent.canceled"));
  }));

Deno.test("the network brings a card up to date, and the event says what changed", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const saved = await customerWithCard(account);
    await control.declineFrom(saved.payment_method, "expired_card");
    const before = await stripe.paymentMethods.retrieve(saved.payment_method);
    await control.updateCard(saved.payment_method, {
      number: "5555555555554444",
      exp_month: 3,
      exp_year: 2041,
    });
    const after = await stripe.paymentMethods.retrieve(saved.payment_method);
    assert.deepEqual([after.card?.last4, after.card?.brand, after.card?.exp_month, after.card?.exp_year], [
      "4444",
      "mastercard",
      3,
      2041,
    ]);
    const { data: [event] } = await stripe.events.list({ type: "payment_method.automatically_updated" });
    assert.equal((event!.data.object as Stripe.PaymentMethod).id, saved.payment_method);
    const previous = event!.data.previous_attributes as { card: Record<string, unknown> };
    assert.deepEqual([previous.card.last4, previous.card.exp_month], ["4242", before.card?.exp_month]);
    assert.equal(event!.request?.id, null);
    assert.equal((await charge(stripe, saved)).status, "succeeded", "a new number starts clean");
  }));

Deno.test("a deleted customer can be read but not used, and their cards are gone", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const saved = await customerWithCard(account);
    await stripe.customers.del(saved.customer);
    assert.equal((await stripe.customers.retrieve(saved.customer)).deleted, true);
    const calls: Promise<unknown>[] = [
      stripe.customers.update(saved.customer, { name: "Ada" }),
      charge(stripe, saved),
      stripe.paymentMethods.list({ customer: saved.customer }),
      stripe.billingPortal.sessions.create({ customer: saved.customer }),
      stripe.checkout.sessions.create({
        mode: "setup",
        currency: "usd",
        customer: saved.customer,
        success_url: "https://shop.example/done",
      }),
    ];
    for (const call of calls) assert.equal((await failureOf(call)).code, "resource_missing");
    assert.equal((await stripe.paymentMethods.retrieve(saved.payment_method)).customer, null);
  }));

Deno.test("a default is one of the customer's own cards, and goes with it", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const mine = await customerWithCard(account);
    const theirs = await customerWithCard(account);
    const set = (default_payment_method: string) =>
      stripe.customers.update(mine.customer, { invoice_settings: { default_payment_method } });
    assert.equal((await failureOf(set(theirs.payment_method))).code, "resource_missing");
    assert.equal(
      (await set(mine.payment_method)).invoice_settings.default_payment_method,
      mine.payment_method,
    );
    const { data: [event] } = await stripe.events.list({ type: "customer.updated" });
    assert.deepEqual(Object.keys(event!.data.previous_attributes!), ["invoice_settings"]);
    const expanded = await stripe.customers.retrieve(mine.customer, {
      expand: ["invoice_settings.default_payment_method"],
    }) as Stripe.Customer;
    assert.equal(
      (expanded.invoice_settings.default_payment_method as Stripe.PaymentMethod).card?.last4,
      "4242",
    );
    await stripe.paymentMethods.detach(mine.payment_method);
    const after = await stripe.customers.retrieve(mine.customer) as Stripe.Customer;
    assert.equal(after.invoice_settings.default_payment_method, null);
    assert.equal((await failureOf(stripe.paymentMethods.detach(mine.payment_method))).statusCode, 400);
  }));
