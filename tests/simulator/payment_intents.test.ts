import assert from "node:assert/strict";
import type Stripe from "stripe";
import { type Account, failureOf, paidSession, withAccount } from "./support.ts";

/** A customer whose card was saved on the page, and a payment without them. */
async function savedCard(account: Account, card?: string) {
  const { session, charge } = await paidSession(account, {
    customer_creation: "always",
    payment_intent_data: { setup_future_usage: "off_session" },
  }, card);
  return { customer: String(session.customer), payment_method: String(charge.payment_method) };
}

function offSession(stripe: Stripe, params: Partial<Stripe.PaymentIntentCreateParams>) {
  return stripe.paymentIntents.create({
    amount: 1000,
    currency: "usd",
    off_session: true,
    confirm: true,
    ...params,
  });
}

Deno.test("a saved card pays off session", () =>
  withAccount(async (account) => {
    const saved = await savedCard(account);
    const intent = await offSession(account.stripe, { ...saved, metadata: { purchase_id: "p_2" } });
    assert.equal(intent.status, "succeeded");
    const charge = await account.stripe.charges.retrieve(String(intent.latest_charge));
    assert.equal(charge.customer, saved.customer);
    assert.deepEqual({ ...charge.metadata }, { purchase_id: "p_2" });
  }));

Deno.test("a decline is a card error that carries its codes and the intent", () =>
  withAccount(async ({ stripe }) => {
    const error = await failureOf(
      offSession(stripe, { payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds" }),
    );
    assert.equal(error.type, "StripeCardError");
    assert.equal(error.statusCode, 402);
    assert.equal(error.code, "card_declined");
    assert.equal(error.decline_code, "insufficient_funds");
    assert.equal((error.raw as { advice_code?: string }).advice_code, "try_again_later");
    assert.equal(error.payment_intent?.status, "requires_payment_method");
    const intent = await stripe.paymentIntents.retrieve(error.payment_intent!.id);
    assert.equal(intent.last_payment_error?.decline_code, "insufficient_funds");
    assert.equal((await stripe.charges.retrieve(String(error.charge))).status, "failed");
    const retried = await stripe.paymentIntents.confirm(intent.id, {
      payment_method: "pm_card_visa",
      return_url: "https://shop.example/back",
    });
    assert.equal(retried.status, "succeeded");
  }));

Deno.test("a card that can be saved but not charged is declined off session", () =>
  withAccount(async ({ stripe }) => {
    const customer = await stripe.customers.create({});
    const method = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", {
      customer: customer.id,
    });
    const error = await failureOf(
      offSession(stripe, { customer: customer.id, payment_method: method.id }),
    );
    assert.equal(error.code, "card_declined");
    const refused = await failureOf(
      stripe.paymentMethods.attach("pm_card_chargeDeclined", { customer: customer.id }),
    );
    assert.equal(refused.code, "resource_missing", "there is no such id");
    const declined = await failureOf(
      stripe.paymentMethods.attach("pm_card_visa_chargeDeclined", { customer: customer.id }),
    );
    assert.equal(declined.code, "card_declined");
  }));

Deno.test("a card that always asks for authentication brings the person back to a page", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const saved = await savedCard(account, "4000002760003184");
    const error = await failureOf(offSession(stripe, saved));
    assert.equal(error.code, "authentication_required");
    assert.equal(error.decline_code, "authentication_required");
    const intent = await stripe.paymentIntents.confirm(error.payment_intent!.id, {
      payment_method: saved.payment_method,
      return_url: "https://shop.example/back",
    });
    assert.equal(intent.status, "requires_action");
    const page = intent.next_action!.redirect_to_url!.url!;
    assert.match(await (await fetch(page)).text(), /Confirm the payment of \$10\.00/);
    const answer = await fetch(page, {
      method: "POST",
      body: new URLSearchParams({ answer: "confirm" }),
      redirect: "manual",
    });
    await answer.body?.cancel();
    const back = new URL(answer.headers.get("location")!);
    assert.equal(back.searchParams.get("redirect_status"), "succeeded");
    assert.equal(back.searchParams.get("payment_intent"), intent.id);
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, "succeeded");
  }));

Deno.test("a card authenticated while it was saved pays off session afterwards", () =>
  withAccount(async (account) => {
    const saved = await savedCard(account, "4000002500003155");
    assert.equal((await offSession(account.stripe, saved)).status, "succeeded");
    const never = await failureOf(
      offSession(account.stripe, { payment_method: "pm_card_authenticationRequiredOnSetup" }),
    );
    assert.equal(never.code, "authentication_required");
  }));

Deno.test("refusing at the bank leaves the intent waiting for another method", () =>
  withAccount(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({
      amount: 1000,
      currency: "usd",
      payment_method: "pm_card_authenticationRequired",
      confirm: true,
      return_url: "https://shop.example/back",
    });
    const answer = await fetch(intent.next_action!.redirect_to_url!.url!, {
      method: "POST",
      body: new URLSearchParams({ answer: "refuse" }),
      redirect: "manual",
    });
    await answer.body?.cancel();
    assert.match(answer.headers.get("location")!, /redirect_status=failed/);
    const after = await stripe.paymentIntents.retrieve(intent.id);
    assert.equal(after.status, "requires_payment_method");
    assert.equal(after.last_payment_error?.code, "payment_intent_authentication_failure");
  }));

Deno.test("an intent goes through confirm and cancel only from states that allow it", () =>
  withAccount(async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1000, currency: "usd" });
    assert.equal(intent.status, "requires_payment_method");
    const early = await failureOf(stripe.paymentIntents.confirm(intent.id));
    assert.equal(early.code, "payment_intent_unexpected_state");
    const without = await failureOf(
      stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" }),
    );
    assert.equal(without.param, "return_url");
    const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: "abandoned" });
    assert.deepEqual([canceled.status, canceled.cancellation_reason], ["canceled", "abandoned"]);
    assert.equal((await failureOf(stripe.paymentIntents.cancel(intent.id))).statusCode, 400);
  }));

Deno.test("the same number has the same fingerprint, and another number another", () =>
  withAccount(async ({ stripe }) => {
    const of = async (id: string) => (await stripe.paymentMethods.retrieve(id)).card?.fingerprint;
    assert.equal(await of("pm_card_visa"), await of("pm_card_visa"));
    assert.notEqual(await of("pm_card_visa"), await of("pm_card_mastercard"));
  }));

Deno.test("a method belongs to one customer, and a detached one to nobody again", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const saved = await savedCard(account);
    const other = await stripe.customers.create({});
    const taken = await failureOf(
      stripe.paymentMethods.attach(saved.payment_method, { customer: other.id }),
    );
    assert.match(taken.message, /already been attached/);
    const foreign = await failureOf(offSession(stripe, { ...saved, customer: other.id }));
    assert.equal(foreign.param, "payment_method");
    await stripe.customers.update(saved.customer, {
      invoice_settings: { default_payment_method: saved.payment_method },
    });
    await stripe.paymentMethods.detach(saved.payment_method);
    const customer = await stripe.customers.retrieve(saved.customer) as Stripe.Customer;
    assert.equal(customer.invoice_settings.default_payment_method, null);
    assert.equal((await stripe.paymentMethods.list({ customer: saved.customer })).data.length, 0);
    assert.match((await failureOf(offSession(stripe, saved))).message, /may not be used again/);
  }));
