// People and their money, on a real stack.
import assert from "node:assert/strict";
import { StripeControl } from "../../../dev/stripe/control.ts";
import {
  createTalktime,
  type Purchase,
  type Talktime,
  type TalktimeOptions,
} from "../../../client-sdk/src/index.ts";
import { type SignedUp, signUp, type StackEnv } from "../../support/stack.ts";

export interface Person extends SignedUp {
  talktime: Talktime;
}

/** What everyone signs up with. */
export const PASSWORD = "correct horse battery";

/** Someone new, with an empty wallet. */
export async function newPerson(env: StackEnv, options: TalktimeOptions = {}): Promise<Person> {
  const person = await signUp(env);
  return { ...person, talktime: createTalktime(person.client, options) };
}

export const returnPages = {
  successUrl: "http://localhost:3000/paid",
  cancelUrl: "http://localhost:3000/",
};

/** Begins to buy: the purchase is open and its page waits. */
export async function beginPurchase(talktime: Talktime, packageCode = "credit_10"): Promise<Purchase> {
  const { data, error } = await talktime.purchases.checkout(packageCode, returnPages);
  assert.equal(error, null);
  return data!.purchase;
}

/** Buys as a person does: checkout, the hosted page, the success page. */
export async function buy(env: StackEnv, talktime: Talktime, packageCode = "credit_10"): Promise<Purchase> {
  const purchase = await beginPurchase(talktime, packageCode);
  await new StripeControl(env.STRIPE_API_URL!).payCheckout(purchase.stripeSessionId!);
  const { data, error } = await talktime.purchases.verify({ purchaseId: purchase.purchaseId });
  assert.equal(error, null);
  assert.equal(data!.credited, true);
  return data!.purchase;
}
