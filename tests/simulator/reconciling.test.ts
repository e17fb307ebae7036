import assert from "node:assert/strict";
import type Stripe from "stripe";
import { type Account, eventTypes, failureOf, openSession, paidSession, withAccount } from "./support.ts";

/** Three payments an hour apart; of each a refund and a dispute. */
async function history(account: Account) {
  const { stripe, control } = account;
  const made = [];
  for (let index = 0; index < 3; index++) {
    const { session, intent, charge } = await paidSession(account, {
      payment_intent_data: { metadata: { purchase_id: `p_${index}` } },
    });
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 100 });
    const dispute = await control.openDispute(charge.id, { amount: 900 });
    made.push({ session, intent, refund, dispute });
    await control.advanceClock(3600);
  }
  return made;
}

type Range = Stripe.RangeQueryParam;
type Page = Promise<{ data: { id: string }[]; has_more: boolean }>;
type List = (
  params: { created?: Range; limit?: number; starting_after?: string; ending_before?: string },
) => Page;

const listsOf = (stripe: Stripe): [string, List, "session" | "intent" | "refund" | "dispute"][] => [
  ["sessions", (params) => stripe.checkout.sessions.list(params), "session"],
  ["payment intents", (params) => stripe.paymentIntents.list(params), "intent"],
  ["refunds", (params) => stripe.refunds.list(params), "refund"],
  ["disputes", (params) => stripe.disputes.list(params), "dispute"],
];

Deno.test("every list is walked by created and cursors, in both directions", () =>
  withAccount(async (account) => {
    const made = await history(account);
    for (const [name, list, kind] of listsOf(account.stripe)) {
      const ids = made.map((each) => each[kind].id).reverse();
      const created = made.map((each) => each[kind].created);
      const seen = async (params: Parameters<List>[0]) => (await list(params)).data.map((each) => each.id);
      assert.deepEqual(await seen({ created: { gte: created[1] } }), ids.slice(0, 2), name);
      assert.deepEqual(await seen({ created: { gt: created[1] } }), ids.slice(0, 1), name);
      assert.deepEqual(await seen({ created: { lte: created[1] } }), ids.slice(1), name);
      assert.deepEqual(await seen({ created: { lt: created[1], gte: created[0] } }), ids.slice(2), name);
      const first = await list({ created: { lte: created[2] }, limit: 2 });
      assert.equal(first.has_more, true, name);
      const rest = await list({ created: { lte: created[2] }, limit: 2, starting_after: first.data[1]!.id });
      assert.deepEqual([rest.data.map((each) => each.id), rest.has_more], [ids.slice(2), false], name);
      const newer = await list({ limit: 1, ending_before: ids[2] });
      assert.deepEqual([newer.data[0]?.id, newer.has_more], [ids[1], true], name);
      assert.equal((await failureOf(list({ limit: 101 }))).param, "limit", name);
    }
  }));

Deno.test("a cursor whose object is gone is refused on every list", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const made = await history(account);
    for (const [name, list, kind] of listsOf(stripe)) {
      await control.forget(made[1]![kind].id);
      for (const param of ["starting_after", "ending_before"] as const) {
        const error = await failureOf(list({ [param]: made[1]![kind].id }));
        assert.deepEqual([error.statusCode, error.code, error.param], [400, "resource_missing", param], name);
      }
      assert.equal((await list({})).data.length, 2, name);
    }
    const { data: [event] } = await stripe.events.list();
    await control.forget(event!.id);
    assert.equal(
      (await failureOf(stripe.events.list({ starting_after: event!.id }))).code,
      "resource_missing",
    );
    const { data: [old] } = await stripe.events.list();
    await control.advanceClock(31 * 86_400);
    assert.equal((await failureOf(stripe.events.list({ starting_after: old!.id }))).code, "resource_missing");
  }));

Deno.test("lists carry what is asked for inside their rows", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    await history(account);
    const sessions = await stripe.checkout.sessions.list({ expand: ["data.payment_intent.latest_charge"] });
    const intents = sessions.data.map((each) => each.payment_intent as Stripe.PaymentIntent);
    assert.deepEqual(intents.map((each) => each.metadata.purchase_id), ["p_2", "p_1", "p_0"]);
    assert.ok(intents.every((each) => (each.latest_charge as Stripe.Charge).receipt_url));
    const refunds = await stripe.refunds.list({ expand: ["data.payment_intent"] });
    assert.equal((refunds.data[0]?.payment_intent as Stripe.PaymentIntent).metadata.purchase_id, "p_2");
    const { data: [listed] } = await stripe.disputes.list({ expand: ["data.payment_intent", "data.charge"] });
    assert.equal((listed?.payment_intent as Stripe.PaymentIntent).metadata.purchase_id, "p_2");
    const dispute = await stripe.disputes.retrieve(listed!.id, { expand: ["payment_intent"] });
    assert.equal((dispute.payment_intent as Stripe.PaymentIntent).metadata.purchase_id, "p_2");
    assert.deepEqual(
      dispute.balance_transactions.map((each) => [each.amount, each.fee, each.net, each.currency]),
      [[-900, 1500, -2400, "usd"]],
    );
    const refund = await stripe.refunds.retrieve(refunds.data[0]!.id, {
      expand: ["payment_intent", "charge"],
    });
    assert.equal((refund.charge as Stripe.Charge).amount_refunded, 100);
  }));

Deno.test("intents are listed by customer within a time", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { id: customer } = await stripe.customers.create({});
    const pay = () =>
      stripe.paymentIntents.create({
        amount: 1000,
        currency: "usd",
        customer,
        payment_method: "pm_card_visa",
        confirm: true,
        off_session: true,
      });
    const first = await pay();
    await paidSession(account);
    await control.advanceClock(60);
    const second = await pay();
    const ids = async (created?: Range) =>
      (await stripe.paymentIntents.list({ customer, ...(created ? { created } : {}) })).data.map((each) =>
        each.id
      );
    assert.deepEqual(await ids(), [second.id, first.id]);
    assert.deepEqual(await ids({ gte: second.created }), [second.id]);
    assert.deepEqual(await ids({ lt: second.created }), [first.id]);
  }));

Deno.test("each thing that can happen to a payment leaves its event", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const late = await openSession(stripe);
    await control.payCheckout(late.id, { method: "us_bank_account" });
    await control.settle(late.id);
    const never = await openSession(stripe);
    await control.payCheckout(never.id, { method: "us_bank_account" });
    await control.failPayment(never.id);
    const refunded = await paidSession(account, {}, "4000000000005126");
    await stripe.refunds.create({ payment_intent: refunded.intent.id });
    await control.advanceClock(120);
    const disputed = await paidSession(account);
    const { id } = await control.openDispute(disputed.charge.id);
    await control.moveDispute(id, "under_review");
    await control.closeDispute(id, "won");
    const seen = new Set(await eventTypes(stripe));
    for (
      const type of [
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "payment_intent.payment_failed",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
      ]
    ) assert.ok(seen.has(type), type);
    const wanted = ["refund.failed", "charge.dispute.closed"];
    const { data } = await stripe.events.list({ types: wanted, created: { gte: late.created } });
    assert.deepEqual(data.map((event) => event.type), ["charge.dispute.closed", "refund.failed"]);
  }));

Deno.test("what happened in a leap of the clock stands in a list at its own time", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    await control.advanceClock(10 * 86_400);
    await stripe.customers.create({});
    const { data } = await stripe.events.list({ limit: 3 });
    assert.deepEqual(data.map((event) => event.type), [
      "customer.created",
      "checkout.session.async_payment_succeeded",
      "payment_intent.succeeded",
    ]);
    assert.equal(data[0]!.created - data[1]!.created, 6 * 86_400);
  }));
