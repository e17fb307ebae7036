import { HOUR } from "./clock.ts";
import { newId, randomText } from "./ids.ts";
import { wholeList } from "./lists.ts";
import { methodTypesFor } from "./method_types.ts";
import { createIntent } from "./payments.ts";
import type { Totals } from "./session_totals.ts";
import type { Simulator } from "./simulator.ts";
import { taxRateOf } from "./tax.ts";
import type {
  Customer,
  Invoice,
  InvoiceLine,
  InvoicePayment,
  LineItem,
  PaymentIntent,
  Session,
  SessionPlan,
  Subscription,
  TaxPlan,
  TaxShare,
} from "./types.ts";

/** The life of an invoice: draft, open with an intent to pay it, and then paid, void or uncollectible. */

export interface Period {
  start: number;
  end: number;
}

export interface BilledLine {
  item: LineItem;
  /** What the line pays for. */
  period: Period;
  /** The item of the subscription that is billed; null on the invoice of a single payment. */
  subscription_item: string | null;
}

export interface Bill {
  billing_reason: "manual" | "subscription_create" | "subscription_cycle";
  lines: BilledLine[];
  totals: Totals;
  tax: TaxPlan | null;
  discount: string | null;
  currency: string;
  payer: Payer;
  /** The time in which usage would have been gathered, which is the period before the one that is paid for. */
  period: Period;
  subscription: Subscription | null;
  description?: string | null;
  footer?: string | null;
  metadata?: Record<string, string>;
}

export type Payer = Pick<
  Invoice,
  | "customer"
  | "customer_address"
  | "customer_email"
  | "customer_name"
  | "customer_phone"
  | "customer_tax_exempt"
  | "customer_tax_ids"
>;

export function payerOf(customer: Customer): Payer {
  return {
    customer: customer.id,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_tax_exempt: customer.tax_exempt ?? "none",
    customer_tax_ids: [],
  };
}

export function draftInvoice(sim: Simulator, bill: Bill): Invoice {
  const { totals, subscription, tax } = bill;
  const id = newId("in");
  const now = sim.now();
  const lines = bill.lines.map((line) => invoiceLine(id, bill, line));
  const shares = (tax?.shares ?? []).map(taxOf);
  const invoice: Invoice = {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Talktime",
    account_tax_ids: null,
    amount_due: totals.total,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: totals.total,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: {
      disabled_reason: null,
      enabled: tax !== null,
      liability: tax ? { type: "self" } : null,
      provider: tax ? "stripe" : null,
      status: tax ? (tax.place ? "complete" : "requires_location_inputs") : null,
    },
    automatically_finalizes_at: null,
    billing_reason: bill.billing_reason,
    collection_method: "charge_automatically",
    created: now,
    currency: bill.currency,
    custom_fields: null,
    ...bill.payer,
    customer_account: null,
    customer_shipping: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: bill.description ?? null,
    discounts: bill.discount ? [bill.discount] : [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: bill.footer ?? null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: wholeList(lines, `/v1/invoices/${id}/lines`),
    livemode: false,
    metadata: bill.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription
      ? {
        quote_details: null,
        subscription_details: { metadata: { ...subscription.metadata }, subscription: subscription.id },
        type: "subscription_details",
      }
      : null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: bill.period.end,
    period_start: bill.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: totals.subtotal,
    subtotal_excluding_tax: totals.subtotal - inclusive(tax),
    test_clock: subscription?.test_clock ?? null,
    total: totals.total,
    total_discount_amounts: bill.discount ? [{ amount: totals.discount, discount: bill.discount }] : [],
    total_excluding_tax: totals.total - totals.tax,
    total_pretax_credit_amounts: [],
    total_taxes: shares,
    webhooks_delivered_at: now,
  };
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.created", invoice);
  return invoice;
}

function inclusive(tax: TaxPlan | null): number {
  const shares = (tax?.shares ?? []).filter((share) => share.inclusive);
  return shares.reduce((sum, share) => sum + share.amount, 0);
}

function taxOf(share: TaxShare) {
  return {
    amount: share.amount,
    tax_behavior: share.inclusive ? "inclusive" as const : "exclusive" as const,
    tax_rate_details: { tax_rate: taxRateOf(share, 0).id },
    taxability_reason: share.taxability_reason as "standard_rated",
    taxable_amount: share.taxable_amount,
    type: "tax_rate_details" as const,
  };
}

function invoiceLine(invoice: string, bill: Bill, line: BilledLine): InvoiceLine {
  const { item, period, subscription_item } = line;
  const id = bill.subscription?.id ?? null;
  return {
    id: newId("il"),
    object: "line_item",
    amount: item.amount_subtotal,
    currency: item.currency,
    description: item.description,
    discount_amounts: bill.discount ? [{ amount: item.amount_discount, discount: bill.discount }] : [],
    discountable: true,
    discounts: bill.discount ? [bill.discount] : [],
    invoice,
    livemode: false,
    metadata: { ...bill.subscription?.metadata },
    parent: subscription_item
      ? {
        invoice_item_details: null,
        subscription_item_details: {
          invoice_item: null,
          proration: false,
          proration_details: { credited_items: null },
          subscription: id,
          subscription_item,
        },
        type: "subscription_item_details",
      }
      : null,
    period: { ...period },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: item.price.id, product: item.price.product },
      type: "price_details",
      unit_amount_decimal: item.price.unit_amount_decimal,
    },
    quantity: item.quantity,
    quantity_decimal: String(item.quantity),
    subscription: id,
    subtotal: item.amount_subtotal,
    taxes: lineTaxes(bill.tax, item),
  };
}

/** Each line has one rate; what it is a share of says which. */
function lineTaxes(tax: TaxPlan | null, item: LineItem): InvoiceLine["taxes"] {
  const share = tax?.shares[0];
  if (!share) return [];
  const added = item.amount_total > item.amount_subtotal - item.amount_discount;
  const net = item.amount_total - item.amount_tax;
  const own = {
    ...share,
    amount: item.amount_tax,
    inclusive: item.amount_tax > 0 ? !added : share.inclusive,
    taxable_amount: share.taxable_amount > 0 ? net : 0,
  };
  return [taxOf(own)];
}

/** Gives it its number and, unless nothing is due, the intent that is to pay it. */
export function finalizeInvoice(sim: Simulator, invoice: Invoice): Invoice {
  const now = sim.now();
  const last = sim.store.settings.get("invoice_number")?.value as number | undefined;
  const count = (last ?? 0) + 1;
  sim.store.settings.put({ id: "invoice_number", value: count });
  Object.assign(invoice, {
    status: "open",
    number: `SIM-${String(count).padStart(4, "0")}`,
    automatically_finalizes_at: null,
    effective_at: now,
    ending_balance: 0,
    hosted_invoice_url: `${sim.publicUrl}/invoices/${invoice.id}`,
    invoice_pdf: `${sim.publicUrl}/invoices/${invoice.id}`,
  });
  invoice.status_transitions.finalized_at = now;
  if (invoice.parent && invoice.amount_due > 0) {
    requestPayment(sim, invoice, createInvoiceIntent(sim, invoice));
  }
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.finalized", invoice);
  return invoice;
}

/** Its metadata is empty, as at Stripe: whoever wants the subscription's finds it by the invoice. */
function createInvoiceIntent(sim: Simulator, invoice: Invoice): PaymentIntent {
  const first = invoice.billing_reason === "subscription_create";
  return createIntent(sim, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer as string,
    description: first ? "Subscription creation" : "Subscription update",
    method_types: methodTypesFor(invoice.currency, null, null),
    receipt_email: null,
    setup_future_usage: first ? "off_session" : null,
  });
}

function requestPayment(sim: Simulator, invoice: Invoice, intent: PaymentIntent): InvoicePayment {
  sim.store.intentInvoices.put({ id: intent.id, invoice: invoice.id });
  return sim.store.invoicePayments.put({
    id: `inpay_${randomText(24)}`,
    object: "invoice_payment",
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: sim.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: "payment_intent" },
    status: "open",
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

export function paymentOf(sim: Simulator, invoice: Invoice): InvoicePayment | undefined {
  return sim.store.invoicePayments.where("invoice", invoice.id)[0];
}

export function intentOfInvoice(sim: Simulator, invoice: Invoice): PaymentIntent | null {
  const id = paymentOf(sim, invoice)?.payment.payment_intent;
  return id ? sim.store.paymentIntents.get(String(id)) ?? null : null;
}

export function invoiceOfIntent(sim: Simulator, intentId: string): Invoice | undefined {
  const found = sim.store.intentInvoices.get(intentId);
  return found && sim.store.invoices.get(found.invoice);
}

export function subscriptionOf(sim: Simulator, invoice: Invoice): Subscription | undefined {
  const id = invoice.parent?.subscription_details?.subscription;
  return id ? sim.store.subscriptions.get(String(id)) : undefined;
}

export function markPaid(sim: Simulator, invoice: Invoice): Invoice {
  const now = sim.now();
  const before = { status: invoice.status, amount_paid: invoice.amount_paid };
  Object.assign(invoice, {
    status: "paid",
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
  });
  invoice.status_transitions.paid_at = now;
  const payment = paymentOf(sim, invoice);
  if (payment) {
    Object.assign(payment, { status: "paid", amount_paid: invoice.amount_due });
    payment.status_transitions.paid_at = now;
    sim.store.invoicePayments.put(payment);
  }
  sim.unschedule(invoice.id, "collect_invoice");
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.updated", invoice, before);
  sim.events.emit("invoice.paid", invoice);
  sim.events.emit("invoice.payment_succeeded", invoice);
  if (payment) sim.events.emit("invoice_payment.paid", payment);
  return invoice;
}

/** Stripe stops trying by itself; it can still be paid by asking for it. */
export function stopCollecting(sim: Simulator, invoice: Invoice): void {
  sim.unschedule(invoice.id, "collect_invoice");
  if (!invoice.auto_advance && invoice.next_payment_attempt === null) return;
  Object.assign(invoice, {
    auto_advance: false,
    automatically_finalizes_at: null,
    next_payment_attempt: null,
  });
  sim.store.invoices.put(invoice);
}

/** A draft is looked at for an hour before it becomes final. */
export function scheduleFinalization(sim: Simulator, invoice: Invoice, seconds = HOUR): void {
  const at = sim.now() + seconds;
  Object.assign(invoice, { automatically_finalizes_at: at, next_payment_attempt: at });
  sim.store.invoices.put(invoice);
  sim.schedule("collect_invoice", invoice.id, at);
}

/** The paid invoice that `invoice_creation` leaves behind. */
export function invoiceSession(sim: Simulator, session: Session, plan: SessionPlan): Invoice {
  const now = sim.now();
  const period = { start: now, end: now };
  const details = session.customer_details;
  const data = session.invoice_creation?.invoice_data;
  const invoice = draftInvoice(sim, {
    billing_reason: "manual",
    lines: plan.line_items.map((item) => ({ item, period, subscription_item: null })),
    totals: {
      subtotal: session.amount_subtotal ?? 0,
      discount: session.total_details?.amount_discount ?? 0,
      tax: session.total_details?.amount_tax ?? 0,
      total: session.amount_total ?? 0,
    },
    tax: plan.tax,
    discount: plan.discount ? `di_${session.id.slice(-24)}` : null,
    currency: session.currency ?? "usd",
    payer: {
      customer: session.customer as string | null,
      customer_address: details?.address ?? null,
      customer_email: details?.email ?? null,
      customer_name: details?.name ?? null,
      customer_phone: details?.phone ?? null,
      customer_tax_exempt: details?.tax_exempt ?? "none",
      customer_tax_ids: (details?.tax_ids ?? []) as Invoice["customer_tax_ids"],
    },
    period,
    subscription: null,
    description: data?.description,
    footer: data?.footer,
    metadata: { ...data?.metadata },
  });
  if (session.payment_intent) {
    requestPayment(sim, invoice, sim.store.paymentIntents.need(String(session.payment_intent)));
  }
  return markPaid(sim, finalizeInvoice(sim, invoice));
}
