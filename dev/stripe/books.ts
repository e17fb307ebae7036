import { sessionOfIntent } from "./checkout.ts";
import { invoiceOfIntent } from "./invoicing.ts";
import type { Simulator } from "./simulator.ts";
import type { Charge, Invoice, Session } from "./types.ts";

/** What became of one payment, in the currency's smallest unit. */
export interface BookedPayment {
  session: string | null;
  /** Null unless an invoice was paid; the subscription it was for is null for a single payment's. */
  invoice: string | null;
  subscription: string | null;
  /** Null for a session on which nothing was to be paid. */
  payment_intent: string | null;
  charge: string | null;
  customer: string | null;
  created: number;
  currency: string;
  amount: number;
  /** The part of `amount` that is tax. */
  tax: number;
  /** Every refund that has not failed, whether it has arrived or not. */
  refunded: number;
  /** The part of `refunded` that has not arrived yet. */
  refunds_pending: number;
  disputed_withdrawn: number;
  disputed_reinstated: number;
  /** What Stripe took, for the payment and for its disputes. */
  fees: number;
  /** The payment's own, or the subscription's as its invoice has it. */
  metadata: Record<string, string>;
}

export type BookTotals =
  & Pick<
    BookedPayment,
    "amount" | "tax" | "refunded" | "refunds_pending" | "disputed_withdrawn" | "disputed_reinstated" | "fees"
  >
  & { payments: number };

export interface Books {
  payments: BookedPayment[];
  /** By currency. */
  totals: Record<string, BookTotals>;
}

export interface BooksPeriod {
  /** Unix seconds; both count. The moment is the one at which a payment was made, not the one it settled at. */
  since?: number;
  until?: number;
}

/** Everything Stripe holds about money, for a ledger to be compared with: paid sessions and charges without one. */
export function books(sim: Simulator, { since = -Infinity, until = Infinity }: BooksPeriod): Books {
  const within = (created: number) => created >= since && created <= until;
  const charges = sim.store.charges.values().filter((charge) => charge.paid && within(charge.created));
  const free = sim.store.sessions.values().filter((session) =>
    session.mode === "payment" && session.status === "complete" && !session.payment_intent &&
    within(session.created)
  );
  const nothingDue = sim.store.invoices.values().filter((invoice) =>
    invoice.parent && invoice.status === "paid" && invoice.amount_due === 0 && within(invoice.created)
  );
  const payments = [
    ...charges.map((charge) => bookCharge(sim, charge)),
    ...free.map(bookFree),
    ...nothingDue.map(bookNothingDue),
  ]
    .sort((a, b) => a.created - b.created);
  return { payments, totals: total(payments) };
}

function bookCharge(sim: Simulator, charge: Charge): BookedPayment {
  const intent = sim.store.paymentIntents.get(String(charge.payment_intent));
  const session = intent && sessionOfIntent(sim, intent.id);
  const invoice = intent && invoiceOfIntent(sim, intent.id);
  const subscription = invoice?.parent?.subscription_details;
  const pending = sim.store.refunds.where("charge", charge.id).filter((refund) =>
    refund.status === "pending"
  );
  const moves = sim.store.disputes.where("charge", charge.id).flatMap((each) => each.balance_transactions);
  const own = charge.balance_transaction
    ? sim.store.balanceTransactions.need(String(charge.balance_transaction)).fee
    : 0;
  return {
    session: session?.id ?? null,
    invoice: invoice?.id ?? null,
    subscription: subscription ? String(subscription.subscription) : null,
    payment_intent: intent?.id ?? null,
    charge: charge.id,
    customer: charge.customer as string | null,
    created: charge.created,
    currency: charge.currency,
    amount: charge.amount_captured,
    tax: invoice ? taxOf(invoice) : session?.total_details?.amount_tax ?? 0,
    refunded: charge.amount_refunded,
    refunds_pending: pending.reduce((sum, refund) => sum + refund.amount, 0),
    disputed_withdrawn: moves.reduce((sum, each) => sum + Math.max(0, -each.amount), 0),
    disputed_reinstated: moves.reduce((sum, each) => sum + Math.max(0, each.amount), 0),
    fees: moves.reduce((sum, each) => sum + each.fee, own),
    metadata: { ...subscription?.metadata ?? intent?.metadata },
  };
}

function bookFree(session: Session): BookedPayment {
  return {
    session: session.id,
    invoice: session.invoice as string | null,
    subscription: null,
    payment_intent: null,
    charge: null,
    customer: session.customer as string | null,
    created: session.created,
    currency: session.currency ?? "usd",
    ...NOTHING,
    metadata: { ...session.metadata },
  };
}

function bookNothingDue(invoice: Invoice): BookedPayment {
  const details = invoice.parent?.subscription_details;
  return {
    session: null,
    invoice: invoice.id,
    subscription: details ? String(details.subscription) : null,
    payment_intent: null,
    charge: null,
    customer: invoice.customer as string | null,
    created: invoice.created,
    currency: invoice.currency,
    ...NOTHING,
    metadata: { ...details?.metadata },
  };
}

const taxOf = (invoice: Invoice) => (invoice.total_taxes ?? []).reduce((sum, each) => sum + each.amount, 0);

const NOTHING = {
  amount: 0,
  tax: 0,
  refunded: 0,
  refunds_pending: 0,
  disputed_withdrawn: 0,
  disputed_reinstated: 0,
  fees: 0,
};

function total(payments: BookedPayment[]): Record<string, BookTotals> {
  const totals: Record<string, BookTotals> = {};
  for (const payment of payments) {
    const sum = totals[payment.currency] ??= { payments: 0, ...NOTHING };
    sum.payments += 1;
    for (const name of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) sum[name] += payment[name];
  }
  return totals;
}
