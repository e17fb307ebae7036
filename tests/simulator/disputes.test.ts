import assert from "node:assert/strict";
import type Stripe from "stripe";
import { eventTypes, failureOf, paidSession, withAccount } from "./support.ts";

const moved = (dispute: Stripe.Dispute) =>
  dispute.balance_transactions.map((each) => [each.amount, each.fee]);
const disputeEvents = async (stripe: Stripe) =>
  (await eventTypes(stripe)).filter((type) => type.startsWith("charge.dispute."));

Deno.test("a dispute takes the money, winning it brings the money back", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { charge } = await paidSession(account);
    const opened = await control.openDispute(charge.id);
    assert.deepEqual([opened.status, opened.amount, opened.reason], ["needs_response", 1000, "fraudulent"]);
    assert.deepEqual(moved(opened), [[-1000, 1500]]);
    assert.equal((await stripe.charges.retrieve(charge.id)).disputed, true);
    const refused = await failureOf(stripe.refunds.create({ charge: charge.id }));
    assert.equal(refused.code, "charge_disputed");
    await control.closeDispute(opened.id, "won");
    const won = await stripe.disputes.retrieve(opened.id);
    assert.equal(won.status, "won");
    assert.deepEqual(moved(won), [[-1000, 1500], [1000, 0]]);
    assert.deepEqual(await disputeEvents(stripe), [
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
      "charge.dispute.funds_reinstated",
      "charge.dispute.closed",
    ]);
    const money = await stripe.balanceTransactions.list({ source: opened.id });
    assert.deepEqual(money.data.map((each) => each.reporting_category), ["dispute_reversal", "dispute"]);
  }));

Deno.test("accepting a dispute loses it, and no more money moves", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { charge } = await paidSession(account);
    const { id } = await control.openDispute(charge.id, { amount: 400, reason: "product_not_received" });
    const lost = await stripe.disputes.close(id);
    assert.equal(lost.status, "lost");
    assert.deepEqual(moved(lost), [[-400, 1500]]);
    assert.equal((await failureOf(stripe.disputes.close(id))).statusCode, 400);
    assert.deepEqual((await stripe.disputes.list({ charge: charge.id })).data.map((each) => each.id), [id]);
  }));

Deno.test("an appeal can turn a lost dispute round, and back again", () =>
  withAccount(async (account) => {
    const { control } = account;
    const { charge } = await paidSession(account);
    const { id } = await control.openDispute(charge.id);
    await control.closeDispute(id, "lost");
    assert.equal((await control.moveDispute(id, "appeal_under_review")).status, "appeal_under_review");
    assert.deepEqual(moved(await control.closeDispute(id, "won")), [[-1000, 1500], [1000, 0]]);
    await control.moveDispute(id, "appeal_needs_response");
    assert.deepEqual(moved(await control.closeDispute(id, "lost")), [[-1000, 1500], [1000, 0], [
      -1000,
      1500,
    ]]);
  }));

Deno.test("an inquiry moves no money unless it becomes a dispute", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const quiet = await paidSession(account);
    const inquiry = await control.openDispute(quiet.charge.id, { inquiry: true });
    assert.equal(inquiry.status, "warning_needs_response");
    assert.deepEqual(moved(await control.closeDispute(inquiry.id, "warning_closed")), []);
    const loud = await paidSession(account, {}, "4000000000001976");
    const { data } = await stripe.disputes.list({ payment_intent: loud.intent.id });
    assert.equal(data[0]?.status, "warning_needs_response", "the test card opens one by itself");
    await assert.rejects(control.closeDispute(data[0]!.id, "lost"), /escalate it first/);
    await control.moveDispute(data[0]!.id, "needs_response");
    assert.deepEqual(moved(await stripe.disputes.retrieve(data[0]!.id)), [[-1000, 1500]]);
  }));

Deno.test("evidence decides a dispute in test mode", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    for (const [words, status] of [["winning_evidence", "won"], ["losing_evidence", "lost"]] as const) {
      const { charge } = await paidSession(account, {}, "4000000000000259");
      const { data: [dispute] } = await stripe.disputes.list({ charge: charge.id });
      const saved = await stripe.disputes.update(dispute!.id, {
        evidence: { customer_name: "Ada" },
        submit: false,
      });
      assert.equal(saved.status, "needs_response");
      const closed = await stripe.disputes.update(dispute!.id, { evidence: { uncategorized_text: words } });
      assert.equal(closed.status, status);
      assert.equal(closed.evidence.customer_name, "Ada");
    }
  }));

Deno.test("a charge can be refunded in part and then disputed", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { charge } = await paidSession(account);
    await stripe.refunds.create({ charge: charge.id, amount: 400 });
    await control.openDispute(charge.id, { amount: 1000 });
    const all = await stripe.balanceTransactions.list({ limit: 100 });
    assert.equal(all.data.reduce((sum, each) => sum + each.amount, 0), 1000 - 400 - 1000);
    const balance = await stripe.balance.retrieve();
    assert.equal(balance.pending[0]?.amount, 941 - 400 - 2500);
  }));
