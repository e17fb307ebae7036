import assert from "node:assert/strict";
import { failureOf, headerOf, lineItem, openSession, withAccount } from "./support.ts";

Deno.test("the same key with the same parameters replays the first answer", () =>
  withAccount(async ({ stripe, control }) => {
    const first = await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    await control.expireSession(first.id);
    const second = await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    assert.equal(second.id, first.id);
    assert.equal(second.status, "open", "the answer of then, not the state of now");
    assert.equal(headerOf(second, "idempotent-replayed"), "true");
    assert.equal(headerOf(first, "idempotent-replayed"), null);
    assert.equal((await stripe.checkout.sessions.list()).data.length, 1);
  }));

Deno.test("the same key with other parameters is refused", () =>
  withAccount(async ({ stripe }) => {
    await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    const error = await failureOf(
      openSession(stripe, { line_items: [lineItem(2000)] }, { idempotencyKey: "purchase:1" }),
    );
    assert.equal(error.statusCode, 400);
    assert.equal(error.type, "StripeIdempotencyError");
    assert.match(error.message, /same parameters they were first used with/);
    const elsewhere = await failureOf(stripe.customers.create({}, { idempotencyKey: "purchase:1" }));
    assert.match(elsewhere.message, /same endpoint/);
    assert.equal((await stripe.checkout.sessions.list()).data.length, 1);
  }));

Deno.test("a second request is refused while the first with its key is under way", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({
      match: { path: "^/v1/checkout/sessions$" },
      kind: "slow",
      times: 1,
      delayMs: 1000,
    });
    const first = openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    while ((await control.requests()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const error = await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }));
    assert.equal(error.statusCode, 409);
    assert.equal(error.code, "idempotency_key_in_use");
    const session = await first;
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).id, session.id);
  }));

Deno.test("what failed validation is not kept: the key can be used again", () =>
  withAccount(async ({ stripe }) => {
    const wrong = await failureOf(openSession(stripe, { line_items: [] }, { idempotencyKey: "purchase:1" }));
    assert.equal(wrong.statusCode, 400);
    const session = await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    assert.equal(session.status, "open");
  }));

Deno.test("a 500 is kept and replayed, although a new key would succeed", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: { method: "POST" }, kind: "500", times: 1 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }));
      assert.equal(error.statusCode, 500);
      assert.equal(error.headers?.["idempotent-replayed"], attempt === 0 ? undefined : "true");
      assert.equal(error.headers?.["stripe-should-retry"], "false", "a retry would only be a replay");
    }
    assert.equal((await stripe.checkout.sessions.list()).data.length, 0);
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:2" })).status, "open");
  }));

Deno.test("a 503 and a 429 happen before execution and are not kept", () =>
  withAccount(async ({ stripe, control }) => {
    for (const kind of ["503", "429"] as const) {
      await control.fault({ match: { method: "POST" }, kind, times: 1 });
      const error = await failureOf(openSession(stripe, {}, { idempotencyKey: `key:${kind}` }));
      assert.equal(error.statusCode, Number(kind));
      assert.equal((await openSession(stripe, {}, { idempotencyKey: `key:${kind}` })).status, "open");
    }
  }));

Deno.test("a decline is kept: the card is not tried again under the same key", () =>
  withAccount(async ({ stripe }) => {
    const pay = () =>
      stripe.paymentIntents.create({
        amount: 1000,
        currency: "usd",
        payment_method: "pm_card_visa_chargeDeclined",
        off_session: true,
        confirm: true,
      }, { idempotencyKey: "reload:1" });
    const first = await failureOf(pay());
    const second = await failureOf(pay());
    assert.equal(second.code, "card_declined");
    assert.equal(second.payment_intent?.id, first.payment_intent?.id);
    assert.equal((await stripe.charges.list()).data.length, 1);
  }));

Deno.test("a key is forgotten once it is 24 hours old, by the simulator's clock", () =>
  withAccount(async ({ stripe, control }) => {
    const first = await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    await control.advanceClock(23 * 3600);
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).id, first.id);
    await control.advanceClock(2 * 3600);
    assert.notEqual((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).id, first.id);
  }));

Deno.test("a key longer than 255 characters is refused", () =>
  withAccount(async ({ stripe }) => {
    const error = await failureOf(openSession(stripe, {}, { idempotencyKey: "x".repeat(256) }));
    assert.equal(error.statusCode, 400);
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "x".repeat(255) })).status, "open");
  }));
