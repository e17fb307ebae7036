import assert from "node:assert/strict";
import type Stripe from "stripe";
import { failureOf, openSession, paidSession, withAccount } from "./support.ts";

async function customers(stripe: Stripe, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    ids.push((await stripe.customers.create({ name: `Customer ${index}` })).id);
  }
  return ids;
}

Deno.test("a list is newest first, ten long unless asked, and says whether more follows", () =>
  withAccount(async ({ stripe }) => {
    const ids = await customers(stripe, 12);
    const newest = [...ids].reverse();
    const first = await stripe.customers.list();
    assert.deepEqual(first.data.map((each) => each.id), newest.slice(0, 10));
    assert.equal(first.has_more, true);
    const rest = await stripe.customers.list({ starting_after: newest[9] });
    assert.deepEqual(rest.data.map((each) => each.id), newest.slice(10));
    assert.equal(rest.has_more, false);
  }));

Deno.test("ending_before gives the page just before its object", () =>
  withAccount(async ({ stripe }) => {
    const newest = (await customers(stripe, 6)).reverse();
    const page = await stripe.customers.list({ ending_before: newest[4], limit: 2 });
    assert.deepEqual(page.data.map((each) => each.id), newest.slice(2, 4));
    assert.equal(page.has_more, true);
    const error = await failureOf(
      stripe.customers.list({ ending_before: newest[4], starting_after: newest[0] }),
    );
    assert.equal(error.statusCode, 400);
  }));

Deno.test("auto-pagination visits every object once, and oldest first with ending_before", () =>
  withAccount(async ({ stripe }) => {
    const ids = await customers(stripe, 7);
    const seen: string[] = [];
    for await (const each of stripe.customers.list({ limit: 3 })) seen.push(each.id);
    assert.deepEqual(seen, [...ids].reverse());
    const since: string[] = [];
    for await (const each of stripe.customers.list({ limit: 2, ending_before: ids[0] })) since.push(each.id);
    assert.deepEqual(since, ids.slice(1));
  }));

Deno.test("a cursor that names nothing is refused", () =>
  withAccount(async ({ stripe }) => {
    const error = await failureOf(stripe.customers.list({ starting_after: "cus_none" }));
    assert.equal(error.code, "resource_missing");
    assert.equal(error.param, "starting_after");
  }));

Deno.test("created narrows a list by the simulator's clock", () =>
  withAccount(async ({ stripe, control }) => {
    const old = await stripe.customers.create({});
    await control.advanceClock(3600);
    const recent = await stripe.customers.create({});
    const after = await stripe.customers.list({ created: { gte: recent.created } });
    assert.deepEqual(after.data.map((each) => each.id), [recent.id]);
    const before = await stripe.customers.list({ created: { lt: recent.created } });
    assert.deepEqual(before.data.map((each) => each.id), [old.id]);
    const exactly = await stripe.customers.list({ created: old.created });
    assert.deepEqual(exactly.data.map((each) => each.id), [old.id]);
  }));

Deno.test("sessions are listed by status, customer, email and payment intent", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const customer = await stripe.customers.create({ email: "ada@example.com" });
    const paid = await paidSession(account, { customer: customer.id });
    const open = await openSession(stripe);
    const expired = await openSession(stripe);
    await control.expireSession(expired.id);
    const ids = async (params: Stripe.Checkout.SessionListParams) =>
      (await stripe.checkout.sessions.list(params)).data.map((each) => each.id);
    assert.deepEqual(await ids({ status: "open" }), [open.id]);
    assert.deepEqual(await ids({ status: "expired" }), [expired.id]);
    assert.deepEqual(await ids({ customer: customer.id }), [paid.session.id]);
    assert.deepEqual(await ids({ customer_details: { email: "ada@example.com" } }), [paid.session.id]);
    assert.deepEqual(await ids({ payment_intent: paid.intent.id }), [paid.session.id]);
    const items = await stripe.checkout.sessions.listLineItems(open.id);
    assert.deepEqual(items.data.map((item) => [item.quantity, item.amount_total]), [[1, 1000]]);
  }));
