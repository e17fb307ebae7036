import assert from "node:assert/strict";
import {
  getPage as get,
  openSession,
  paidSession,
  postForm as post,
  readPayment,
  withAccount,
} from "./support.ts";

const CARD = {
  email: "ada@example.com",
  method: "card",
  card_number: "4242 4242 4242 4242",
  card_expiry: "12 / 40",
  card_cvc: "123",
  card_name: "Ada Lovelace",
  country: "US",
  postal_code: "94107",
};

Deno.test("a person pays by card and lands on the success page with the session's id", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe);
    const page = await get(url!);
    assert.equal(page.status, 200);
    assert.match(page.text, /Test mode simulator/);
    assert.match(page.text, /Pay \$10\.00/);
    assert.match(page.text, /href="https:\/\/shop\.example\/cancel"/);
    const done = await post(url!, CARD);
    assert.equal(done.status, 303);
    assert.equal(done.location, `https://shop.example/done?session_id=${id}`);
    const { session, charge } = await readPayment(stripe, id);
    assert.equal(session.payment_status, "paid");
    assert.equal(session.customer_details?.email, "ada@example.com");
    assert.equal(charge.billing_details.name, "Ada Lovelace");
    assert.deepEqual(
      [charge.payment_method_details?.card?.exp_month, charge.payment_method_details?.card?.exp_year],
      [12, 2040],
    );
  }));

Deno.test("every control on the page has a label", () =>
  withAccount(async ({ stripe }) => {
    const { url } = await openSession(stripe, { allow_promotion_codes: true });
    const { text } = await get(url!);
    const withoutLabels = text.replaceAll(/<label[\s\S]*?<\/label>/g, "").replaceAll(
      /<input type="hidden"[^>]*>/g,
      "",
    );
    assert.equal(/<(input|select)\b/.test(withoutLabels), false);
    assert.equal(text.includes("<script"), false, "the page works without JavaScript");
  }));

Deno.test("a declined card is explained, the form stays filled in, and nothing was charged", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe);
    const page = await post(url!, { ...CARD, card_number: "4000000000000002" });
    assert.equal(page.status, 402);
    assert.match(page.text, /role="alert"/);
    assert.match(page.text, /Your card was declined\./);
    assert.match(page.text, /You were not charged/);
    assert.match(page.text, /card_declined, generic_decline/);
    assert.match(page.text, /value="Ada Lovelace"/);
    assert.ok(!page.text.includes('value="123"'), "the security code is not shown again");
    assert.equal((await stripe.checkout.sessions.retrieve(id)).status, "open");
    assert.equal((await post(url!, CARD)).status, 303);
  }));

Deno.test("what is missing or wrong is said at its field, and nothing is sent to the bank", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe);
    const page = await post(url!, { email: "nobody", method: "card", card_number: "4242424242424241" });
    assert.equal(page.status, 422);
    for (const field of ["email", "card_number", "card_expiry", "card_cvc", "card_name"]) {
      assert.match(page.text, new RegExp(`id="${field}-error"`));
      assert.match(page.text, new RegExp(`aria-describedby="${field}-error"`));
    }
    assert.match((await post(url!, { ...CARD, card_expiry: "01 / 20" })).text, /This card has expired\./);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).payment_intent, null);
  }));

Deno.test("a click on a test card fills the form and keeps what was typed", () =>
  withAccount(async ({ stripe }) => {
    const { url } = await openSession(stripe);
    const page = await post(url!, { email: "typed@example.com", fill: "4000002500003155" });
    assert.equal(page.status, 200);
    assert.match(page.text, /value="4000 0025 0000 3155"/);
    assert.match(page.text, /value="typed@example\.com"/);
  }));

Deno.test("3D Secure is one page between the form and the shop", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe);
    const sent = await post(url!, { ...CARD, card_number: "4000002500003155" });
    assert.equal(sent.location, `/c/pay/${id}/confirm`);
    assert.equal((await readPayment(stripe, id)).intent.status, "requires_action");
    assert.match((await get(`${url}/confirm`)).text, /Confirm the payment of \$10\.00 to Talktime/);
    const refused = await post(`${url}/confirm`, { answer: "refuse" });
    assert.equal(refused.status, 402);
    assert.match(refused.text, /unable to authenticate/);
    assert.equal((await readPayment(stripe, id)).intent.status, "requires_payment_method");
    await post(url!, { ...CARD, card_number: "4000002500003155" });
    const confirmed = await post(`${url}/confirm`, { answer: "confirm" });
    assert.equal(confirmed.location, `https://shop.example/done?session_id=${id}`);
    const { charge } = await readPayment(stripe, id);
    assert.equal(charge.payment_method_details?.card?.three_d_secure?.result, "authenticated");
  }));

Deno.test("a bank debit leads to the shop at once, unpaid", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe);
    const page = await post(url!, {
      email: "ada@example.com",
      method: "us_bank_account",
      us_bank_account: "000123456789",
      account_name: "Ada Lovelace",
    });
    assert.equal(page.location, `https://shop.example/done?session_id=${id}`);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).payment_status, "unpaid");
    assert.match((await get(url!)).text, /Your payment is on its way/);
  }));

Deno.test("a paid and an expired session say so and take no payment", () =>
  withAccount(async (account) => {
    const { stripe, control, url: base } = account;
    const paid = await paidSession(account);
    const paidUrl = `${base}/c/pay/${paid.session.id}`;
    assert.match((await get(paidUrl)).text, /You paid \$10\.00/);
    assert.match((await post(paidUrl, CARD)).text, /You paid \$10\.00/);
    assert.equal((await stripe.charges.list()).data.length, 1);
    const expired = await openSession(stripe);
    await control.expireSession(expired.id);
    const page = await post(expired.url!, CARD);
    assert.equal(page.status, 410);
    assert.match(page.text, /This payment page has expired/);
    assert.match(page.text, /You were not charged/);
    assert.equal((await get(`${base}/c/pay/cs_test_none`)).status, 404);
  }));

Deno.test("a promotion code lowers the total before paying", () =>
  withAccount(async ({ stripe }) => {
    const coupon = await stripe.coupons.create({ percent_off: 100, max_redemptions: 1 });
    await stripe.promotionCodes.create({ promotion: { type: "coupon", coupon: coupon.id }, code: "WELCOME" });
    const { id, url } = await openSession(stripe, { allow_promotion_codes: true });
    assert.match((await post(`${url}/promotion`, { code: "nothing" })).text, /This code is not valid\./);
    assert.equal((await post(`${url}/promotion`, { code: "welcome" })).status, 303);
    assert.match((await get(url!)).text, /Nothing to pay/);
    const done = await post(url!, { email: "ada@example.com" });
    assert.equal(done.status, 303);
    const session = await stripe.checkout.sessions.retrieve(id);
    assert.deepEqual([session.amount_total, session.payment_status], [0, "no_payment_required"]);
    const other = await openSession(stripe, { allow_promotion_codes: true });
    assert.match((await post(`${other.url}/promotion`, { code: "WELCOME" })).text, /not valid/);
  }));

Deno.test("what a merchant or a person writes is shown as text", () =>
  withAccount(async ({ stripe }) => {
    const { url } = await openSession(stripe, {
      line_items: [{
        price_data: { currency: "usd", unit_amount: 1000, product_data: { name: "<b>credit</b>" } },
        quantity: 1,
      }],
      cancel_url: "javascript://shop.example/%0aalert(1)",
    });
    const page = await post(url!, { ...CARD, card_name: '"><script>alert(1)</script>', card_cvc: "" });
    assert.ok(page.text.includes("&lt;b&gt;credit&lt;/b&gt;"));
    assert.ok(!page.text.includes("<script"));
    assert.ok(!page.text.includes("javascript:"));
  }));

Deno.test("the receipt shows the payment and what was refunded of it", () =>
  withAccount(async (account) => {
    const { charge } = await paidSession(account);
    await account.control.refund(charge.id, { amount: 250 });
    const receipt = await get(charge.receipt_url!);
    assert.match(receipt.text, /Visa ending in 4242/);
    assert.match(receipt.text, /−\$2\.50/);
    assert.match(receipt.text, /\$7\.50/);
  }));

Deno.test("the simulator's own page settles, refunds and disputes by button", () =>
  withAccount(async (account) => {
    const { stripe, control, url } = account;
    assert.match((await get(url)).text, /Payments appear here/);
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    const { charge } = await readPayment(stripe, id);
    assert.match((await get(url)).text, /Waiting for the bank/);
    assert.equal((await post(url, { action: "settle", id: charge.id })).status, 303);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).payment_status, "paid");
    await post(url, { action: "refund", charge: charge.id });
    assert.equal((await stripe.charges.retrieve(charge.id)).refunded, true);
    assert.equal((await post(url, { action: "settle", id: charge.id })).status, 409);
    await post(url, { action: "advance-clock", seconds: "3600" });
    assert.ok(await control.now() > Date.now() / 1000 + 3500);
  }));
