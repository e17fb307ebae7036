import assert from "node:assert/strict";
import { clientOf, failureOf, openSession, withAccount } from "./support.ts";

const CREATE = { method: "POST", path: "^/v1/checkout/sessions$" };
/** The client repeats a cut connection once by itself, even when told not to retry. */
const TWICE = 2;
const count = async (list: Promise<{ data: unknown[] }>) => (await list).data.length;

Deno.test("429, 500 and 503 arrive as the client's own errors, so many times", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: CREATE, kind: "429", times: 2 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failureOf(openSession(stripe));
      assert.deepEqual([error.type, error.statusCode], ["StripeRateLimitError", 429]);
    }
    assert.equal((await openSession(stripe)).status, "open");
    await control.fault({ kind: "500" });
    assert.equal((await failureOf(stripe.prices.list())).type, "StripeAPIError");
    await control.clearFaults();
    await control.fault({ match: { path: "^/v1/prices" }, kind: "503", times: 1 });
    assert.equal((await failureOf(stripe.prices.list())).statusCode, 503);
    assert.equal((await stripe.prices.list()).object, "list");
  }));

Deno.test("a connection cut before the effect leaves nothing behind", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: CREATE, kind: "drop_before", times: TWICE });
    const error = await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }));
    assert.equal(error.type, "StripeConnectionError");
    assert.equal(await count(stripe.checkout.sessions.list()), 0);
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).status, "open");
  }));

Deno.test("a connection cut after the effect is healed by the idempotency key", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: CREATE, kind: "drop_after", times: TWICE });
    const error = await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }));
    assert.equal(error.type, "StripeConnectionError");
    const { data: [session] } = await stripe.checkout.sessions.list();
    assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).id, session?.id);
    assert.equal(await count(stripe.checkout.sessions.list()), 1);
  }));

Deno.test("the client's own retry of a cut connection has one effect", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: CREATE, kind: "drop_after", times: 1 });
    const session = await openSession(stripe);
    assert.equal(await count(stripe.checkout.sessions.list()), 1);
    assert.equal(session.status, "open");
    const posts = (await control.requests()).filter((each) => each.method === "POST");
    assert.deepEqual(posts.map((each) => [each.status, each.replayed]), [[null, false], [200, true]]);
  }));

Deno.test("a 500 after the effect keeps the 500, while the object exists", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: CREATE, kind: "500_after", times: 1 });
    assert.equal(
      (await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }))).statusCode,
      500,
    );
    assert.equal(await count(stripe.checkout.sessions.list()), 1);
    assert.equal(
      (await failureOf(openSession(stripe, {}, { idempotencyKey: "purchase:1" }))).statusCode,
      500,
    );
  }));

Deno.test("a request can time out, with or without its effect", () =>
  withAccount(async ({ url, stripe, control }) => {
    const hasty = clientOf(url, { timeout: 500 });
    await control.fault({ match: CREATE, kind: "timeout", times: 1 });
    assert.equal((await failureOf(openSession(hasty))).type, "StripeConnectionError");
    assert.equal(await count(stripe.checkout.sessions.list()), 0);
    await control.fault({ match: CREATE, kind: "timeout_after", times: 1 });
    assert.equal((await failureOf(openSession(hasty))).type, "StripeConnectionError");
    assert.equal(await count(stripe.checkout.sessions.list()), 1);
  }));

Deno.test("a slow answer is late and right", () =>
  withAccount(async ({ stripe, control }) => {
    await control.fault({ match: { path: "^/v1/prices" }, kind: "slow", delayMs: 200, times: 1 });
    const started = performance.now();
    assert.equal((await stripe.prices.list()).object, "list");
    assert.ok(performance.now() - started >= 195);
  }));

Deno.test("a fault that does not exist, or whose pattern is no pattern, is refused", () =>
  withAccount(async ({ control }) => {
    await assert.rejects(control.fault({ kind: "earthquake" as "429" }), /no fault "earthquake"/);
    await assert.rejects(control.fault({ match: { path: "(" }, kind: "429" }), /Stripe simulator, fault/);
  }));

Deno.test("a rate limit answers 429 beyond so many requests a second", () =>
  withAccount(async ({ stripe, control }) => {
    await control.rateLimit(5);
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => stripe.prices.list()));
    assert.ok(results.some((result) => result.status === "rejected"));
    const admitted = (await control.requests()).filter((each) => each.status === 200).map((each) => each.at);
    assert.ok(admitted.length >= 5);
    for (let index = 5; index < admitted.length; index++) {
      assert.ok(admitted[index]! - admitted[index - 5]! > 900, "five a second, not more");
    }
    await control.rateLimit(null);
    assert.equal((await stripe.prices.list()).object, "list");
  }));

Deno.test("the request log tells what was asked, in order, and how it ended", () =>
  withAccount(async ({ stripe, control }) => {
    const session = await openSession(stripe, {}, { idempotencyKey: "purchase:1" });
    await failureOf(stripe.checkout.sessions.retrieve("cs_test_none"));
    const log = await control.requests();
    assert.deepEqual(log.map((each) => [each.method, each.path, each.status]), [
      ["POST", "/v1/checkout/sessions", 200],
      ["GET", "/v1/checkout/sessions/cs_test_none", 404],
    ]);
    assert.equal(log[0]?.idempotency_key, "purchase:1");
    assert.match(log[0]?.body ?? "", /mode=payment/);
    assert.ok(!JSON.stringify(log).includes("sk_test"), "no key is logged");
    await control.clearRequests();
    assert.deepEqual(await control.requests(), []);
    await control.reset();
    assert.equal((await failureOf(stripe.checkout.sessions.retrieve(session.id))).statusCode, 404);
  }));
