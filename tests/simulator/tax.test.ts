import assert from "node:assert/strict";
import type Stripe from "stripe";
import { failureOf, getPage, lineItem, openSession, postForm, readPayment, withAccount } from "./support.ts";

const TAXED = { automatic_tax: { enabled: true } } as const;

function priced(unit_amount: number, tax_behavior: "exclusive" | "inclusive", currency = "usd") {
  const item = lineItem(unit_amount, currency);
  return { ...item, price_data: { ...item.price_data!, tax_behavior } };
}

const amounts = (session: Stripe.Checkout.Session) => [
  session.amount_subtotal,
  session.total_details?.amount_discount,
  session.total_details?.amount_tax,
  session.amount_total,
];

Deno.test("tax is added by the address, and the charge and its books carry it", () =>
  withAccount(async ({ stripe, control }) => {
    const open = await openSession(stripe, { ...TAXED, invoice_creation: { enabled: true } });
    assert.equal(open.automatic_tax.status, "requires_location_inputs");
    assert.deepEqual(amounts(open), [1000, 0, 0, 1000]);
    await control.payCheckout(open.id, {});
    const { session, intent, charge } = await readPayment(stripe, open.id);
    assert.equal(session.automatic_tax.status, "complete");
    assert.deepEqual(amounts(session), [1000, 0, 73, 1073], "in San Francisco unless told otherwise");
    assert.equal(intent.amount, 1073);
    assert.equal(charge.amount, 1073);
    const receipt = await getPage(charge.receipt_url!);
    assert.match(receipt.text, /Sales Tax \(7\.25 %\)/);
    assert.match(receipt.text, /\$0\.73/);
    const invoice = await stripe.invoices.retrieve(String(session.invoice));
    assert.deepEqual([invoice.total, invoice.total_excluding_tax], [1073, 1000]);
    assert.equal(invoice.total_taxes?.[0]?.amount, 73);
    assert.equal((await control.books()).payments[0]?.tax, 73);
  }));

Deno.test("each place has its rate, and the price says whether the tax is inside", () =>
  withAccount(async ({ stripe, control }) => {
    const pay = async (
      item: ReturnType<typeof lineItem>,
      customerDetails: { country: string; state?: string; postal_code?: string },
    ) => {
      const { id } = await openSession(stripe, { ...TAXED, line_items: [item] });
      await control.payCheckout(id, { customerDetails });
      return amounts(await stripe.checkout.sessions.retrieve(id));
    };
    assert.deepEqual(await pay(lineItem(), { country: "US", state: "NY" }), [1000, 0, 89, 1089]);
    assert.deepEqual(await pay(lineItem(), { country: "US", postal_code: "98101" }), [1000, 0, 103, 1103]);
    assert.deepEqual(await pay(lineItem(), { country: "US", state: "OR" }), [1000, 0, 0, 1000]);
    assert.deepEqual(await pay(priced(1190, "inclusive"), { country: "DE" }), [1190, 0, 190, 1190]);
    assert.deepEqual(await pay(priced(1000, "exclusive"), { country: "GB" }), [1000, 0, 200, 1200]);
    assert.deepEqual(await pay(lineItem(1190, "eur"), { country: "DE" }), [1190, 0, 190, 1190]);
    assert.deepEqual(await pay(lineItem(), { country: "AU" }), [1000, 0, 0, 1000]);
  }));

Deno.test("a discount comes first, and the breakdown explains both", () =>
  withAccount(async ({ stripe, control }) => {
    const coupon = await stripe.coupons.create({ percent_off: 25 });
    const { id } = await openSession(stripe, {
      ...TAXED,
      line_items: [priced(1000, "exclusive"), priced(500, "inclusive")],
      discounts: [{ coupon: coupon.id }],
    });
    await control.payCheckout(id, { customerDetails: { country: "DE" } });
    const session = await stripe.checkout.sessions.retrieve(id, {
      expand: ["total_details.breakdown", "line_items"],
    });
    assert.deepEqual(amounts(session), [1500, 375, 143 + 60, 750 + 143 + 375]);
    assert.deepEqual(
      session.line_items?.data.map((item) => [item.amount_tax, item.amount_total]),
      [[143, 893], [60, 375]],
    );
    const { taxes, discounts } = session.total_details!.breakdown!;
    assert.deepEqual(taxes.map((tax) => [tax.amount, tax.taxable_amount, tax.rate.percentage]), [
      [143, 750, 19],
      [60, 315, 19],
    ]);
    assert.equal(discounts[0]?.amount, 375);
    const plain = await stripe.checkout.sessions.retrieve(id);
    assert.equal(plain.total_details?.breakdown, undefined, "only when asked for");
  }));

Deno.test("an existing customer needs an address, or leave to be given one", () =>
  withAccount(async ({ stripe, control }) => {
    const { id: customer } = await stripe.customers.create({ email: "ada@example.com" });
    const error = await failureOf(openSession(stripe, { ...TAXED, customer }));
    assert.deepEqual([error.statusCode, error.code], [400, "customer_tax_location_invalid"]);
    const asked = await openSession(stripe, { ...TAXED, customer, customer_update: { address: "auto" } });
    await control.payCheckout(asked.id, {
      customerDetails: { country: "US", state: "TX", line1: "1 Main St" },
    });
    const known = await stripe.customers.retrieve(customer) as Stripe.Customer;
    assert.deepEqual([known.address?.country, known.address?.state, known.address?.line1], [
      "US",
      "TX",
      "1 Main St",
    ]);
    const fixed = await openSession(stripe, { ...TAXED, customer });
    assert.deepEqual(amounts(fixed), [1000, 0, 83, 1083], "the tax is known before the page is opened");
    await control.payCheckout(fixed.id, { customerDetails: { country: "DE" } });
    assert.deepEqual(amounts(await stripe.checkout.sessions.retrieve(fixed.id)), [1000, 0, 83, 1083]);
    const stray = await failureOf(openSession(stripe, { customer_update: { address: "auto" } }));
    assert.equal(stray.param, "customer_update");
  }));

Deno.test("a business with a VAT number, and a customer who is exempt, pay none", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe, {
      ...TAXED,
      line_items: [priced(1000, "exclusive")],
      tax_id_collection: { enabled: true },
      customer_creation: "always",
    });
    await control.payCheckout(id, {
      customerDetails: {
        country: "DE",
        business_name: "Lovelace GmbH",
        tax_id: { type: "eu_vat", value: "DE123456789" },
      },
    });
    const session = await stripe.checkout.sessions.retrieve(id, { expand: ["total_details.breakdown"] });
    assert.deepEqual(amounts(session), [1000, 0, 0, 1000]);
    assert.equal(session.total_details?.breakdown?.taxes[0]?.taxability_reason, "reverse_charge");
    assert.equal(session.customer_details?.business_name, "Lovelace GmbH");
    assert.deepEqual(session.customer_details?.tax_ids?.map((each) => ({ ...each })), [
      { type: "eu_vat", value: "DE123456789" },
    ]);
    const { id: customer } = await stripe.customers.create({
      tax_exempt: "exempt",
      address: { country: "US", state: "CA" },
    });
    assert.deepEqual(amounts(await openSession(stripe, { ...TAXED, customer })), [1000, 0, 0, 1000]);
    const error = await failureOf(
      openSession(stripe, { customer, tax_id_collection: { enabled: true } }),
    );
    assert.equal(error.param, "customer_update[name]");
  }));

Deno.test("an address that changes between two attempts changes the amount of the same intent", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe, TAXED);
    await control.payCheckout(id, { card: "4000000000000002", customerDetails: { state: "NY" } });
    const declined = await readPayment(stripe, id);
    assert.equal(declined.intent.amount, 1089);
    await control.payCheckout(id, { customerDetails: { state: "CA" } });
    const paid = await readPayment(stripe, id);
    assert.equal(paid.intent.id, declined.intent.id);
    assert.deepEqual([paid.intent.amount, paid.charge.amount, paid.session.amount_total], [1073, 1073, 1073]);
  }));

Deno.test("a place too vague to tax is refused, and nothing is charged", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe, TAXED);
    await assert.rejects(
      control.payCheckout(id, { customerDetails: { country: "US" } }),
      /location isn't recognized/,
    );
    assert.equal((await stripe.charges.list()).data.length, 0);
    assert.equal(
      (await stripe.checkout.sessions.retrieve(id)).automatic_tax.status,
      "requires_location_inputs",
    );
  }));

Deno.test("the page shows the total with its tax before anyone can pay it", () =>
  withAccount(async ({ stripe }) => {
    const { id, url } = await openSession(stripe, TAXED);
    const card = {
      email: "ada@example.com",
      method: "card",
      card_number: "4242424242424242",
      card_expiry: "12 / 40",
      card_cvc: "123",
      card_name: "Ada Lovelace",
      country: "US",
    };
    const first = await getPage(url!);
    assert.match(first.text, /<dt>Tax<\/dt><dd>By your address<\/dd>/);
    assert.match(first.text, /Total before tax/);
    assert.match(first.text, />Continue</);
    const vague = await postForm(url!, { ...card, shown_total: "" });
    assert.equal(vague.status, 422);
    assert.match(vague.text, /id="postal_code-error"/);
    const shown = await postForm(url!, { ...card, postal_code: "94107", shown_total: "" });
    assert.equal(shown.status, 200);
    assert.match(shown.text, /With the tax at your address the total is \$10\.73/);
    assert.match(shown.text, />Pay \$10\.73</);
    assert.match(shown.text, /name="shown_total" value="1073"/);
    assert.match(shown.text, /value="4242 4242 4242 4242"/, "what was typed stays");
    assert.equal((await stripe.charges.list()).data.length, 0);
    const moved = await postForm(url!, { ...card, state: "NY", postal_code: "10001", shown_total: "1073" });
    assert.match(moved.text, />Pay \$10\.89</);
    assert.equal(
      (await postForm(url!, { ...card, state: "NY", postal_code: "10001", shown_total: "1089" })).status,
      303,
    );
    assert.equal((await readPayment(stripe, id)).charge.amount, 1089);
  }));
