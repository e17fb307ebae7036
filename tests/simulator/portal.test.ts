import assert from "node:assert/strict";
import type Stripe from "stripe";
import { eventTypes, failureOf, getPage, postForm, withAccount } from "./support.ts";

const BACK = "https://shop.example/account";

async function customerWithCards(stripe: Stripe, ...cards: string[]) {
  const { id } = await stripe.customers.create({ email: "ada@example.com" });
  const methods: string[] = [];
  for (const card of cards) methods.push((await stripe.paymentMethods.attach(card, { customer: id })).id);
  return { customer: id, methods };
}

async function defaultOf(stripe: Stripe, id: string): Promise<unknown> {
  return (await stripe.customers.retrieve(id) as Stripe.Customer).invoice_settings.default_payment_method;
}

const NEW_CARD = {
  card_number: "5555555555554444",
  card_expiry: "12 / 40",
  card_cvc: "123",
  card_name: "Ada Lovelace",
  country: "US",
  postal_code: "94107",
};

Deno.test("a customer sees their cards, chooses the default and removes one", () =>
  withAccount(async ({ stripe }) => {
    const { customer, methods: [visa, amex] } = await customerWithCards(
      stripe,
      "pm_card_visa",
      "pm_card_amex",
    );
    const session = await stripe.billingPortal.sessions.create({ customer, return_url: BACK });
    assert.equal(session.object, "billing_portal.session");
    assert.equal(session.return_url, BACK);
    assert.ok(!("secret" in session));
    const page = await getPage(session.url);
    assert.match(page.text, /Visa ending in 4242/);
    assert.match(page.text, /American Express ending in 0005/);
    assert.match(page.text, new RegExp(`href="${BACK}"`));
    assert.ok(!page.text.includes("<strong>Default"));
    assert.equal((await postForm(`${session.url}/default`, { payment_method: amex! })).status, 303);
    assert.equal(await defaultOf(stripe, customer), amex);
    assert.match((await getPage(session.url)).text, /0005 <strong>Default<\/strong>/);
    await postForm(`${session.url}/remove`, { payment_method: amex! });
    assert.equal(await defaultOf(stripe, customer), null);
    const left = await stripe.paymentMethods.list({ customer });
    assert.deepEqual(left.data.map((each) => each.id), [visa]);
    assert.deepEqual((await eventTypes(stripe)).slice(-4), [
      "billing_portal.session.created",
      "customer.updated",
      "customer.updated",
      "payment_method.detached",
    ]);
  }));

Deno.test("the flow for a new card leads back where it was told to, with the card as the default", () =>
  withAccount(async ({ stripe }) => {
    const { customer } = await customerWithCards(stripe, "pm_card_visa");
    const session = await stripe.billingPortal.sessions.create({
      customer,
      return_url: BACK,
      flow_data: {
        type: "payment_method_update",
        after_completion: { type: "redirect", redirect: { return_url: `${BACK}?updated=1` } },
      },
    });
    assert.equal(session.flow?.type, "payment_method_update");
    assert.match((await getPage(session.url)).text, /Add a card/);
    const wrong = await postForm(`${session.url}/add`, { ...NEW_CARD, card_number: "4242" });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /id="card_number-error"/);
    const declined = await postForm(`${session.url}/add`, { ...NEW_CARD, card_number: "4000000000000002" });
    assert.equal(declined.status, 402);
    assert.match(declined.text, /Your card was declined/);
    const asked = await postForm(`${session.url}/add`, { ...NEW_CARD, card_number: "4000002500003155" });
    assert.match(asked.location!, /\/confirm$/);
    assert.match((await getPage(`${session.url}/confirm`)).text, /Confirm that Talktime may save your card/);
    assert.equal((await postForm(`${session.url}/confirm`, { answer: "refuse" })).status, 402);
    const done = await postForm(`${session.url}/add`, NEW_CARD);
    assert.equal(done.location, `${BACK}?updated=1`);
    const { data } = await stripe.paymentMethods.list({ customer });
    assert.deepEqual(data.map((each) => each.card?.last4), ["4444", "4242"]);
    assert.equal(await defaultOf(stripe, customer), data[0]?.id);
  }));

Deno.test("the control does the same without pages", () =>
  withAccount(async ({ stripe, control }) => {
    const { customer, methods: [visa] } = await customerWithCards(stripe, "pm_card_visa");
    const { url } = await stripe.billingPortal.sessions.create({ customer, return_url: BACK });
    const added = await control.portal(url, { addCard: "4000002500003155" });
    assert.equal(added.added?.kind, "saved");
    assert.equal(added.default_payment_method, added.cards[0]?.id);
    const changed = await control.portal(url, { makeDefault: visa, remove: added.cards[0]!.id });
    assert.deepEqual([changed.default_payment_method, changed.cards.length], [visa, 1]);
    const refused = await control.portal(url, { addCard: "4000000000000002" });
    assert.equal(refused.added?.kind, "declined");
  }));

Deno.test("an address is for one customer and a short time", () =>
  withAccount(async ({ stripe, control }) => {
    const mine = await customerWithCards(stripe, "pm_card_visa");
    const theirs = await customerWithCards(stripe, "pm_card_visa");
    const unopened = await stripe.billingPortal.sessions.create({ customer: mine.customer });
    const { url } = await stripe.billingPortal.sessions.create({ customer: mine.customer });
    const foreign = await postForm(`${url}/remove`, { payment_method: theirs.methods[0]! });
    assert.equal(foreign.status, 400);
    assert.equal((await stripe.paymentMethods.retrieve(theirs.methods[0]!)).customer, theirs.customer);
    await control.advanceClock(301);
    assert.equal((await getPage(unopened.url)).status, 404);
    assert.equal((await getPage(url)).status, 200);
    await control.advanceClock(3600);
    assert.equal((await getPage(url)).status, 404);
    await assert.rejects(control.portal(url), /expired/);
  }));

Deno.test("configurations can be made and listed, and what the portal lacks is refused", () =>
  withAccount(async ({ stripe }) => {
    const { customer, methods } = await customerWithCards(stripe, "pm_card_visa");
    const { data: [standard] } = await stripe.billingPortal.configurations.list({ is_default: true });
    assert.equal(standard?.features.payment_method_update.enabled, true);
    const reading = await stripe.billingPortal.configurations.create({
      default_return_url: BACK,
      features: { payment_method_update: { enabled: false } },
    });
    const session = await stripe.billingPortal.sessions.create({ customer, configuration: reading.id });
    assert.deepEqual([session.configuration, session.return_url], [reading.id, BACK]);
    assert.ok(!(await getPage(session.url)).text.includes("Remove"));
    assert.equal((await postForm(`${session.url}/remove`, { payment_method: methods[0]! })).status, 400);
    const invoices = await failureOf(
      stripe.billingPortal.configurations.create({ features: { invoice_history: { enabled: true } } }),
    );
    assert.equal(invoices.code, "not_simulated");
    const flow = await failureOf(
      stripe.billingPortal.sessions.create({ customer, flow_data: { type: "customer_update" } }),
    );
    assert.equal(flow.code, "not_simulated");
    const nobody = await failureOf(stripe.billingPortal.sessions.create({ customer: "cus_none" }));
    assert.deepEqual([nobody.statusCode, nobody.code, nobody.param], [400, "resource_missing", "customer"]);
  }));
