import type { LineItem, TaxPlace, TaxPlan, TaxShare } from "./types.ts";

/**
 * Stripe Tax in small: a rate for each place, the same every time. The seller is in the United States and
 * registered wherever a rate is listed; everywhere else no tax is collected.
 */
interface Rate {
  percentage: number;
  name: string;
  type: "sales_tax" | "vat";
}

const STATES: Record<string, number> = { CA: 7.25, NY: 8.875, TX: 8.25, WA: 10.25 };
const VAT: Record<string, number> = { DE: 19, GB: 20, FR: 20, IE: 23, ES: 21, NL: 21, SE: 25 };

/** The states with a rate, by the first three digits of their ZIP codes. */
const ZIPS: readonly [number, number, string][] = [
  [900, 961, "CA"],
  [100, 149, "NY"],
  [750, 799, "TX"],
  [980, 994, "WA"],
];

/** Null for a place that is too vague to tax: Stripe then says `requires_location_inputs`. */
export function locate(place: Partial<TaxPlace> | null | undefined): TaxPlace | null {
  const country = place?.country?.toUpperCase();
  if (!country) return null;
  const postal_code = place?.postal_code || null;
  const state = place?.state?.toUpperCase() || null;
  if (country !== "US") return { country, state, postal_code };
  if (!state && !/^\d{5}(-\d{4})?$/.test(postal_code ?? "")) return null;
  return { country, state: state ?? stateOf(postal_code!), postal_code };
}

function stateOf(zip: string): string | null {
  const prefix = Number(zip.slice(0, 3));
  return ZIPS.find(([from, to]) => prefix >= from && prefix <= to)?.[2] ?? null;
}

function rateAt(place: TaxPlace): Rate | null {
  if (place.country === "US") {
    const percentage = STATES[place.state ?? ""];
    return percentage ? { percentage, name: "Sales Tax", type: "sales_tax" } : null;
  }
  const percentage = VAT[place.country ?? ""];
  return percentage ? { percentage, name: "VAT", type: "vat" } : null;
}

/** A price that does not say goes by its currency, as Stripe's automatic setting does. */
export function isInclusive(behavior: string | null, currency: string): boolean {
  if (behavior === "inclusive") return true;
  if (behavior === "exclusive") return false;
  return currency !== "usd" && currency !== "cad";
}

/** Taxes what the discount has left of each item, and returns the tax of each rate. */
export function taxItems(items: LineItem[], tax: TaxPlan): TaxShare[] {
  const shares: TaxShare[] = [];
  const { rate, reason } = decide(tax);
  for (const item of items) {
    const net = item.amount_subtotal - item.amount_discount;
    const inclusive = isInclusive(item.price.tax_behavior, item.currency);
    item.amount_tax = rate ? taxOf(net, rate.percentage, inclusive) : 0;
    item.amount_total = inclusive ? net : net + item.amount_tax;
    addShare(shares, {
      amount: item.amount_tax,
      taxable_amount: rate ? (inclusive ? net - item.amount_tax : net) : 0,
      taxability_reason: reason,
      inclusive,
      percentage: rate?.percentage ?? 0,
      display_name: rate?.name ?? "Tax",
      tax_type: rate?.type ?? (tax.place?.country === "US" ? "sales_tax" : "vat"),
      country: tax.place?.country ?? null,
      state: tax.place?.country === "US" ? tax.place.state : null,
    });
  }
  return shares;
}

function decide(tax: TaxPlan): { rate: Rate | null; reason: string } {
  const rate = tax.place ? rateAt(tax.place) : null;
  if (!rate) return { rate: null, reason: "not_collecting" };
  if (tax.exempt === "exempt") return { rate: null, reason: "customer_exempt" };
  if (tax.exempt === "reverse" && rate.type === "vat") return { rate: null, reason: "reverse_charge" };
  return { rate, reason: "standard_rated" };
}

/** Half a cent goes up; in thousandths of a percent, so that no binary fraction decides it. */
function taxOf(net: number, percentage: number, inclusive: boolean): number {
  const rate = Math.round(percentage * 1000);
  const whole = inclusive ? 100_000 + rate : 100_000;
  return Math.floor((net * rate * 2 + whole) / (whole * 2));
}

function addShare(shares: TaxShare[], share: TaxShare): void {
  const same = shares.find((each) => each.inclusive === share.inclusive);
  if (!same) {
    shares.push(share);
    return;
  }
  same.amount += share.amount;
  same.taxable_amount += share.taxable_amount;
}

/** The rate as Stripe shows it inside a breakdown. */
export function taxRateOf(share: TaxShare, created: number) {
  const where = [share.country, share.state].filter(Boolean).join("");
  return {
    id: `txr_sim${where}${share.inclusive ? "inclusive" : "exclusive"}`,
    object: "tax_rate",
    active: false,
    country: share.country,
    created,
    description: null,
    display_name: share.display_name,
    effective_percentage: share.percentage,
    flat_amount: null,
    inclusive: share.inclusive,
    jurisdiction: share.state ?? share.country,
    jurisdiction_level: share.state ? "state" : "country",
    livemode: false,
    metadata: {},
    percentage: share.percentage,
    rate_type: "percentage",
    state: share.state,
    tax_type: share.tax_type,
  };
}

const ID_TYPES: Record<string, string> = {
  US: "us_ein",
  CA: "ca_bn",
  GB: "gb_vat",
  AU: "au_abn",
};

/** The kind of tax ID a business of the country would enter. */
export function taxIdTypeOf(country: string): string {
  return ID_TYPES[country] ?? "eu_vat";
}
