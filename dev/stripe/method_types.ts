import { invalid } from "./errors.ts";
import type { MethodType } from "./types.ts";

/** The payment methods a merchant would switch on in the dashboard, with the currencies they take. */
const ENABLED: Record<MethodType, readonly string[] | "any"> = {
  card: "any",
  us_bank_account: ["usd"],
  sepa_debit: ["eur"],
};

export const METHOD_TYPES = Object.keys(ENABLED) as MethodType[];

export function isDelayed(type: string): boolean {
  return type === "us_bank_account" || type === "sepa_debit";
}

/** Since 2026-09-30 a request only narrows what the dashboard enables; it cannot name a set of its own. */
export function methodTypesFor(
  currency: string | null,
  allowed: string[] | null | undefined,
  excluded: string[] | null | undefined,
): MethodType[] {
  if (allowed && excluded && allowed.length > 0 && excluded.length > 0) {
    throw invalid(
      "You may only specify one of these parameters: allowed_payment_method_types, excluded_payment_method_types.",
      "excluded_payment_method_types",
    );
  }
  const types = METHOD_TYPES.filter((type) => {
    const currencies = ENABLED[type];
    if (currency !== null && currencies !== "any" && !currencies.includes(currency)) return false;
    if (allowed && allowed.length > 0 && !allowed.includes(type)) return false;
    return !excluded?.includes(type);
  });
  if (types.length === 0) {
    throw invalid(
      "No valid payment method types for this request. Check the payment methods enabled in the dashboard, " +
        "the currency, and the allowed and excluded payment method types.",
      allowed && allowed.length > 0 ? "allowed_payment_method_types" : "excluded_payment_method_types",
    );
  }
  return types;
}
