// A newer purchase takes the place of an open one, whose page is closed at Stripe.
import assert from "node:assert/strict";
import { checkDuePurchases } from "../../supabase/functions/reconcile-payments/purchases.ts";
import { letLeaseLapse, run } from "./support/reconciler.ts";
import {
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  purchaseRow,
  stripe,
  stripeApi,
  verified,
} from "./support/world.ts";

await letLeaseLapse();
const poll = () => run({ steps: [checkDuePurchases] });

Deno.test("The page of a superseded purchase is closed at Stripe by the next run, the newer one stays open", async () => {
  const buyer = await newBuyer();
  const older = await openPurchase(buyer);
  await makeDue();
  const newer = await openPurchase(buyer);
  const { expired } = await poll();
  assert.equal(expired, 1);
  assert.equal((await stripeApi.checkout.sessions.retrieve(older.session)).status, "expired");
  assert.equal((await purchaseRow(older)).status, "expired");
  assert.equal((await purchaseRow(newer)).status, "open");
});

Deno.test("Two pages that are both paid both credit", async () => {
  const buyer = await newBuyer();
  const older = await openPurchase(buyer);
  const newer = await openPurchase(buyer, "credit_20");
  await stripe.payCheckout(older.session);
  await stripe.payCheckout(newer.session);
  await verified(buyer, newer.session);
  await makeDue(older);
  const { expired, credited } = await poll();
  assert.deepEqual({ expired, credited }, { expired: 0, credited: 1 });
  assert.deepEqual((await journal(buyer)).map(({ amount }) => amount).sort(), [10_000_000, 20_000_000]);
});

Deno.test("A superseded purchase that is still at the bank is waited for", async () => {
  const buyer = await newBuyer();
  const older = await openPurchase(buyer);
  await openPurchase(buyer);
  await stripe.payCheckout(older.session, { method: "us_bank_account" });
  await makeDue(older);
  await poll();
  assert.equal((await purchaseRow(older)).status, "processing");
  await stripe.settle(older.session);
  await makeDue(older);
  await poll();
  assert.equal((await purchaseRow(older)).status, "paid");
});
