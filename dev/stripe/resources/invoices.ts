import { missing } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range, wholeList } from "../lists.ts";
import { parameters, text } from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import { taxRateOf } from "../tax.ts";
import type { Invoice, LineItem, Session, SessionPlan, TaxShare } from "../types.ts";

/** The paid invoice that `invoice_creation` leaves behind: enough for its number, its amounts and its links. */
export function createInvoice(sim: Simulator, session: Session, plan: SessionPlan): Invoice {
  const items = plan.line_items;
  const tax = session.total_details?.amount_tax ?? 0;
  const id = newId("in");
  const now = sim.now();
  const total = session.amount_total ?? 0;
  const count = sim.store.invoices.size + 1;
  const data = session.invoice_creation?.invoice_data;
  const invoice = {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Talktime",
    amount_due: total,
    amount_paid: total,
    amount_remaining: 0,
    automatic_tax: {
      disabled_reason: null,
      enabled: session.automatic_tax.enabled,
      liability: session.automatic_tax.liability,
      provider: session.automatic_tax.provider,
      status: session.automatic_tax.status,
    },
    billing_reason: "manual",
    collection_method: "charge_automatically",
    created: now,
    currency: session.currency ?? "usd",
    customer: session.customer as string | null,
    customer_address: session.customer_details?.address ?? null,
    customer_email: session.customer_details?.email ?? null,
    customer_name: session.customer_details?.name ?? null,
    customer_tax_ids: session.customer_details?.tax_ids ?? [],
    description: data?.description ?? null,
    discounts: [],
    footer: data?.footer ?? null,
    hosted_invoice_url: `${sim.publicUrl}/invoices/${id}`,
    invoice_pdf: `${sim.publicUrl}/invoices/${id}`,
    lines: wholeList(items.map((item) => invoiceLine(id, item)), `/v1/invoices/${id}/lines`),
    livemode: false,
    metadata: data?.metadata ?? {},
    number: `SIM-${String(count).padStart(4, "0")}`,
    parent: null,
    period_end: now,
    period_start: now,
    receipt_number: null,
    status: "paid",
    status_transitions: { finalized_at: now, marked_uncollectible_at: null, paid_at: now, voided_at: null },
    subtotal: session.amount_subtotal ?? 0,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total - tax,
    total_taxes: (plan.tax?.shares ?? []).map(totalTax),
  } satisfies Partial<Record<keyof Invoice, unknown>>;
  const stored = sim.store.invoices.put(invoice as unknown as Invoice);
  sim.events.emit("invoice.created", stored);
  sim.events.emit("invoice.paid", stored);
  return stored;
}

function totalTax(share: TaxShare) {
  return {
    amount: share.amount,
    tax_behavior: share.inclusive ? "inclusive" : "exclusive",
    tax_rate_details: { tax_rate: taxRateOf(share, 0).id },
    taxability_reason: share.taxability_reason,
    taxable_amount: share.taxable_amount,
    type: "tax_rate_details",
  };
}

function invoiceLine(invoice: string, item: LineItem) {
  return {
    id: newId("il"),
    object: "line_item",
    amount: item.amount_subtotal - item.amount_discount,
    currency: item.currency,
    description: item.description,
    invoice,
    livemode: false,
    metadata: {},
    pricing: {
      price_details: { price: item.price.id, product: item.price.product },
      type: "price_details",
      unit_amount_decimal: item.price.unit_amount_decimal,
    },
    quantity: item.quantity,
    subtotal: item.amount_subtotal,
  };
}

export const invoiceRoutes: Route[] = [
  route(
    "GET",
    "/v1/invoices",
    parameters({ ...paging, created: range(), customer: text(), status: text() }),
    ({ sim, params }) =>
      listOf(sim.store.invoices, params, "/v1/invoices", {
        by: { customer: params.customer },
        passes: (invoice) => !params.status || invoice.status === params.status,
      }),
  ),
  route("GET", "/v1/invoices/:id", parameters({}), ({ sim, ids }) => {
    const invoice = sim.store.invoices.get(ids[0]!);
    if (!invoice) throw missing("invoice", ids[0]!, "invoice");
    return invoice;
  }),
];
