import assert from "node:assert/strict";
import type Stripe from "stripe";
import { eventTypes, failureOf, getPage, postForm, withAccount } from "./support.ts";

function openSetup(stripe: Stripe, params: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
  return stripe.checkout.sessions.create({
    mode: "setup",
    currency: "usd",
    success_url: "https://shop.example/saved?session_id={CHECKOUT_SESSION_ID}",
    ...params,
  });
}

const CARD = {
  email: "ada@example.com",
  method: "card",
  card_number: "4242424242424242",
  card_expiry: "12 / 40",
  card_cvc: "123",
  card_name: "Ada Lovelace",
  country: "US",
  postal_code: "94107",
};

Deno.test("the intent comes with the session, and succeeds on the page", () =>
  withAccount(async ({ stripe }) => {
    const customer = await stripe.customers.create({ email: "ada@example.com" });
    const session = await openSetup(stripe, {
      customer: customer.id,
      setup_intent_data: { metadata: { user_id: "user_1" } },
      expand: ["setup_intent"],
    });
    const before = session.setup_intent as Stripe.SetupIntent;
    assert.deepEqual([before.status, before.customer], ["requires_payment_method", customer.id]);
    assert.match((await getPage(session.url!)).text, /Nothing is charged now/);
    const done = await postForm(session.url!, CARD);
    assert.equal(done.location, `https://shop.example/saved?session_id=${session.id}`);
    const after = await stripe.setupIntents.retrieve(before.id);
    assert.deepEqual([after.status, after.usage, after.metadata?.user_id], [
      "succeeded",
      "off_session",
      "user_1",
    ]);
    const { data: [card] } = await stripe.paymentMethods.list({ customer: customer.id });
    assert.equal(card?.id, after.payment_method);
    assert.equal(card?.allow_redisplay, "always");
    const closed = await stripe.checkout.sessions.retrieve(session.id);
    assert.deepEqual([closed.status, closed.payment_status, closed.amount_total], [
      "complete",
      "no_payment_required",
      null,
    ]);
    assert.deepEqual((await eventTypes(stripe)).slice(1), [
      "setup_intent.created",
      "payment_method.attached",
      "setup_intent.succeeded",
      "checkout.session.completed",
    ]);
  }));

Deno.test("a refused card leaves a failed attempt behind, and another one may be tried", () =>
  withAccount(async ({ stripe, control }) => {
    const { id: customer } = await stripe.customers.create({});
    const { id } = await openSetup(stripe, { customer });
    const declined = await control.payCheckout(id, { card: "4000000000000002" });
    assert.equal(declined.kind === "declined" && declined.declineCode, "generic_decline");
    const read = async () => {
      const session = await stripe.checkout.sessions.retrieve(id, { expand: ["setup_intent"] });
      return session.setup_intent as Stripe.SetupIntent;
    };
    const failed = await read();
    assert.deepEqual([failed.status, failed.last_setup_error?.decline_code], [
      "requires_payment_method",
      "generic_decline",
    ]);
    const refused = await control.payCheckout(id, { card: "4000002500003155", authenticate: false });
    assert.equal(refused.kind, "declined");
    assert.equal((await read()).last_setup_error?.code, "setup_intent_authentication_failure");
    assert.equal((await control.payCheckout(id, { card: "4000002500003155" })).kind, "complete");
    const saved = await read();
    assert.deepEqual([saved.id, saved.status, saved.last_setup_error], [failed.id, "succeeded", null]);
    const paid = await stripe.paymentIntents.create({
      amount: 1000,
      currency: "usd",
      customer,
      payment_method: String(saved.payment_method),
      off_session: true,
      confirm: true,
    });
    assert.equal(paid.status, "succeeded", "it was authenticated while it was saved");
    const types = (await eventTypes(stripe)).filter((type) => type.startsWith("setup_intent."));
    assert.deepEqual(types, [
      "setup_intent.created",
      "setup_intent.setup_failed",
      "setup_intent.requires_action",
      "setup_intent.setup_failed",
      "setup_intent.requires_action",
      "setup_intent.succeeded",
    ]);
  }));

Deno.test("the intent ends with its session, and not by itself", () =>
  withAccount(async ({ stripe }) => {
    const session = await openSetup(stripe);
    const refused = await failureOf(stripe.setupIntents.cancel(String(session.setup_intent)));
    assert.match(refused.message, /Expire the Checkout Session instead/);
    await stripe.checkout.sessions.expire(session.id);
    assert.equal((await stripe.setupIntents.retrieve(String(session.setup_intent))).status, "canceled");
  }));

Deno.test("without a customer the card is set up for whoever attaches it; always makes one", () =>
  withAccount(async ({ stripe, control }) => {
    const guest = await openSetup(stripe);
    await control.payCheckout(guest.id);
    const loose = await stripe.checkout.sessions.retrieve(guest.id, {
      expand: ["setup_intent.payment_method"],
    });
    assert.equal(loose.customer, null);
    const method = (loose.setup_intent as Stripe.SetupIntent).payment_method as Stripe.PaymentMethod;
    assert.equal(method.customer, null);
    const { id: customer } = await stripe.customers.create({});
    assert.equal((await stripe.paymentMethods.attach(method.id, { customer })).customer, customer);
    const always = await openSetup(stripe, { customer_creation: "always" });
    await control.payCheckout(always.id);
    const known = await stripe.checkout.sessions.retrieve(always.id, { expand: ["setup_intent"] });
    assert.match(String(known.customer), /^cus_/);
    assert.equal((known.setup_intent as Stripe.SetupIntent).customer, known.customer);
  }));

Deno.test("setup mode takes a currency and nothing that costs", () =>
  withAccount(async ({ stripe }) => {
    const none = await failureOf(openSetup(stripe, { currency: undefined }));
    assert.equal(none.param, "currency");
    const cards = await openSetup(stripe, { currency: undefined, allowed_payment_method_types: ["card"] });
    assert.deepEqual(cards.payment_method_types, ["card"]);
    const tax = await failureOf(openSetup(stripe, { automatic_tax: { enabled: true } }));
    assert.equal(tax.code, "not_simulated");
  }));
