import assert from "node:assert/strict";
import { failureOf, lineItem, openSession, paidSession, readPayment, withAccount } from "./support.ts";

Deno.test("a paid session is complete and paid, with its intent, charge and money", () =>
  withAccount(async (account) => {
    const { session, intent, charge } = await paidSession(account, {
      client_reference_id: "user_1",
      payment_intent_data: { metadata: { purchase_id: "p_1" }, description: "$10 call credit" },
    });
    assert.equal(session.status, "complete");
    assert.equal(session.payment_status, "paid");
    assert.equal(session.url, null);
    assert.equal(session.customer_details?.email, "customer@example.com");
    assert.equal(session.customer, null, "nobody asked for a customer");
    assert.equal(intent.status, "succeeded");
    assert.equal(intent.amount_received, 1000);
    assert.deepEqual({ ...intent.metadata }, { purchase_id: "p_1" });
    assert.equal(charge.paid, true);
    assert.equal(charge.description, "$10 call credit");
    assert.equal(charge.payment_method_details?.card?.last4, "4242");
    assert.ok(charge.receipt_url);
    const money = await account.stripe.balanceTransactions.retrieve(String(charge.balance_transaction));
    assert.deepEqual([money.type, money.amount, money.fee, money.net], ["charge", 1000, 59, 941]);
    assert.equal(money.source, charge.id);
  }));

Deno.test("a declined card leaves the session open, and another card pays it with the same intent", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    const declined = await control.payCheckout(id, { card: "4000 0000 0000 9995" });
    assert.deepEqual(
      declined.kind === "declined" && [declined.code, declined.declineCode],
      ["card_declined", "insufficient_funds"],
    );
    const after = await readPayment(stripe, id);
    assert.equal(after.session.status, "open");
    assert.equal(after.intent.status, "requires_payment_method");
    assert.equal(after.intent.last_payment_error?.decline_code, "insufficient_funds");
    assert.equal(after.charge.status, "failed");
    assert.equal((await control.payCheckout(id)).kind, "complete");
    const paid = await readPayment(stripe, id);
    assert.equal(paid.intent.id, after.intent.id);
    assert.equal(paid.intent.last_payment_error, null);
    assert.equal((await stripe.charges.list({ payment_intent: paid.intent.id })).data.length, 2);
  }));

Deno.test("a paid session cannot be paid again", () =>
  withAccount(async (account) => {
    const { session } = await paidSession(account);
    await assert.rejects(account.control.payCheckout(session.id), /complete and can no longer be paid/);
    assert.equal((await account.stripe.charges.list()).data.length, 1);
  }));

Deno.test("expires_at must lie between 30 minutes and 24 hours ahead", () =>
  withAccount(async ({ stripe, control }) => {
    const now = await control.now();
    for (const expires_at of [now + 29 * 60, now + 24 * 3600 + 60]) {
      const error = await failureOf(openSession(stripe, { expires_at }));
      assert.equal(error.param, "expires_at");
    }
    const session = await openSession(stripe, { expires_at: now + 31 * 60 });
    assert.equal(session.expires_at, now + 31 * 60);
  }));

Deno.test("an expired session has no page, and an attempt's intent is canceled with it", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { card: "4000000000000002" });
    const { intent } = await readPayment(stripe, id);
    const refused = await failureOf(stripe.paymentIntents.cancel(intent.id));
    assert.match(refused.message, /Expire the Checkout Session instead/);
    const expired = await stripe.checkout.sessions.expire(id);
    assert.equal(expired.status, "expired");
    assert.equal(expired.url, null);
    assert.equal(expired.payment_status, "unpaid");
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, "canceled");
    const again = await failureOf(stripe.checkout.sessions.expire(id));
    assert.match(again.message, /Only Checkout Sessions with a status in \["open"\] can be expired/);
    await assert.rejects(control.payCheckout(id), /expired/);
  }));

Deno.test("a coupon of 100 % leaves nothing to pay and no intent", () =>
  withAccount(async ({ stripe, control }) => {
    const coupon = await stripe.coupons.create({ percent_off: 100 });
    const { id } = await openSession(stripe, { discounts: [{ coupon: coupon.id }] });
    await control.payCheckout(id);
    const session = await stripe.checkout.sessions.retrieve(id);
    assert.equal(session.status, "complete");
    assert.equal(session.payment_status, "no_payment_required");
    assert.equal(session.payment_intent, null);
    assert.equal(session.amount_total, 0);
    assert.equal(session.amount_subtotal, 1000);
    assert.equal(session.total_details?.amount_discount, 1000);
    assert.equal((await stripe.coupons.retrieve(coupon.id)).times_redeemed, 1);
  }));

Deno.test("a partial discount is spread over the items without losing a cent", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const coupon = await stripe.coupons.create({ amount_off: 100, currency: "usd" });
    const { session, intent } = await paidSession(account, {
      line_items: [lineItem(1000), lineItem(1000), lineItem(1000)],
      discounts: [{ coupon: coupon.id }],
    });
    assert.equal(session.amount_total, 2900);
    assert.equal(intent.amount, 2900);
    const items = await stripe.checkout.sessions.listLineItems(session.id);
    assert.deepEqual(items.data.map((item) => item.amount_discount), [33, 33, 34]);
    const error = await failureOf(
      openSession(stripe, { discounts: [{ coupon: coupon.id }], allow_promotion_codes: true }),
    );
    assert.match(error.message, /allow_promotion_codes, discounts/);
  }));

Deno.test("a customer is made only when asked for, or when the card is kept for later", () =>
  withAccount(async (account) => {
    const guest = await paidSession(account);
    assert.equal(guest.session.customer, null);
    const always = await paidSession(account, { customer_creation: "always" });
    assert.match(String(always.session.customer), /^cus_/);
    const kept = await paidSession(account, { payment_intent_data: { setup_future_usage: "off_session" } });
    const methods = await account.stripe.paymentMethods.list({ customer: String(kept.session.customer) });
    assert.deepEqual(methods.data.map((method) => method.id), [kept.charge.payment_method]);
  }));

Deno.test("setup mode saves the method to the customer and charges nothing", () =>
  withAccount(async ({ stripe, control }) => {
    const customer = await stripe.customers.create({ email: "ada@example.com" });
    const { id } = await stripe.checkout.sessions.create({
      mode: "setup",
      currency: "usd",
      customer: customer.id,
      success_url: "https://shop.example/done",
    });
    await control.payCheckout(id, { card: "4000000000000341" });
    const session = await stripe.checkout.sessions.retrieve(id, { expand: ["setup_intent"] });
    assert.equal(session.status, "complete");
    assert.equal(session.payment_status, "no_payment_required");
    const setup = session.setup_intent;
    assert.ok(setup && typeof setup === "object");
    assert.equal(setup.status, "succeeded");
    const methods = await stripe.customers.listPaymentMethods(customer.id);
    assert.deepEqual(methods.data.map((method) => method.id), [setup.payment_method]);
    assert.equal((await stripe.charges.list()).data.length, 0);
  }));

Deno.test("allowed and excluded types narrow what the page takes, and cannot widen it", () =>
  withAccount(async ({ stripe, control }) => {
    const cards = await openSession(stripe, { allowed_payment_method_types: ["card"] });
    assert.deepEqual(cards.payment_method_types, ["card"]);
    await assert.rejects(
      control.payCheckout(cards.id, { method: "us_bank_account" }),
      /does not take us_bank_account/,
    );
    const debit = await openSession(stripe, { excluded_payment_method_types: ["card"] });
    assert.deepEqual(debit.payment_method_types, ["us_bank_account"]);
    const euros = await openSession(stripe, { line_items: [lineItem(1000, "eur")] });
    assert.deepEqual(euros.payment_method_types, ["card", "sepa_debit"]);
    const none = await failureOf(openSession(stripe, { allowed_payment_method_types: ["sepa_debit"] }));
    assert.equal(none.param, "allowed_payment_method_types");
  }));

Deno.test("what the simulator does not do is refused, not ignored", () =>
  withAccount(async ({ stripe }) => {
    const shared = await failureOf(
      openSession(stripe, { permissions: { update_shipping_details: "client_only" } }),
    );
    assert.equal(shared.code, "not_simulated");
    const shipping = await failureOf(
      openSession(stripe, { shipping_address_collection: { allowed_countries: ["US"] } }),
    );
    assert.equal(shipping.param, "shipping_address_collection");
  }));

Deno.test("a session can be made to say something else than was agreed", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.mutateSession(id, { amount_total: 1, currency: "eur", livemode: true });
    const session = await stripe.checkout.sessions.retrieve(id);
    assert.deepEqual([session.amount_total, session.currency, session.livemode], [1, "eur", true]);
  }));

Deno.test("an invoice is left behind when the session asks for one", () =>
  withAccount(async (account) => {
    const { session } = await paidSession(account, { invoice_creation: { enabled: true } });
    const invoice = await account.stripe.invoices.retrieve(String(session.invoice));
    assert.equal(invoice.status, "paid");
    assert.equal(invoice.total, 1000);
    assert.equal(invoice.lines.data[0]?.description, "$10 call credit");
    const page = await fetch(invoice.hosted_invoice_url!);
    assert.match(await page.text(), new RegExp(`Invoice ${invoice.number}`));
  }));
