import assert from "node:assert/strict";
import { eventTypes, openSession, readPayment, withAccount } from "./support.ts";

const DAY = 86_400;

Deno.test("a bank debit completes the session and leaves it unpaid until the bank pays", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    const waiting = await readPayment(stripe, id);
    assert.equal(waiting.session.status, "complete");
    assert.equal(waiting.session.payment_status, "unpaid");
    assert.equal(waiting.intent.status, "processing");
    assert.equal(waiting.charge.status, "pending");
    assert.equal(waiting.charge.balance_transaction, null);
    assert.match(waiting.charge.id, /^py_/);
    await control.settle(id);
    const paid = await readPayment(stripe, id);
    assert.equal(paid.session.payment_status, "paid");
    assert.equal(paid.intent.status, "succeeded");
    assert.equal(paid.charge.status, "succeeded");
    const types = await eventTypes(stripe);
    assert.ok(types.indexOf("checkout.session.completed") < types.indexOf("charge.succeeded"));
    assert.equal(types.at(-1), "checkout.session.async_payment_succeeded");
  }));

Deno.test("a bank debit that fails leaves the session complete and unpaid", () =>
  withAccount(async ({ stripe, control }) => {
    const { id } = await openSession(stripe);
    await control.payCheckout(id, { method: "us_bank_account" });
    const { intent } = await readPayment(stripe, id);
    await control.failPayment(intent.id, "account_closed");
    const failed = await readPayment(stripe, id);
    assert.equal(failed.session.status, "complete");
    assert.equal(failed.session.payment_status, "unpaid");
    assert.equal(failed.intent.status, "requires_payment_method");
    assert.equal(failed.charge.status, "failed");
    assert.equal(failed.charge.failure_code, "account_closed");
    assert.equal((await eventTypes(stripe)).at(-1), "checkout.session.async_payment_failed");
    await assert.rejects(control.settle(id), /not processing/);
  }));

Deno.test("without help a debit ends by itself after four days, as its account is meant to", () =>
  withAccount(async ({ stripe, control }) => {
    const good = await openSession(stripe);
    const bad = await openSession(stripe);
    await control.payCheckout(good.id, { method: "us_bank_account" });
    await control.payCheckout(bad.id, { method: "us_bank_account", account: "000222222227" });
    await control.advanceClock(4 * DAY - 60);
    assert.equal((await readPayment(stripe, good.id)).intent.status, "processing");
    await control.advanceClock(120);
    assert.equal((await readPayment(stripe, good.id)).session.payment_status, "paid");
    const failed = await readPayment(stripe, bad.id);
    assert.equal(failed.session.payment_status, "unpaid");
    assert.equal(failed.charge.failure_code, "insufficient_funds");
  }));
