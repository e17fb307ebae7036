import assert from "node:assert/strict";
import type Stripe from "stripe";
import { failureOf, openSession, withAccount } from "./support.ts";

Deno.test("a price is found by its lookup key, and only active ones when asked", () =>
  withAccount(async ({ stripe }) => {
    const product = await stripe.products.create({
      name: "$10 call credit",
      metadata: { package: "credit_10" },
    });
    const price = await stripe.prices.create({
      product: product.id,
      currency: "USD",
      unit_amount: 1000,
      lookup_key: "talktime_credit_10_usd_1000",
    });
    await stripe.prices.create({ product: product.id, currency: "usd", unit_amount: 2000 });
    const found = await stripe.prices.list({
      lookup_keys: ["talktime_credit_10_usd_1000", "other"],
      active: true,
    });
    assert.deepEqual(found.data.map((each) => each.id), [price.id]);
    assert.equal(price.currency, "usd");
    await stripe.prices.update(price.id, { active: false });
    const gone = await stripe.prices.list({ lookup_keys: ["talktime_credit_10_usd_1000"], active: true });
    assert.equal(gone.data.length, 0);
    assert.match(
      (await failureOf(openSession(stripe, { line_items: [{ price: price.id, quantity: 1 }] }))).message,
      /inactive/,
    );
  }));

Deno.test("a lookup key belongs to one price until another asks to take it over", () =>
  withAccount(async ({ stripe }) => {
    const product = await stripe.products.create({ name: "$10 call credit" });
    const base = { product: product.id, currency: "usd", lookup_key: "credit_10" };
    const first = await stripe.prices.create({ ...base, unit_amount: 1000 });
    const error = await failureOf(stripe.prices.create({ ...base, unit_amount: 1100 }));
    assert.equal(error.param, "lookup_key");
    const second = await stripe.prices.create({ ...base, unit_amount: 1100, transfer_lookup_key: true });
    assert.equal(second.lookup_key, "credit_10");
    assert.equal((await stripe.prices.retrieve(first.id)).lookup_key, null);
  }));

Deno.test("a product may have an id of the merchant's choosing, once", () =>
  withAccount(async ({ stripe }) => {
    await stripe.products.create({ id: "talktime_credit_10", name: "$10 call credit" });
    const again = await failureOf(
      stripe.products.create({ id: "talktime_credit_10", name: "$10 call credit" }),
    );
    assert.equal(again.code, "resource_already_exists");
    await stripe.prices.create({ product: "talktime_credit_10", currency: "usd", unit_amount: 1000 });
    const { data: [price] } = await stripe.prices.list({
      product: "talktime_credit_10",
      expand: ["data.product"],
    });
    assert.equal((price?.product as Stripe.Product).name, "$10 call credit");
  }));

Deno.test("metadata is merged, and an empty value removes its key", () =>
  withAccount(async ({ stripe }) => {
    const customer = await stripe.customers.create({ email: "a@example.com", metadata: { a: "1", b: "2" } });
    const changed = await stripe.customers.update(customer.id, { metadata: { b: "", c: "3" } });
    assert.deepEqual({ ...changed.metadata }, { a: "1", c: "3" });
    const cleared = await stripe.customers.update(customer.id, { metadata: "" });
    assert.deepEqual({ ...cleared.metadata }, {});
  }));

Deno.test("a deleted customer stays as a tombstone and can no longer be used", () =>
  withAccount(async ({ stripe }) => {
    const customer = await stripe.customers.create({ email: "a@example.com" });
    await stripe.customers.del(customer.id);
    assert.equal((await stripe.customers.retrieve(customer.id)).deleted, true);
    assert.equal((await stripe.customers.list({ email: "a@example.com" })).data.length, 0);
    const error = await failureOf(openSession(stripe, { customer: customer.id }));
    assert.equal(error.code, "resource_missing");
    assert.equal(error.param, "customer");
  }));
