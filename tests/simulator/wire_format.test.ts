import assert from "node:assert/strict";
import Stripe from "stripe";
import { clientOf, failureOf, headerOf, lineItem, openSession, withAccount } from "./support.ts";

Deno.test("a session has the shape and values the official client expects", () =>
  withAccount(async ({ stripe, url }) => {
    const session = await openSession(stripe, {
      client_reference_id: "user_1",
      metadata: { user_id: "user_1", "odd key": "a=b&c[d]" },
      adaptive_pricing: { enabled: false },
    });
    assert.equal(session.object, "checkout.session");
    assert.match(session.id, /^cs_test_/);
    assert.equal(session.livemode, false);
    assert.equal(session.status, "open");
    assert.equal(session.payment_status, "unpaid");
    assert.equal(session.currency, "usd");
    assert.equal(session.amount_subtotal, 1000);
    assert.equal(session.amount_total, 1000);
    assert.deepEqual({ ...session.total_details }, { amount_discount: 0, amount_shipping: 0, amount_tax: 0 });
    assert.equal(session.payment_intent, null);
    assert.equal(session.expires_at - session.created, 24 * 60 * 60);
    assert.deepEqual({ ...session.metadata }, { user_id: "user_1", "odd key": "a=b&c[d]" });
    assert.deepEqual({ ...session.adaptive_pricing }, { enabled: false });
    assert.deepEqual(session.payment_method_types, ["card", "us_bank_account"]);
    assert.equal(session.url, `${url}/c/pay/${session.id}`);
  }));

Deno.test("answers carry the request id and the API version the client is pinned to", () =>
  withAccount(async ({ stripe }) => {
    const balance = await stripe.balance.retrieve();
    assert.match(balance.lastResponse.requestId, /^req_/);
    assert.equal(headerOf(balance, "stripe-version"), Stripe.API_VERSION);
  }));

Deno.test("without a key, and with a live, a foreign or a publishable one, the answer is 401", () =>
  withAccount(async ({ url }) => {
    const bare = await fetch(`${url}/v1/prices`);
    assert.equal(bare.status, 401);
    assert.match((await bare.json()).error.message, /did not provide an API key/);
    for (const key of ["sk_live_abcdefghijkl", "nonsense_key_12345"]) {
      const error = await failureOf(clientOf(url, { key }).prices.list());
      assert.equal(error.type, "StripeAuthenticationError");
      assert.match(error.message, /Invalid API Key provided/);
      assert.ok(!error.message.includes(key), "the key is masked");
    }
    const error = await failureOf(clientOf(url, { key: "pk_test_abcdefghijkl" }).prices.list());
    assert.equal(error.statusCode, 401);
    assert.equal(error.code, "secret_key_required");
  }));

Deno.test("any secret test key is accepted, by bearer or basic authentication", () =>
  withAccount(async ({ url }) => {
    assert.equal((await clientOf(url, { key: "sk_test_anything" }).prices.list()).object, "list");
    const basic = await fetch(`${url}/v1/prices`, {
      headers: { authorization: `Basic ${btoa("sk_test_x:")}` },
    });
    assert.equal(basic.status, 200);
    await basic.body?.cancel();
  }));

Deno.test("a withdrawn or misspelled parameter is refused by its name", () =>
  withAccount(async ({ stripe }) => {
    const withdrawn = { payment_method_types: ["card"] } as Partial<Stripe.Checkout.SessionCreateParams>;
    const error = await failureOf(openSession(stripe, withdrawn));
    assert.equal(error.type, "StripeInvalidRequestError");
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, "parameter_unknown");
    assert.equal(error.param, "payment_method_types");
    assert.equal(error.message, "Received unknown parameter: payment_method_types");
    const nested = { payment_intent_data: { descripton: "x" } } as Partial<
      Stripe.Checkout.SessionCreateParams
    >;
    assert.equal((await failureOf(openSession(stripe, nested))).param, "payment_intent_data[descripton]");
    const intent = { amount: 1000, currency: "usd", payment_method_types: ["card"] };
    assert.equal((await failureOf(stripe.paymentIntents.create(intent))).code, "parameter_unknown");
  }));

Deno.test("values of the wrong kind are refused with the parameter that holds them", () =>
  withAccount(async ({ stripe }) => {
    const cases: [Promise<unknown>, string, string][] = [
      [stripe.products.create({ name: "" }), "name", "parameter_invalid_empty"],
      [stripe.prices.list({ limit: 101 }), "limit", "parameter_invalid_integer"],
      [stripe.prices.list({ limit: "ten" as unknown as number }), "limit", "parameter_invalid_integer"],
      [
        openSession(stripe, { line_items: [{ price: "price_none", quantity: 1 }] }),
        "line_items[0][price]",
        "resource_missing",
      ],
      [openSession(stripe, { line_items: [lineItem(10)] }), "line_items", "amount_too_small"],
      [openSession(stripe, { success_url: "not a url" }), "success_url", "url_invalid"],
    ];
    for (const [call, param, code] of cases) {
      const error = await failureOf(call);
      assert.equal(error.statusCode, 400, `${param}: ${error.message}`);
      assert.equal(error.param, param);
      assert.equal(error.code, code);
    }
  }));

Deno.test("an object that does not exist is a 404 with resource_missing", () =>
  withAccount(async ({ stripe }) => {
    const error = await failureOf(stripe.checkout.sessions.retrieve("cs_test_none"));
    assert.equal(error.statusCode, 404);
    assert.equal(error.code, "resource_missing");
    assert.equal(error.message, "No such checkout.session: 'cs_test_none'");
    assert.equal((await failureOf(stripe.paymentIntents.retrieve("pi_none"))).code, "resource_missing");
    assert.equal((await failureOf(stripe.payouts.list())).statusCode, 404);
  }));

Deno.test("expand replaces ids by objects, several levels deep and inside lists", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id);
    const session = await stripe.checkout.sessions.retrieve(id, {
      expand: ["payment_intent.latest_charge.balance_transaction", "line_items", "customer"],
    });
    const intent = session.payment_intent as Stripe.PaymentIntent;
    const charge = intent.latest_charge as Stripe.Charge;
    assert.equal((charge.balance_transaction as Stripe.BalanceTransaction).amount, 1000);
    assert.equal(session.line_items?.data[0]?.description, "$10 call credit");
    assert.equal(session.customer, null, "nothing to expand is no error");
    const listed = await stripe.checkout.sessions.list({ expand: ["data.payment_intent"] });
    assert.equal((listed.data[0]?.payment_intent as Stripe.PaymentIntent).id, intent.id);
    const again = await stripe.checkout.sessions.retrieve(id);
    assert.equal(again.payment_intent, intent.id, "expansion leaves what is stored alone");
    const error = await failureOf(stripe.checkout.sessions.retrieve(id, { expand: ["nothing"] }));
    assert.match(error.message, /cannot be expanded/);
  }));

Deno.test("decimals arrive as the client's own decimal type", () =>
  withAccount(async ({ stripe }) => {
    const product = await stripe.products.create({ name: "$10 call credit" });
    const price = await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 1000 });
    assert.equal(String(price.unit_amount_decimal), "1000");
    assert.equal(price.unit_amount, 1000);
  }));

Deno.test("a body that is not form-encoded is refused", () =>
  withAccount(async ({ url }) => {
    const response = await fetch(`${url}/v1/customers`, {
      method: "POST",
      headers: { authorization: "Bearer sk_test_x", "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.type, "invalid_request_error");
  }));
