// What is read off Stripe's subscriptions and their invoices: Stripe's own words, flattened, nothing interpreted.
import type Stripe from "stripe";
import { fingerprint } from "./stripe_facts.ts";

export interface SubscriptionFacts {
  id: string;
  status: string;
  livemode: boolean;
  customer: string | null;
  metadata: Record<string, string>;
  /** The plan that the next invoice is of. */
  lookup_key: string | null;
  current_period_start: number | null;
  current_period_end: number | null;
  cancel_at_period_end: boolean;
  ended_at: number | null;
  latest_invoice_status: string | null;
}

/** Read with these expanded. */
export const SUBSCRIPTION_EXPAND = ["latest_invoice"];

export function subscriptionFacts(subscription: Stripe.Subscription): SubscriptionFacts {
  const item = subscription.items.data[0];
  return {
    id: subscription.id,
    status: subscription.status,
    livemode: subscription.livemode,
    customer: idOf(subscription.customer),
    metadata: subscription.metadata,
    lookup_key: item === undefined ? null : lookupKey(item.price),
    current_period_start: item?.current_period_start ?? null,
    current_period_end: item?.current_period_end ?? null,
    cancel_at_period_end: subscription.cancel_at_period_end,
    ended_at: subscription.ended_at,
    latest_invoice_status: latestInvoice(subscription)?.status ?? null,
  };
}

export function latestInvoice({ latest_invoice }: Stripe.Subscription): Stripe.Invoice | null {
  return typeof latest_invoice === "object" ? latest_invoice : null;
}

/** What `npm run stripe:prices` has written on a price counts when its key was moved to another one by hand. */
export function lookupKey(price: Stripe.Price): string | null {
  return price.lookup_key ?? price.metadata.lookup_key ?? null;
}

export interface InvoiceFacts {
  id: string;
  created: number;
  status: string | null;
  billing_reason: string | null;
  livemode: boolean;
  currency: string;
  amount_paid: number;
  amount_tax: number;
  metadata: Record<string, string>;
  lookup_key: string | null;
  /** The end of the period that is paid for. */
  period_end: number | null;
  payment_intent: string | null;
  customer: string | null;
  card_fingerprint: string | null;
  receipt_url: string | null;
  invoice_url: string | null;
}

/** An invoice's payment, read with this expanded: four levels are the most that Stripe gives. */
export const INVOICE_PAYMENT_EXPAND = ["data.payment.payment_intent.latest_charge"];

export function invoiceFacts(
  invoice: Stripe.Invoice,
  payment: Stripe.InvoicePayment | null,
  lookup_key: string | null,
): InvoiceFacts {
  const intent = payment?.payment.payment_intent ?? null;
  const latest = typeof intent === "object" ? intent?.latest_charge ?? null : null;
  const charge = typeof latest === "object" ? latest : null;
  // The invoice's own period is the one before.
  const ends = invoice.lines.data.map(({ period }) => period.end);
  return {
    id: invoice.id,
    created: invoice.created,
    status: invoice.status,
    billing_reason: invoice.billing_reason,
    livemode: invoice.livemode,
    currency: invoice.currency,
    amount_paid: invoice.amount_paid,
    amount_tax: (invoice.total_taxes ?? []).reduce((sum, { amount }) => sum + amount, 0),
    metadata: subscriptionMetadata(invoice),
    lookup_key,
    period_end: ends.length === 0 ? null : Math.max(...ends),
    payment_intent: idOf(intent),
    customer: idOf(invoice.customer),
    card_fingerprint: fingerprint(charge),
    receipt_url: charge?.receipt_url ?? null,
    invoice_url: invoice.hosted_invoice_url ?? null,
  };
}

/** Neither an invoice nor its payment has our metadata; it repeats its subscription's. */
export function subscriptionMetadata({ parent }: Pick<Stripe.Invoice, "parent">): Record<string, string> {
  return parent?.subscription_details?.metadata ?? {};
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}
