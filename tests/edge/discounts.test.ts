// Promotion codes, tax, invoices and people who are gone: what the settings allow is credited, the rest is held for a person.
import assert from "node:assert/strict";
import { checkDuePurchases } from "../../supabase/functions/reconcile-payments/purchases.ts";
import { letLeaseLapse, run } from "./support/reconciler.ts";
import {
  alerts,
  boughtPurchase,
  createCheckout,
  env,
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  purchaseRow,
  sql,
  stripe,
  stripeApi,
  verified,
  withSetting,
} from "./support/world.ts";

await letLeaseLapse();

async function promotionCode(percent: number): Promise<string> {
  const coupon = await stripeApi.coupons.create({ percent_off: percent, duration: "once" });
  const code = `T${crypto.randomUUID().slice(0, 8).toUpperCase()}`;
  await stripeApi.promotionCodes.create({ promotion: { type: "coupon", coupon: coupon.id }, code });
  return code;
}

/** On Stripe's page, before paying. */
async function enter(session: string, code: string): Promise<void> {
  const answer = await fetch(`${env.STRIPE_API_URL}/c/pay/${session}/promotion`, {
    method: "POST",
    body: new URLSearchParams({ code }),
    redirect: "manual",
  });
  await answer.body?.cancel();
  assert.ok(answer.status < 400, `the code was taken: ${answer.status}`);
}

for (const [percent, paid, gift] of [[25, 7_500_000, 2_500_000], [100, 0, 10_000_000]] as const) {
  Deno.test(`With promotion codes allowed, ${percent} % off is credited in full, the rest as a gift`, async () => {
    await withSetting("stripe_discounts", "true", async () => {
      const buyer = await newBuyer();
      const { session } = await openPurchase(buyer);
      await enter(session, await promotionCode(percent));
      await stripe.payCheckout(session);
      const { purchase, balance } = await verified(buyer, session);
      assert.equal(purchase.status, "paid", purchase.review_reason ?? "");
      assert.equal(balance.balance_micros, 10_000_000);
      const amounts = (await journal(buyer)).map(({ kind, amount }) => [kind, amount]);
      assert.deepEqual(amounts, [["purchase", paid], ["bonus", gift]].filter(([, amount]) => amount !== 0));
    });
  });

  Deno.test(`Without, ${percent} % off is held for review, credits nothing and opens an alert`, async () => {
    const buyer = await newBuyer();
    let session = "";
    await withSetting("stripe_discounts", "true", async () => {
      session = (await openPurchase(buyer)).session;
      await enter(session, await promotionCode(percent));
    });
    await stripe.payCheckout(session);
    const { purchase } = await verified(buyer, session);
    assert.equal(purchase.review_reason, "discount_not_expected");
    assert.deepEqual(await journal(buyer), []);
    assert.equal((await alerts("purchase_in_review", purchase.purchase_id)).length, 1);
  });
}

Deno.test("With tax, the buyer pays it on top and gets the package's credit, the first time and the next", async () => {
  await withSetting("stripe_tax", "true", async () => {
    const buyer = await newBuyer();
    for (let time = 1; time <= 2; time += 1) {
      const { session } = await openPurchase(buyer);
      await stripe.payCheckout(session, { customerDetails: { country: "DE", postal_code: "10115" } });
      const { purchase, balance } = await verified(buyer, session);
      assert.equal(purchase.status, "paid", purchase.review_reason ?? "");
      assert.equal(balance.balance_micros, time * 10_000_000);
      const [row] =
        await sql`select paid_cents::int, tax_cents::int from public.purchases where id = ${purchase.purchase_id}`;
      assert.deepEqual({ ...row }, { paid_cents: 1190, tax_cents: 190 });
    }
  });
});

Deno.test("With invoices, the purchase knows its invoice's address", async () => {
  await withSetting("stripe_invoices", "true", async () => {
    const { invoice_url } = await boughtPurchase(await newBuyer());
    assert.match(invoice_url ?? "", /^https?:/);
  });
});

Deno.test("A person is the same customer at Stripe each time, and a customer deleted there is made anew", async () => {
  const buyer = await newBuyer();
  const customerOf = async ({ session }: { session: string }) =>
    (await stripeApi.checkout.sessions.retrieve(session)).customer as string;
  const first = await customerOf(await boughtPurchase(buyer));
  assert.match(first, /^cus_/);
  assert.equal(await customerOf(await boughtPurchase(buyer)), first);

  await stripeApi.customers.del(first);
  const next = await customerOf(await boughtPurchase(buyer));
  assert.match(next, /^cus_/);
  assert.notEqual(next, first);
  assert.equal(await customerOf(await boughtPurchase(buyer)), next);
});

Deno.test("A card is kept only when the buyer says so", async () => {
  const kept = async (save_card?: boolean) => {
    const buyer = await newBuyer();
    const { body } = await createCheckout(buyer, save_card === undefined ? {} : { save_card });
    const session = await stripeApi.checkout.sessions.retrieve(body.purchase.stripe_session_id);
    await stripe.payCheckout(session.id);
    await verified(buyer, session.id);
    const paid = await stripeApi.checkout.sessions.retrieve(session.id, { expand: ["payment_intent"] });
    const methods = await stripeApi.customers.listPaymentMethods(paid.customer as string);
    return [methods.data.length, session.saved_payment_method_options?.payment_method_save ?? null];
  };
  assert.deepEqual(await kept(true), [1, "enabled"]);
  assert.deepEqual(await kept(false), [0, null]);
  assert.deepEqual(await kept(), [0, null]);
});

Deno.test("A payment of somebody whose login was deleted is held for review, with an alert", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session);
  await sql`delete from auth.users where id = ${buyer.userId}`;
  await makeDue(purchase);
  await run({ steps: [checkDuePurchases] });
  assert.equal((await purchaseRow(purchase)).status, "review");
  assert.deepEqual(await journal(buyer), []);
  const [alert] = await alerts("purchase_in_review", purchase.purchase_id);
  assert.equal((alert!.details as Record<string, unknown>).reason, "wallet_closed");
});
