// What is read off Stripe's objects: Stripe's own words, flattened, nothing interpreted. The database judges them.
import type Stripe from "stripe";

export interface SessionFacts {
  id: string;
  created: number;
  status: string | null;
  payment_status: string;
  mode: string;
  livemode: boolean;
  currency: string | null;
  amount_subtotal: number | null;
  amount_total: number | null;
  amount_discount: number;
  amount_tax: number;
  client_reference_id: string | null;
  metadata: Record<string, string>;
  payment_intent: string | null;
  payment_intent_status: string | null;
  payment_method: string | null;
  failure_code: string | null;
  customer: string | null;
  card_fingerprint: string | null;
  receipt_url: string | null;
  invoice_url: string | null;
}

/** Read with these expanded: the charge for the receipt's address, the invoice for its own. */
export const SESSION_EXPAND = ["payment_intent.latest_charge", "invoice"];

export function sessionFacts(session: Stripe.Checkout.Session): SessionFacts {
  const intent = expanded(session.payment_intent);
  const charge = expanded(intent?.latest_charge);
  return {
    id: session.id,
    created: session.created,
    status: session.status,
    payment_status: session.payment_status,
    mode: session.mode,
    livemode: session.livemode,
    currency: session.currency,
    amount_subtotal: session.amount_subtotal,
    amount_total: session.amount_total,
    amount_discount: session.total_details?.amount_discount ?? 0,
    amount_tax: session.total_details?.amount_tax ?? 0,
    client_reference_id: session.client_reference_id,
    metadata: session.metadata ?? {},
    payment_intent: idOf(session.payment_intent),
    payment_intent_status: intent?.status ?? null,
    payment_method: idOf(intent?.payment_method),
    failure_code: failureCode(intent),
    customer: idOf(session.customer),
    card_fingerprint: fingerprint(charge),
    receipt_url: charge?.receipt_url ?? null,
    invoice_url: expanded(session.invoice)?.hosted_invoice_url ?? null,
  };
}

export interface IntentFacts {
  id: string;
  created: number;
  status: string;
  amount: number;
  amount_received: number;
  currency: string;
  livemode: boolean;
  customer: string | null;
  payment_method: string | null;
  metadata: Record<string, string>;
  card_fingerprint: string | null;
  receipt_url: string | null;
  failure_code: string | null;
  advice_code: string | null;
}

export const INTENT_EXPAND = ["latest_charge"];

export function intentFacts(intent: Stripe.PaymentIntent): IntentFacts {
  const charge = expanded(intent.latest_charge);
  return {
    id: intent.id,
    created: intent.created,
    status: intent.status,
    amount: intent.amount,
    amount_received: intent.amount_received,
    currency: intent.currency,
    livemode: intent.livemode,
    customer: idOf(intent.customer),
    payment_method: idOf(intent.payment_method),
    metadata: intent.metadata ?? {},
    card_fingerprint: fingerprint(charge),
    receipt_url: charge?.receipt_url ?? null,
    failure_code: failureCode(intent),
    advice_code: intent.last_payment_error?.advice_code ?? null,
  };
}

export interface RefundFacts {
  id: string;
  created: number;
  status: string | null;
  amount: number;
  currency: string;
  charge: string | null;
  payment_intent: string | null;
  reason: string | null;
  failure_reason: string | null;
  livemode: boolean | null;
  metadata: Record<string, string>;
  payment_intent_metadata: Record<string, string>;
}

/** A refund and a dispute name their payment; whose it is, the payment's metadata says. */
export const PAYMENT_EXPAND = ["payment_intent"];

export function refundFacts(refund: Stripe.Refund): RefundFacts {
  const intent = expanded(refund.payment_intent);
  return {
    id: refund.id,
    created: refund.created,
    status: refund.status,
    amount: refund.amount,
    currency: refund.currency,
    charge: idOf(refund.charge),
    payment_intent: idOf(refund.payment_intent),
    reason: refund.reason,
    failure_reason: refund.failure_reason ?? null,
    livemode: intent?.livemode ?? null,
    metadata: refund.metadata ?? {},
    payment_intent_metadata: intent?.metadata ?? {},
  };
}

export interface DisputeFacts {
  id: string;
  created: number;
  status: string;
  amount: number;
  currency: string;
  charge: string | null;
  payment_intent: string | null;
  reason: string;
  livemode: boolean;
  payment_intent_metadata: Record<string, string>;
  /** Each withdrawal and reinstatement so far. */
  balance_transactions: { id: string; amount: number; currency: string; fee: number }[];
}

export function disputeFacts(dispute: Stripe.Dispute): DisputeFacts {
  return {
    id: dispute.id,
    created: dispute.created,
    status: dispute.status,
    amount: dispute.amount,
    currency: dispute.currency,
    charge: idOf(dispute.charge),
    payment_intent: idOf(dispute.payment_intent),
    reason: dispute.reason,
    livemode: dispute.livemode,
    payment_intent_metadata: expanded(dispute.payment_intent)?.metadata ?? {},
    balance_transactions: dispute.balance_transactions.map(({ id, amount, currency, fee }) => ({
      id,
      amount,
      currency,
      fee,
    })),
  };
}

/** Tells the same card or account apart, whoever pays with it; null for methods that have none. */
export function fingerprint(charge: Stripe.Charge | null): string | null {
  const { card, us_bank_account, sepa_debit } = charge?.payment_method_details ?? {};
  return card?.fingerprint ?? us_bank_account?.fingerprint ?? sepa_debit?.fingerprint ?? null;
}

export function failureCode(intent: Stripe.PaymentIntent | null): string | null {
  const error = intent?.last_payment_error;
  return error?.decline_code ?? error?.code ?? null;
}

type Expandable<T> = string | T | null | undefined;

function expanded<T extends { id: string }>(reference: Expandable<T>): T | null {
  return typeof reference === "object" ? reference ?? null : null;
}

function idOf(reference: Expandable<{ id: string }>): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}
