import assert from "node:assert/strict";
import { eventTypes, failureOf, openSession, paidSession, readPayment, withAccount } from "./support.ts";

Deno.test("refunds add up to the charge and no further", () =>
  withAccount(async (account) => {
    const { stripe } = account;
    const { session, charge, intent } = await paidSession(account);
    const first = await stripe.refunds.create({ payment_intent: intent.id, amount: 300 });
    assert.deepEqual([first.status, first.amount, first.charge], ["succeeded", 300, charge.id]);
    const tooMuch = await failureOf(stripe.refunds.create({ charge: charge.id, amount: 701 }));
    assert.equal(
      tooMuch.message,
      "Refund amount ($7.01) is greater than unrefunded amount on charge ($7.00)",
    );
    const rest = await stripe.refunds.create({ charge: charge.id, reason: "requested_by_customer" });
    assert.equal(rest.amount, 700);
    const after = await readPayment(stripe, session.id);
    assert.deepEqual([after.charge.amount_refunded, after.charge.refunded], [1000, true]);
    assert.equal(after.session.payment_status, "paid", "a refund does not change the session");
    const again = await failureOf(stripe.refunds.create({ charge: charge.id }));
    assert.equal(again.code, "charge_already_refunded");
    const listed = await stripe.refunds.list({ payment_intent: intent.id });
    assert.deepEqual(listed.data.map((refund) => refund.id), [rest.id, first.id]);
    const money = await stripe.balanceTransactions.list({ source: first.id });
    assert.deepEqual(money.data.map((each) => [each.type, each.amount, each.fee]), [["refund", -300, 0]]);
  }));

Deno.test("a refund that fails gives the money back to the balance, and can be made anew", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { charge } = await paidSession(account);
    const refund = await stripe.refunds.create({ charge: charge.id });
    await control.failRefund(refund.id, "lost_or_stolen_card");
    const failed = await stripe.refunds.retrieve(refund.id);
    assert.deepEqual([failed.status, failed.failure_reason], ["failed", "lost_or_stolen_card"]);
    assert.ok(failed.failure_balance_transaction);
    assert.equal((await stripe.charges.retrieve(charge.id)).amount_refunded, 0);
    const money = await stripe.balanceTransactions.list({ source: refund.id });
    assert.equal(money.data.reduce((sum, each) => sum + each.net, 0), 0);
    const types = await eventTypes(stripe);
    for (
      const type of [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
      ]
    ) {
      assert.ok(types.includes(type), type);
    }
    assert.equal((await stripe.refunds.create({ charge: charge.id })).status, "succeeded");
  }));

Deno.test("two test cards have refunds that wait, and refunds that fail later", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const waiting = await paidSession(account, {}, "4000000000007726");
    const failing = await paidSession(account, {}, "4000000000005126");
    const pending = await stripe.refunds.create({ charge: waiting.charge.id });
    const doomed = await stripe.refunds.create({ charge: failing.charge.id });
    assert.deepEqual([pending.status, doomed.status], ["pending", "succeeded"]);
    await control.advanceClock(61);
    assert.equal((await stripe.refunds.retrieve(pending.id)).status, "succeeded");
    assert.equal((await stripe.refunds.retrieve(doomed.id)).status, "failed");
  }));

Deno.test("a refund of a bank debit is pending until the bank has it", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    const waiting = await readPayment(stripe, id);
    const early = await failureOf(stripe.refunds.create({ payment_intent: waiting.intent.id }));
    assert.equal(early.statusCode, 400);
    await control.settle(id);
    const refund = await stripe.refunds.create({ payment_intent: waiting.intent.id });
    assert.equal(refund.status, "pending");
    await control.settle(refund.id);
    assert.equal((await stripe.refunds.retrieve(refund.id)).status, "succeeded");
  }));

Deno.test("a charge can list its refunds when asked to", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const { charge } = await paidSession(account);
    await control.refund(charge.id, { amount: 250 });
    assert.equal(charge.refunds, undefined);
    const expanded = await stripe.charges.retrieve(charge.id, { expand: ["refunds"] });
    assert.deepEqual(expanded.refunds?.data.map((refund) => refund.amount), [250]);
  }));
