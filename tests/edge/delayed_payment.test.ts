import assert from "node:assert/strict";
import {
  type Buyer,
  eventually,
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  purchaseRow,
  reconcile,
  stripe,
  verified,
} from "./support/world.ts";

async function paidWithADelay(buyer: Buyer) {
  const purchase = await openPurchase(buyer);
  await stripe.payCheckout(purchase.session, { method: "us_bank_account" });
  const answer = await verified(buyer, purchase.session);
  assert.equal(answer.purchase.status, "processing");
  assert.equal(answer.credited, false);
  assert.equal(answer.balance.balance_micros, 0);
  return purchase;
}

Deno.test("A delayed payment stays in processing until its money arrives, then credits once", async () => {
  const buyer = await newBuyer();
  const purchase = await paidWithADelay(buyer);
  await makeDue(purchase);
  await reconcile();
  assert.equal((await purchaseRow(purchase)).status, "processing");

  await stripe.settle(purchase.session);
  await makeDue(purchase);
  await reconcile();
  await eventually(
    async () => (await purchaseRow(purchase)).status === "paid",
    "the settled payment is credited",
  );
  assert.equal((await verified(buyer, purchase.session)).balance.balance_micros, 10_000_000);
  assert.equal((await journal(buyer)).length, 1);
});

Deno.test("A delayed payment that fails ends the purchase without credit", async () => {
  const buyer = await newBuyer();
  const purchase = await paidWithADelay(buyer);
  await stripe.failPayment(purchase.session);
  await makeDue(purchase);
  await reconcile();
  await eventually(
    async () => (await purchaseRow(purchase)).status === "failed",
    "the failed payment is noticed",
  );
  assert.deepEqual(await journal(buyer), []);
});
