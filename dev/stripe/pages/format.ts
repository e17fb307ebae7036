import type { PaymentMethod, TaxShare } from "../types.ts";

const WITHOUT_DECIMALS = new Set(["jpy"]);

const formats = new Map<string, Intl.NumberFormat>();

/** To make one takes longer than a renewal. */
function formatOf(currency: string, decimals: number): Intl.NumberFormat {
  const known = formats.get(currency);
  if (known) return known;
  const format = new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  formats.set(currency, format);
  return format;
}

/** `$20.00`: always the currency's own number of decimals. */
export function money(minorUnits: number, currency: string): string {
  const decimals = WITHOUT_DECIMALS.has(currency) ? 0 : 2;
  const text = formatOf(currency, decimals).format(Math.abs(minorUnits) / 10 ** decimals);
  return minorUnits < 0 ? `−${text}` : text;
}

/** `November 25, 2026 at 02:49 UTC` */
export function instant(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const day = new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" }).format(date);
  return `${day} at ${date.toISOString().slice(11, 16)} UTC`;
}

/** `Nov 25, 02:49`: for tables. */
export function shortInstant(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const day = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", timeZone: "UTC" }).format(
    date,
  );
  return `${day}, ${date.toISOString().slice(11, 16)}`;
}

/** `4242 4242 4242 4242`, or American Express's own grouping. */
export function grouped(number: string): string {
  const groups = number.length === 15 ? /^(\d{4})(\d{6})(\d{5})$/ : /(\d{4})(?=\d)/g;
  return number.length === 15 ? number.replace(groups, "$1 $2 $3") : number.replace(groups, "$1 ");
}

/** `VAT (19 %, included)`, `Sales Tax (7.25 %)` */
export function taxLabel(share: TaxShare): string {
  return `${share.display_name} (${share.percentage} %${share.inclusive ? ", included" : ""})`;
}

export const METHOD_NAMES: Record<string, string> = {
  card: "Card",
  us_bank_account: "US bank account",
  sepa_debit: "SEPA Direct Debit",
};

const BRANDS: Record<string, string> = {
  visa: "Visa",
  mastercard: "Mastercard",
  amex: "American Express",
  discover: "Discover",
};

export function brandName(brand: string | null | undefined): string {
  return BRANDS[brand ?? ""] ?? "Card";
}

/** `Visa ending in 4242` */
export function cardName(method: PaymentMethod): string {
  return `${brandName(method.card?.brand)} ending in ${method.card?.last4}`;
}

/** `Expires 12 / 27` */
export function cardExpiry(method: PaymentMethod): string {
  const month = String(method.card?.exp_month).padStart(2, "0");
  return `Expires ${month} / ${String(method.card?.exp_year).slice(-2)}`;
}
