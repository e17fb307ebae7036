// What a receipt says, in the words and the order in which the page and the PDF both print it.
import type { Receipt } from "./receipt.ts";

export interface Row {
  label: string;
  amount: string;
}

export interface ReceiptDocument {
  title: string;
  number: string;
  /** Said above everything, for a test payment. */
  notice: string | null;
  /** The one number: what was paid. */
  amount: string;
  amountLabel: string;
  seller: { name: string; lines: string[] };
  facts: { label: string; value: string }[];
  items: { description: string; quantity: string; amount: string }[];
  totals: Row[];
  paid: Row;
  /** What was given back since; empty when nothing was. */
  returns: Row[];
  net: Row | null;
  links: { label: string; url: string }[];
  issuedAt: Date;
  /** The receipt's own id, which a PDF carries. */
  id: string;
}

export function documentOf(receipt: Receipt): ReceiptDocument {
  const money = (cents: number) => formatCents(cents, receipt.currency);
  const { seller, tax_lines: taxes, discount_cents: discount } = receipt;
  const returns = [
    ...receipt.refunds.map((refund) => refundRow(refund, money)),
    ...disputeRows(receipt, money),
  ]
    .sort((a, b) => a.at - b.at).map(({ label, amount }) => ({
      label,
      amount,
    }));
  const total = { label: "Paid", amount: money(receipt.paid_cents) };
  return {
    title: `Receipt ${receipt.number}`,
    number: receipt.number,
    notice: receipt.livemode ? null : "Test payment. No money was moved.",
    amount: money(receipt.paid_cents),
    amountLabel: `Paid on ${formatDate(receipt.paid_at)}`,
    seller: { name: seller.name, lines: sellerLines(seller) },
    facts: factsOf(receipt),
    items: receipt.lines.map(({ description, quantity, amount_cents }) => ({
      description,
      quantity: String(quantity),
      amount: money(amount_cents),
    })),
    totals: [
      ...(discount > 0 || taxes.length > 0
        ? [{ label: "Subtotal", amount: money(receipt.subtotal_cents) }]
        : []),
      ...(discount > 0 ? [{ label: "Discount", amount: money(-discount) }] : []),
      ...taxes.map(({ description, amount_cents }) => ({
        label: description,
        amount: money(amount_cents),
      })),
    ],
    paid: total,
    returns,
    net: returns.length === 0 ? null : {
      label: "Paid after what was returned",
      amount: money(receipt.net_paid_cents),
    },
    links: linksOf(receipt),
    issuedAt: new Date(receipt.issued_at),
    id: receipt.purchase_id,
  };
}

function sellerLines({ address, email, tax_id }: Receipt["seller"]): string[] {
  return [
    ...(address ?? []),
    ...(email ? [email] : []),
    ...(tax_id ? [`Tax ID ${tax_id}`] : []),
  ];
}

function factsOf(receipt: Receipt): ReceiptDocument["facts"] {
  const { currency, bonus_micros: bonus, clawed_back_micros: clawedBack } = receipt;
  const credit = (micros: number) => formatMicros(micros, currency);
  return [
    { label: "Receipt number", value: receipt.number },
    { label: "Issued", value: formatDate(receipt.issued_at) },
    { label: "Paid", value: formatDate(receipt.paid_at) },
    ...(receipt.buyer.email ? [{ label: "For", value: receipt.buyer.email }] : []),
    ...(receipt.payment_intent_id ? [{ label: "Payment", value: receipt.payment_intent_id }] : []),
    {
      label: "Credit added",
      value: bonus > 0
        ? `${credit(receipt.credit_micros + bonus)}, of which ${credit(bonus)} is a bonus`
        : credit(receipt.credit_micros),
    },
    ...(clawedBack > 0 ? [{ label: "Credit taken back", value: credit(clawedBack) }] : []),
  ];
}

type Money = (cents: number) => string;
type DatedRow = Row & { at: number };

const ON_ITS_WAY = ["pending", "requires_action"];
const NOT_RETURNED: Record<string, string> = {
  failed: "did not go through",
  canceled: "was canceled",
};

function refundRow(
  { amount_cents, status, created_at }: Receipt["refunds"][number],
  money: Money,
): DatedRow {
  const on = formatDate(created_at);
  const at = Date.parse(created_at);
  const undone = NOT_RETURNED[status];
  if (undone) {
    return {
      label: `Refund of ${money(amount_cents)} on ${on} ${undone}`,
      amount: money(0),
      at,
    };
  }
  const note = ON_ITS_WAY.includes(status) ? ", on its way" : "";
  return { label: `Refund on ${on}${note}`, amount: money(-amount_cents), at };
}

/** An inquiry that moved no money is no matter of a receipt. */
function disputeRows({ disputes }: Receipt, money: Money): DatedRow[] {
  return disputes.filter(({ withdrawn_cents }) => withdrawn_cents > 0).map(
    (dispute) => {
      const {
        withdrawn_cents: withdrawn,
        reinstated_cents: reinstated,
        created_at,
      } = dispute;
      const note = reinstated === 0 ? "" : `, of which ${money(reinstated)} was paid back to the seller`;
      return {
        label: `Taken back by your bank, disputed on ${formatDate(created_at)}${note}`,
        amount: money(reinstated - withdrawn),
        at: Date.parse(created_at),
      };
    },
  );
}

/** Only what is surely a web address becomes a link. */
function linksOf(
  { receipt_url, invoice_url }: Receipt,
): ReceiptDocument["links"] {
  return [
    { label: "Receipt of the payment provider", url: receipt_url },
    { label: "Invoice", url: invoice_url },
  ].filter((link): link is { label: string; url: string } => /^https?:\/\/\S+$/.test(link.url ?? ""));
}

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
];

/** A day in UTC, written without the runtime's locale data, so that every runtime writes the same. */
export function formatDate(instant: string): string {
  const date = new Date(instant);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
}

export function formatCents(cents: number, currency: string): string {
  return formatMicros(cents * 10_000, currency);
}

/** At least two decimals, more only where they are not zero; a real minus. */
export function formatMicros(micros: number, currency: string): string {
  const sign = micros < 0 ? "−" : "";
  const symbol = currency === "usd" ? "$" : `${currency.toUpperCase()} `;
  const amount = Math.abs(micros);
  const whole = String(Math.floor(amount / 1_000_000)).replace(
    /\B(?=(\d{3})+$)/g,
    ",",
  );
  const fraction = String(amount % 1_000_000).padStart(6, "0").replace(
    /0{1,4}$/,
    "",
  );
  return `${sign}${symbol}${whole}.${fraction}`;
}
