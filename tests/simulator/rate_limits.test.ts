import assert from "node:assert/strict";
import type Stripe from "stripe";
import { failureOf, withAccount } from "./support.ts";

const many = (count: number, call: () => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: count }, call));

/** The reason Stripe gives for a refusal, which the client keeps among the headers. */
function reasonsOf(results: PromiseSettledResult<unknown>[]): Set<string | undefined> {
  const refused = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  assert.ok(refused.length > 0, "something was refused");
  return new Set(
    refused.map((error: Stripe.errors.StripeError) => error.headers?.["stripe-rate-limited-reason"]),
  );
}

Deno.test("an operation has a limit of its own, whatever ids it names", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await stripe.customers.create({});
    await control.rateLimit({ perEndpoint: 5 });
    const ids = ["cus_a", "cus_b", id];
    let turn = 0;
    const results = await many(30, () => {
      const each = ids[turn++ % ids.length]!;
      return stripe.customers.retrieve(each).catch((error) => {
        if (error.statusCode !== 404) throw error;
      });
    });
    assert.deepEqual(reasonsOf(results), new Set(["endpoint-rate"]));
    assert.equal((await stripe.prices.list()).object, "list", "another operation is not limited by it");
    const error = await failureOf(stripe.customers.retrieve(id));
    assert.deepEqual([error.type, error.code], ["StripeRateLimitError", "rate_limit"]);
  }));

Deno.test("the limit over all is told apart, and both can hold at once", () =>
  withAccount(async ({ stripe, control }) => {
    await control.rateLimit({ perSecond: 6, perEndpoint: 4 });
    assert.deepEqual(reasonsOf(await many(5, () => stripe.prices.list())), new Set(["endpoint-rate"]));
    const rest = await many(20, () => stripe.products.list());
    assert.ok(reasonsOf(rest).has("global-rate"));
    await control.rateLimit(null);
    assert.equal((await stripe.prices.list()).object, "list");
  }));

Deno.test("the log tells how many requests came in each second", () =>
  withAccount(async ({ stripe, control }) => {
    assert.deepEqual(await control.rates(), { seconds: [], busiest: 0, busiest_by_endpoint: {} });
    await control.rateLimit({ perEndpoint: 3 });
    const results = await many(40, () => stripe.prices.list());
    const refused = results.filter((each) => each.status === "rejected").length;
    await stripe.customers.list();
    const rates = await control.rates();
    const sum = (key: "requests" | "limited") => rates.seconds.reduce((all, each) => all + each[key], 0);
    assert.deepEqual([sum("requests"), sum("limited")], [41, refused]);
    assert.ok(refused > 0);
    const most = Math.max(...rates.seconds.map((each) => each.requests));
    assert.ok(rates.busiest >= most && rates.busiest <= 41, "a second may begin anywhere");
    const { "GET /v1/prices": prices, ...others } = rates.busiest_by_endpoint;
    assert.ok(prices! >= most - 1 && prices! <= 40);
    assert.deepEqual(others, { "GET /v1/customers": 1 });
    await control.clearRequests();
    assert.equal((await control.rates()).busiest, 0);
  }));
