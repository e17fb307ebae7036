import { cents, cost, instant } from "../format.ts";
import type { Context, Letter, PurchaseFacts } from "../letter.ts";

interface Payload {
  price_cents: number;
  paid_cents: number | null;
  currency: string;
  credit_micros: number;
  origin: string;
}

export function purchaseConfirmed(
  { payload, facts, createdAt, sender }: Context<Payload, PurchaseFacts>,
): Letter {
  const { currency } = payload;
  const paid = payload.paid_cents ?? payload.price_cents;
  const tax = facts.tax_cents ?? 0;
  const discount = payload.price_cents + tax - paid;
  const credit = cost(payload.credit_micros, currency);
  const isReload = payload.origin === "auto_reload";
  const fact = paid === 0
    ? `You got ${credit} of credit at no charge`
    : `You paid ${cents(paid, currency)} for ${credit} of credit`;
  const rows: Letter["rows"] = [
    ["Date", instant(facts.paid_at ?? createdAt)],
    ["Bought", facts.package_name ?? "Credit"],
    ["Credit added", credit],
    ["Price", cents(payload.price_cents, currency)],
  ];
  if (tax > 0) rows.push(["Tax", cents(tax, currency)]);
  if (discount > 0) rows.push(["Discount", cents(-discount, currency)]);
  return {
    subject: isReload ? `Auto-reload: ${fact.charAt(0).toLowerCase()}${fact.slice(1)}` : fact,
    lead: `${fact}. It is ready to use.`,
    rows,
    total: ["Paid", cents(paid, currency)],
    paragraphs: isReload ? ["Auto-reload bought it because your balance fell below the level you set."] : [],
    action: { label: "See your balance", url: sender.app_url },
    link: { label: "Payment receipt from Stripe", url: facts.receipt_url ?? null },
  };
}
