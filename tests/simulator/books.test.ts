import assert from "node:assert/strict";
import { openSession, paidSession, withAccount } from "./support.ts";

Deno.test("the books say to the cent what became of each payment", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const refunded = await paidSession(account, {
      payment_intent_data: { metadata: { purchase_id: "p_1", user_id: "user_1" } },
    });
    await stripe.refunds.create({ payment_intent: refunded.intent.id, amount: 250 });
    const won = await paidSession(account);
    const { id } = await control.openDispute(won.charge.id);
    await control.closeDispute(id, "won");
    const lost = await paidSession(account, {}, "4000000000000259");
    const book = await control.books();
    const by = (intent: string) => book.payments.find((each) => each.payment_intent === intent)!;
    const first = by(refunded.intent.id);
    assert.deepEqual([first.session, first.amount, first.refunded, first.currency], [
      refunded.session.id,
      1000,
      250,
      "usd",
    ]);
    assert.deepEqual(first.metadata, { purchase_id: "p_1", user_id: "user_1" });
    assert.deepEqual(
      [by(won.intent.id).disputed_withdrawn, by(won.intent.id).disputed_reinstated],
      [1000, 1000],
    );
    assert.deepEqual(
      [by(lost.intent.id).disputed_withdrawn, by(lost.intent.id).disputed_reinstated],
      [1000, 0],
    );
    assert.deepEqual(book.totals, {
      usd: {
        payments: 3,
        amount: 3000,
        tax: 0,
        refunded: 250,
        refunds_pending: 0,
        disputed_withdrawn: 2000,
        disputed_reinstated: 1000,
        fees: 3 * 59 + 2 * 1500,
      },
    });
    const { pending } = await stripe.balance.retrieve();
    const usd = book.totals.usd!;
    const held = usd.amount - usd.refunded - usd.disputed_withdrawn + usd.disputed_reinstated - usd.fees;
    assert.equal(pending[0]?.amount, held, "and they agree with the balance");
  }));

Deno.test("declined, open and waiting payments are not in the books, failed refunds do not count", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const open = await openSession(stripe);
    await control.payCheckout(open.id, { card: "4000000000000002" });
    const waiting = await openSession(stripe);
    await control.payCheckout(waiting.id, { method: "us_bank_account" });
    assert.deepEqual(await control.books(), { payments: [], totals: {} });
    await control.settle(waiting.id);
    const pending = await paidSession(account, {}, "4000000000007726");
    await stripe.refunds.create({ payment_intent: pending.intent.id, amount: 100 });
    const failing = await paidSession(account, {}, "4000000000005126");
    await stripe.refunds.create({ payment_intent: failing.intent.id });
    const before = (await control.books()).totals.usd!;
    assert.deepEqual([before.payments, before.refunded, before.refunds_pending], [3, 1100, 100]);
    await control.advanceClock(120);
    const after = (await control.books()).totals.usd!;
    assert.deepEqual([after.refunded, after.refunds_pending], [100, 0]);
  }));

Deno.test("the books of a time hold what was paid in it, each currency for itself, free sessions too", () =>
  withAccount(async (account) => {
    const { stripe, control } = account;
    const early = await paidSession(account);
    await control.advanceClock(3600);
    const since = await control.now();
    await paidSession(account, {
      line_items: [{
        price_data: { currency: "eur", unit_amount: 500, product_data: { name: "credit" } },
        quantity: 1,
      }],
    });
    const coupon = await stripe.coupons.create({ percent_off: 100 });
    const free = await openSession(stripe, {
      discounts: [{ coupon: coupon.id }],
      metadata: { purchase_id: "p_9" },
    });
    await control.payCheckout(free.id);
    const late = await control.books({ since });
    assert.deepEqual([late.totals.eur?.amount, late.totals.usd?.amount, late.payments.length], [500, 0, 2]);
    const gift = late.payments.find((each) => each.session === free.id)!;
    assert.deepEqual([gift.payment_intent, gift.amount, gift.metadata.purchase_id], [null, 0, "p_9"]);
    const before = await control.books({ until: since - 1 });
    assert.deepEqual(before.payments.map((each) => each.session), [early.session.id]);
  }));
