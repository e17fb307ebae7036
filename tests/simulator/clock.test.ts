import assert from "node:assert/strict";
import { eventTypes, openSession, paidSession, withAccount } from "./support.ts";

Deno.test("an open session expires by itself, at its own time", () =>
  withAccount(async ({ stripe, control }) => {
    const { id, expires_at } = await openSession(stripe);
    await control.advanceClock(24 * 3600 - 5);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).status, "open");
    await control.advanceClock(7 * 86_400);
    assert.equal((await stripe.checkout.sessions.retrieve(id)).status, "expired");
    const { data: [event] } = await stripe.events.list({ type: "checkout.session.expired" });
    assert.equal(event?.created, expires_at, "a leap of the clock does not change when it happened");
  }));

Deno.test("a paid session does not expire", () =>
  withAccount(async (account) => {
    const { session } = await paidSession(account);
    await account.control.advanceClock(2 * 86_400);
    assert.equal((await account.stripe.checkout.sessions.retrieve(session.id)).status, "complete");
    assert.ok(!(await eventTypes(account.stripe)).includes("checkout.session.expired"));
  }));

Deno.test("funds become available after two days", () =>
  withAccount(async (account) => {
    const { charge } = await paidSession(account);
    const read = () => account.stripe.balanceTransactions.retrieve(String(charge.balance_transaction));
    assert.equal((await read()).status, "pending");
    await account.control.advanceClock(2 * 86_400);
    assert.equal((await read()).status, "available");
  }));

Deno.test("the clock can be given, moves with advanceClock, and never goes back", () => {
  const start = 1_800_000_000_000;
  return withAccount(async ({ stripe, control }) => {
    const { created } = await stripe.customers.create({});
    assert.equal(created, start / 1000);
    assert.deepEqual(await control.advanceClock(90), { now: start / 1000 + 90 });
    await assert.rejects(control.advanceClock(-1), /only moves forward/);
    await control.reset();
    assert.equal(await control.now(), start / 1000);
  }, { clock: () => start });
});
