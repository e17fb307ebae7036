import assert from "node:assert/strict";
import type Stripe from "stripe";
import { eventTypes, failureOf, openSession, paidSession, withAccount } from "./support.ts";

Deno.test("a purchase leaves the events Stripe would leave, in order", () =>
  withAccount(async (account) => {
    await paidSession(account);
    assert.deepEqual(await eventTypes(account.stripe), [
      "product.created",
      "price.created",
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.succeeded",
      "checkout.session.completed",
    ]);
  }));

Deno.test("an event shows its object as it was then", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { session, charge } = await paidSession(account);
    await control.refund(charge.id);
    const events = await stripe.events.list({ type: "charge.succeeded" });
    const then = events.data[0]?.data.object as Stripe.Charge;
    assert.equal(then.id, charge.id);
    assert.equal(then.refunded, false);
    const completed = await stripe.events.list({ type: "checkout.session.completed" });
    const event = completed.data[0]!;
    assert.equal((event.data.object as Stripe.Checkout.Session).id, session.id);
    assert.equal((await stripe.events.retrieve(event.id)).id, event.id);
    assert.equal(event.livemode, false);
  }));

Deno.test("events made by an API call name its request and idempotency key", () =>
  withAccount(async ({ stripe }) => {
    const customer = await stripe.customers.create({}, { idempotencyKey: "customer:1" });
    const event = (await stripe.events.list({ type: "customer.created" })).data[0]!;
    assert.equal(event.request?.id, customer.lastResponse.requestId);
    assert.equal(event.request?.idempotency_key, "customer:1");
  }));

Deno.test("type and types filter, a star names a family, and both at once are refused", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    await paidSession(account);
    const types = async (params: Stripe.EventListParams) =>
      (await stripe.events.list(params)).data.map((event) => event.type);
    assert.deepEqual(await types({ type: "charge.succeeded" }), ["charge.succeeded"]);
    assert.deepEqual(await types({ types: ["charge.succeeded", "checkout.session.completed"] }), [
      "checkout.session.completed",
      "charge.succeeded",
    ]);
    assert.deepEqual(await types({ type: "payment_intent.*" }), [
      "payment_intent.succeeded",
      "payment_intent.created",
    ]);
    assert.equal((await failureOf(types({ type: "a.b", types: ["c.d"] }))).statusCode, 400);
    const many = Array.from({ length: 21 }, (_, index) => `type.${index}`);
    assert.equal((await failureOf(types({ types: many }))).param, "types");
    assert.deepEqual(await types({ types: many.slice(0, 20) }), []);
  }));

Deno.test("events are gone after 30 days of the simulator's clock", () =>
  withAccount(async ({ stripe, control }) => {
    await stripe.customers.create({});
    const event = (await stripe.events.list()).data[0]!;
    await control.advanceClock(30 * 86_400 - 60);
    assert.equal((await stripe.events.list()).data.length, 1);
    await control.advanceClock(120);
    assert.equal((await stripe.events.list()).data.length, 0);
    assert.equal((await failureOf(stripe.events.retrieve(event.id))).statusCode, 404);
  }));

Deno.test("delayed events show up later and keep the time they happened", () =>
  withAccount(async ({ stripe, control }) => {
    await control.events({ delayMs: 60_000 });
    const customer = await stripe.customers.create({});
    assert.equal((await stripe.events.list()).data.length, 0);
    await control.advanceClock(61);
    const event = (await stripe.events.list()).data[0]!;
    assert.equal(event.type, "customer.created");
    assert.ok(Math.abs(event.created - customer.created) <= 1);
  }));

Deno.test("shuffled events all arrive, but not in the order they happened", () =>
  withAccount(async ({ stripe, control }) => {
    await control.events({ delayMs: 600_000, shuffle: true });
    const made: string[] = [];
    for (let index = 0; index < 40; index++) made.push((await stripe.customers.create({})).id);
    const seen: string[] = [];
    for (let step = 0; step < 12; step++) {
      await control.advanceClock(60);
      for await (const event of stripe.events.list({ limit: 100 })) {
        const id = (event.data.object as Stripe.Customer).id;
        if (!seen.includes(id)) seen.push(id);
      }
    }
    assert.deepEqual([...seen].sort(), [...made].sort());
    assert.notDeepEqual(seen, made);
    assert.notDeepEqual(seen, [...made].reverse());
  }));

Deno.test("dropped events never show up, while their objects do", () =>
  withAccount(async ({ stripe, control }) => {
    await control.events({ drop: 1 });
    const session = await openSession(stripe);
    await control.payCheckout(session.id);
    assert.deepEqual(await eventTypes(stripe), []);
    assert.equal((await stripe.checkout.sessions.retrieve(session.id)).payment_status, "paid");
    await control.events();
    await stripe.customers.create({});
    assert.deepEqual(await eventTypes(stripe), ["customer.created"]);
  }));

Deno.test("a cursor keeps its place although its event does not pass the filter", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    await paidSession(account);
    const all = (await stripe.events.list({ limit: 100 })).data;
    const intent = all.find((event) => event.type === "payment_intent.succeeded")!;
    const older = await stripe.events.list({
      types: ["charge.succeeded", "product.created"],
      starting_after: intent.id,
    });
    assert.deepEqual(older.data.map((event) => event.type), ["charge.succeeded", "product.created"]);
    const newer = await stripe.events.list({ type: "checkout.session.completed", ending_before: intent.id });
    assert.deepEqual(newer.data.map((event) => event.type), ["checkout.session.completed"]);
  }));
