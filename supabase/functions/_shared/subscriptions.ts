// Brings a subscription, or one invoice of it, as Stripe has it now to the database. Whoever met it, on the way back
// from the page or in a list, ends here, so their order makes no difference.
import type Stripe from "stripe";
import type { Applied, Database } from "./db.ts";
import { ApiError, isMissingAtStripe } from "./errors.ts";
import type { Subscription } from "./subscription_db.ts";
import {
  INVOICE_PAYMENT_EXPAND,
  invoiceFacts,
  latestInvoice,
  lookupKey,
  SUBSCRIPTION_EXPAND,
  subscriptionFacts,
  subscriptionMetadata,
} from "./subscription_facts.ts";

export interface Settling {
  db: Database;
  stripe: Stripe;
  /** Makes one request to Stripe, in its turn. */
  ask<T>(request: () => Promise<T>): Promise<T>;
}

export interface Settled extends Applied {
  subscription?: Subscription;
}

export function retrieveSubscription(stripe: Stripe, id: string): Promise<Stripe.Subscription> {
  return stripe.subscriptions.retrieve(id, { expand: SUBSCRIPTION_EXPAND });
}

/** Applies a subscription that was read with SUBSCRIPTION_EXPAND, and its latest invoice. */
export async function settleSubscription(
  found: Stripe.Subscription,
  settling: Settling,
): Promise<Settled> {
  const { db } = settling;
  let applied = await db.applySubscription(subscriptionFacts(found));
  if (applied.cancel) applied = await db.applySubscription(subscriptionFacts(await end(found, settling)));
  if (!applied.known) return { known: false };
  const invoice = latestInvoice(found);
  const paid = invoice === null ? null : await settleInvoice(invoice, settling);
  // The invoice may have made the next plan the present one.
  const subscription = paid?.credited
    ? (await db.applySubscription(subscriptionFacts(found))).subscription
    : applied.subscription;
  return { known: true, credited: paid?.credited ?? false, subscription: subscription! };
}

/** Two pages were paid: the second one is not billed again. */
async function end(
  { id }: Stripe.Subscription,
  settling: Settling,
): Promise<Stripe.Subscription> {
  const { stripe } = settling;
  try {
    return await settling.ask(() => stripe.subscriptions.cancel(id, { expand: SUBSCRIPTION_EXPAND }));
  } catch (error) {
    if (!isMissingAtStripe(error)) throw error;
    return await settling.ask(() => retrieveSubscription(stripe, id));
  }
}

/** Applies an invoice; one that is not paid has nothing to tell, and neither has one that was applied before. */
export async function settleInvoice(invoice: Stripe.Invoice, settling: Settling): Promise<Applied> {
  const { db, stripe } = settling;
  if (invoice.status !== "paid" || (await db.filterUnsettled([invoice.id])).length === 0) {
    return { known: true, credited: false };
  }
  const { data: [payment = null] } = await settling.ask(() =>
    stripe.invoicePayments.list({
      invoice: invoice.id,
      status: "paid",
      limit: 1,
      expand: INVOICE_PAYMENT_EXPAND,
    })
  );
  return await db.applyInvoice(invoiceFacts(invoice, payment, await planOf(invoice, settling)));
}

/** A price keeps its key, so it is read once. */
const lookupKeys = new Map<string, string>();

async function planOf(invoice: Stripe.Invoice, settling: Settling): Promise<string | null> {
  const price = invoice.lines.data[0]?.pricing?.price_details?.price;
  if (price === undefined) return null;
  if (typeof price === "object") return lookupKey(price);
  const known = lookupKeys.get(price);
  if (known !== undefined) return known;
  const key = lookupKey(await settling.ask(() => settling.stripe.prices.retrieve(price)));
  if (key !== null) lookupKeys.set(price, key);
  return key;
}

/** Applies the invoice that a payment is for; false where it is for none of ours. */
export async function settleInvoiceOf(paymentIntent: string, settling: Settling): Promise<boolean> {
  const { stripe } = settling;
  const { data: [payment] } = await settling.ask(() =>
    stripe.invoicePayments.list({
      payment: { type: "payment_intent", payment_intent: paymentIntent },
      limit: 1,
      expand: ["data.invoice"],
    })
  );
  const invoice = payment?.invoice;
  if (typeof invoice !== "object" || invoice.deleted) return false;
  if (subscriptionMetadata(invoice).subscription_id === undefined) return false;
  return (await settleInvoice(invoice, settling)).known;
}

/** Applies what a page in subscription mode has led to. */
export async function settleSession(
  session: Stripe.Checkout.Session,
  settling: Settling,
): Promise<Settled> {
  const { db, stripe } = settling;
  const { subscription } = session;
  if (subscription !== null) {
    const id = typeof subscription === "string" ? subscription : subscription.id;
    return await settleSubscription(await settling.ask(() => retrieveSubscription(stripe, id)), settling);
  }
  const { user_id, subscription_id } = session.metadata ?? {};
  if (session.status !== "expired" || user_id === undefined || subscription_id === undefined) {
    return { known: true, credited: false };
  }
  try {
    const expired = await db.expireSubscriptionSession({ user_id, subscription_id });
    return { known: true, credited: false, subscription: expired };
  } catch (error) {
    // Of another installation on the same account.
    if (error instanceof ApiError && error.status < 500) return { known: false };
    throw error;
  }
}
