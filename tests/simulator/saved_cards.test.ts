import assert from "node:assert/strict";
import type Stripe from "stripe";
import {
  type Account,
  getPage,
  openSession,
  paidSession,
  postForm,
  readPayment,
  withAccount,
} from "./support.ts";

const SAVE = { saved_payment_method_options: { payment_method_save: "enabled" } } as const;

/** A new customer who paid once and ticked the box. */
async function returning({ stripe, control }: Account, card?: string) {
  const { id: customer } = await stripe.customers.create({ email: "ada@example.com" });
  const { id } = await openSession(stripe, { customer, ...SAVE });
  await control.payCheckout(id, { save: true, ...(card ? { card } : {}) });
  const { charge } = await readPayment(stripe, id);
  return { customer, card: String(charge.payment_method) };
}

Deno.test("who ticks the box finds the card on the next page and pays with it", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { customer, card } = await returning(account);
    const saved = await stripe.paymentMethods.retrieve(card);
    assert.deepEqual([saved.customer, saved.allow_redisplay], [customer, "always"]);
    const { id, url } = await openSession(stripe, { customer });
    const page = await getPage(url!);
    assert.match(page.text, new RegExp(`value="saved:${card}" checked`));
    assert.match(page.text, /Visa ending in 4242/);
    const done = await postForm(url!, { method: `saved:${card}` });
    assert.equal(done.status, 303);
    const paid = await readPayment(stripe, id);
    assert.equal(paid.charge.payment_method, card);
    assert.equal(paid.session.customer_details?.email, "ada@example.com");
    assert.equal((await stripe.paymentMethods.list({ customer })).data.length, 1, "no second card was made");
    const { id: third } = await openSession(stripe, { customer });
    assert.equal((await control.payCheckout(third, { savedMethod: card })).kind, "complete");
  }));

Deno.test("a card kept for the merchant's use is saved but not offered, unless the session asks for it", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const kept = await paidSession(account, {
      customer_creation: "always",
      payment_intent_data: { setup_future_usage: "off_session" },
    });
    const customer = String(kept.session.customer);
    const { data: [card] } = await stripe.paymentMethods.list({ customer });
    assert.equal(card?.allow_redisplay, "limited");
    assert.equal(kept.intent.setup_future_usage, "off_session");
    const plain = await openSession(stripe, { customer });
    assert.ok(!(await getPage(plain.url!)).text.includes("saved:"));
    await assert.rejects(control.payCheckout(plain.id, { savedMethod: card!.id }), /No such PaymentMethod/);
    const asking = await openSession(stripe, {
      customer,
      saved_payment_method_options: { allow_redisplay_filters: ["always", "limited"] },
    });
    assert.match((await getPage(asking.url!)).text, new RegExp(`saved:${card!.id}`));
    await stripe.paymentMethods.update(card!.id, { allow_redisplay: "always" });
    assert.equal((await control.payCheckout(plain.id, { savedMethod: card!.id })).kind, "complete");
  }));

Deno.test("the merchant can decide who sees a card again", () =>
  withAccount(async (account) => {
    const { session } = await paidSession(account, {
      customer_creation: "always",
      payment_intent_data: { setup_future_usage: "off_session" },
      payment_method_data: { allow_redisplay: "always" },
    });
    const { data: [card] } = await account.stripe.paymentMethods.list({ customer: String(session.customer) });
    assert.equal(card?.allow_redisplay, "always");
  }));

Deno.test("a saved card that asks for it is confirmed, and one that is declined leaves the page open", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const asking = await returning(account, "4000002760003184");
    const { id, url } = await openSession(stripe, { customer: asking.customer });
    const sent = await postForm(url!, { method: `saved:${asking.card}` });
    assert.equal(sent.location, `/c/pay/${id}/confirm`);
    assert.equal((await postForm(`${url}/confirm`, { answer: "confirm" })).status, 303);
    const { customer, card } = await returning(account);
    await control.declineFrom(card, "insufficient_funds");
    const open = await openSession(stripe, { customer });
    const declined = await control.payCheckout(open.id, { savedMethod: card });
    assert.deepEqual(declined.kind === "declined" && declined.declineCode, "insufficient_funds");
    assert.equal((await control.payCheckout(open.id, { card: "5555555555554444" })).kind, "complete");
  }));

Deno.test("a saved card is removed on the page only where the session allows it", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const { customer, card } = await returning(account);
    const plain = await openSession(stripe, { customer });
    assert.ok(!(await getPage(plain.url!)).text.includes("Remove"));
    await postForm(`${plain.url}/remove`, { payment_method: card });
    assert.equal((await stripe.paymentMethods.retrieve(card)).customer, customer);
    const open = await openSession(stripe, {
      customer,
      saved_payment_method_options: { payment_method_remove: "enabled" },
    });
    assert.match((await getPage(open.url!)).text, /aria-label="Remove Visa ending in 4242"/);
    await postForm(`${open.url}/remove`, { payment_method: card });
    assert.equal((await stripe.paymentMethods.retrieve(card)).customer, null);
    assert.ok(!(await getPage(open.url!)).text.includes("saved:"));
  }));

Deno.test("a saved card is taxed where it was saved", () =>
  withAccount(async ({ stripe, control }) => {
    const { id: customer } = await stripe.customers.create({
      email: "ada@example.com",
      address: { country: "US", state: "OR" },
    });
    const first = await openSession(stripe, { customer, ...SAVE });
    await control.payCheckout(first.id, { save: true, customerDetails: { country: "US", state: "NY" } });
    const { charge } = await readPayment(stripe, first.id);
    const second = await openSession(stripe, {
      customer,
      automatic_tax: { enabled: true },
      customer_update: { address: "auto" },
    });
    await control.payCheckout(second.id, { savedMethod: String(charge.payment_method) });
    const third = await openSession(stripe, {
      customer,
      automatic_tax: { enabled: true },
      customer_update: { address: "auto" },
    });
    const chosen = { method: `saved:${charge.payment_method}`, country: "US" };
    const own = await postForm(third.url!, { ...chosen, state: "", postal_code: "", shown_total: "1000" });
    assert.equal(own.status, 200);
    assert.match(own.text, /Pay \$10\.89/, "the card's own address");
    const other = await postForm(third.url!, {
      ...chosen,
      postal_code: "94107",
      state: "",
      shown_total: "1089",
    });
    assert.match(other.text, /Pay \$10\.73/, "the one that was entered");
    const paid: Stripe.Checkout.Session = await stripe.checkout.sessions.retrieve(second.id);
    assert.deepEqual([paid.total_details?.amount_tax, paid.amount_total], [89, 1089]);
  }));
