import { sessionOfIntent } from "../checkout.ts";
import type { Answer } from "../http.ts";
import type { Simulator } from "../simulator.ts";
import type { Charge, Invoice, LineItem, TaxShare } from "../types.ts";
import { brandName, instant, METHOD_NAMES, money, taxLabel } from "./format.ts";
import { notice, page } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";

/** Where a charge's `receipt_url` leads. */
export function receiptPage(sim: Simulator, id: string): Answer {
  const charge = sim.store.charges.get(id);
  if (!charge || charge.status !== "succeeded") {
    return notice("There is no such receipt", "Check the link you were given.", null, 404);
  }
  const session = sessionOfIntent(sim, String(charge.payment_intent));
  const items = session ? sim.store.plans.need(session.id).line_items : [];
  const discount = session?.total_details?.amount_discount ?? 0;
  const taxes = session ? sim.store.plans.need(session.id).tax?.shares ?? [] : [];
  return page(
    `Receipt: ${money(charge.amount, charge.currency)} paid`,
    markup`<section class="card notice">
      <p class="small">Receipt from Talktime</p>
      <p class="hero">${money(charge.amount, charge.currency)}</p>
      <p>Paid on ${instant(charge.created)} with ${methodText(charge)}.</p>
      ${lines(items, discount, taxes, charge)}
      <p class="small">Reference <code>${charge.id}</code></p>
    </section>`,
  );
}

function methodText(charge: Charge): string {
  const details = charge.payment_method_details;
  if (details?.card) return `${brandName(details.card.brand)} ending in ${details.card.last4}`;
  const last4 = details?.us_bank_account?.last4 ?? details?.sepa_debit?.last4 ?? "";
  return `${METHOD_NAMES[details?.type ?? ""] ?? "a bank account"} ending in ${last4}`;
}

function lines(items: LineItem[], discount: number, taxes: TaxShare[], charge: Charge): Markup {
  const row = (label: string, amount: number, kind = "") =>
    markup`<div class="${kind}"><dt>${label}</dt><dd>${money(amount, charge.currency)}</dd></div>`;
  const refunded = charge.amount_refunded;
  return markup`<dl class="lines">
    ${items.map((item) => row(item.description ?? "Item", item.amount_subtotal))}
    ${items.length === 0 ? row(charge.description ?? "Payment", charge.amount) : null}
    ${discount > 0 ? row("Discount", -discount) : null}
    ${taxes.map((share) => row(taxLabel(share), share.amount))}
    ${row("Amount paid", charge.amount, "total")}
    ${refunded > 0 ? row("Refunded", -refunded) : null}
    ${refunded > 0 ? row("Remaining", charge.amount - refunded, "total") : null}
  </dl>`;
}

/** Where an invoice's `hosted_invoice_url` leads. */
export function invoicePage(sim: Simulator, id: string): Answer {
  const invoice = sim.store.invoices.get(id);
  if (!invoice) return notice("There is no such invoice", "Check the link you were given.", null, 404);
  return page(`Invoice ${invoice.number ?? "(draft)"}`, invoiceBody(invoice));
}

function taxLine(invoice: Invoice): Markup {
  const tax = invoice.total_taxes?.reduce((sum, each) => sum + each.amount, 0) ?? 0;
  const inclusive = invoice.total_taxes?.some((each) => each.tax_behavior === "inclusive");
  return markup`<div><dt>${inclusive ? "Tax, included" : "Tax"}</dt><dd>${
    money(tax, invoice.currency)
  }</dd></div>`;
}

function discountLine(invoice: Invoice): Markup | null {
  const discount = invoice.total_discount_amounts?.reduce((sum, each) => sum + each.amount, 0) ?? 0;
  return discount > 0
    ? markup`<div><dt>Discount</dt><dd>${money(-discount, invoice.currency)}</dd></div>`
    : null;
}

function stateOf(invoice: Invoice): string {
  const { paid_at } = invoice.status_transitions;
  if (paid_at === null) {
    const words = { draft: "Not final yet.", open: "Not paid yet.", void: "Void: nothing is due." };
    return words[invoice.status as keyof typeof words] ?? "Not paid.";
  }
  return `Paid on ${instant(paid_at)}${invoice.customer_email ? ` by ${invoice.customer_email}` : ""}.`;
}

function invoiceBody(invoice: Invoice): Markup {
  return markup`<section class="card notice">
    <p class="small">Invoice ${invoice.number ?? "(draft)"} from Talktime</p>
    <p class="hero">${money(invoice.total, invoice.currency)}</p>
    <p>${stateOf(invoice)}</p>
    <dl class="lines">
      ${
    invoice.lines.data.map((line) =>
      markup`<div><dt>${line.description}</dt><dd>${money(line.amount, line.currency)}</dd></div>`
    )
  }
      ${discountLine(invoice)}
      ${invoice.total_taxes?.length ? taxLine(invoice) : null}
      <div class="total"><dt>Total</dt><dd>${money(invoice.total, invoice.currency)}</dd></div>
    </dl>
  </section>`;
}
