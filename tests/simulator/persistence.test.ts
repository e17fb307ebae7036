import assert from "node:assert/strict";
import { openSession, paidSession, readPayment, withAccount } from "./support.ts";

async function withStateFile(work: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(`${folder}/stripe.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("purchases, keys, events and the clock survive a restart", () =>
  withStateFile(async (stateFile) => {
    let id = "";
    let later = 0;
    await withAccount(async (account) => {
      await account.control.advanceClock(3600);
      id = (await openSession(account.stripe, {}, { idempotencyKey: "purchase:1" })).id;
      await account.control.payCheckout(id);
      later = await account.control.now();
    }, { stateFile });
    await withAccount(async (account) => {
      const { stripe, control } = account;
      const { session, charge } = await readPayment(stripe, id);
      assert.equal(session.payment_status, "paid");
      assert.equal((await openSession(stripe, {}, { idempotencyKey: "purchase:1" })).id, id);
      const { data: [event] } = await stripe.events.list({ type: "checkout.session.completed" });
      assert.ok(event);
      assert.ok(await control.now() >= later);
      assert.equal((await stripe.refunds.create({ charge: charge.id })).status, "succeeded");
      await paidSession(account);
      const sessions = await stripe.checkout.sessions.list();
      assert.equal(sessions.data.at(-1)?.id, id, "the order of creation survives too");
    }, { stateFile });
  }));

Deno.test("what was answered is in the file before the process ends, and a torn line is ignored", () =>
  withStateFile(async (stateFile) => {
    await withAccount(async ({ stripe }) => {
      const { id } = await openSession(stripe);
      const copy = `${stateFile}.killed`;
      await Deno.copyFile(stateFile, copy);
      await Deno.writeTextFile(copy, '{"table":"sessions","id":"cs_torn","row":{"id":"cs_t', {
        append: true,
      });
      await withAccount(async (restarted) => {
        assert.equal((await restarted.stripe.checkout.sessions.retrieve(id)).status, "open");
        assert.equal((await restarted.stripe.checkout.sessions.list()).data.length, 1);
      }, { stateFile: copy });
    }, { stateFile });
  }));

Deno.test("many requests at once are all in the file", () =>
  withStateFile(async (stateFile) => {
    await withAccount(async ({ stripe }) => {
      await Promise.all(Array.from({ length: 30 }, () => stripe.customers.create({})));
    }, { stateFile });
    await withAccount(async ({ stripe, control }) => {
      assert.equal((await stripe.customers.list({ limit: 100 })).data.length, 30);
      await control.reset();
    }, { stateFile });
    assert.equal(await Deno.readTextFile(stateFile), "");
  }));
