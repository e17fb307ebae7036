import { bankAccountsOf } from "../bank_accounts.ts";
import { digitsOf, isCardNumber } from "../cards.ts";
import type { Submission } from "../checkout.ts";
import type { Simulator } from "../simulator.ts";
import { locate, taxIdTypeOf } from "../tax.ts";
import type { MethodDetails } from "../resources/payment_methods.ts";
import type { MethodType, PaymentMethod, Session } from "../types.ts";

/** The form as the person filled it in; shown again as it is when something has to be corrected. */
export interface FormValues {
  email: string;
  method: string;
  card_number: string;
  card_expiry: string;
  card_cvc: string;
  card_name: string;
  country: string;
  postal_code: string;
  line1: string;
  city: string;
  state: string;
  business_name: string;
  tax_id: string;
  us_bank_account: string;
  sepa_debit: string;
  account_name: string;
  save: string;
  terms: string;
}
export type FieldErrors = Partial<Record<keyof FormValues, string>>;

export const COUNTRIES: Record<string, string> = {
  US: "United States",
  CA: "Canada",
  GB: "United Kingdom",
  IE: "Ireland",
  DE: "Germany",
  FR: "France",
  ES: "Spain",
  NL: "Netherlands",
  SE: "Sweden",
  AU: "Australia",
};

const SAVED = "saved:";

/** The saved card that is chosen, if one is. */
export function savedCardIn(values: FormValues): string | undefined {
  return values.method.startsWith(SAVED) ? values.method.slice(SAVED.length) : undefined;
}

export const savedValue = (id: string) => `${SAVED}${id}`;

/** A returning customer finds their latest card chosen. */
export function initialValues(session: Session, saved: PaymentMethod[] = []): FormValues {
  const { email, address } = session.customer_details ?? {};
  return {
    ...emptyValues(),
    email: email ?? "",
    method: saved[0] ? savedValue(saved[0].id) : session.payment_method_types[0] ?? "card",
    country: address?.country ?? "US",
    postal_code: address?.postal_code ?? "",
    line1: address?.line1 ?? "",
    city: address?.city ?? "",
    state: address?.state ?? "",
  };
}

export function emptyValues(): FormValues {
  return {
    email: "",
    method: "card",
    card_number: "",
    card_expiry: "",
    card_cvc: "",
    card_name: "",
    country: "US",
    postal_code: "",
    line1: "",
    city: "",
    state: "",
    business_name: "",
    tax_id: "",
    us_bank_account: bankAccountsOf("us_bank_account")[0]!.number,
    sepa_debit: bankAccountsOf("sepa_debit")[0]!.number,
    account_name: "",
    save: "",
    terms: "",
  };
}

/** An address the merchant gave is not the person's to change. */
export function knownEmail(session: Session): string | null {
  if (session.customer_email) return session.customer_email;
  return session.customer ? session.customer_details?.email ?? null : null;
}

export function readValues(session: Session, form: URLSearchParams): FormValues {
  const values = fillIn(initialValues(session), form);
  values.email = knownEmail(session) ?? values.email;
  return values;
}

export function fillIn(values: FormValues, form: URLSearchParams): FormValues {
  for (const name of Object.keys(values) as (keyof FormValues)[]) {
    const given = form.get(name);
    if (given !== null) values[name] = given.trim();
  }
  return values;
}

/** What a click on one of the test cards fills in; what the person typed elsewhere stays. */
export function withTestCard(values: FormValues, number: string, year: number): FormValues {
  return {
    ...values,
    method: "card",
    email: values.email || "customer@example.com",
    card_number: number,
    card_expiry: `12 / ${String((year + 4) % 100).padStart(2, "0")}`,
    card_cvc: number.length === 15 ? "1234" : "123",
    card_name: values.card_name || "Test Customer",
    postal_code: values.postal_code || "94107",
  };
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function check(sim: Simulator, session: Session, values: FormValues): FieldErrors {
  const errors: FieldErrors = {};
  if (!EMAIL.test(values.email)) errors.email = "Enter an email address such as name@example.com.";
  if (termsRequired(session) && values.terms !== "on") errors.terms = "Accept the terms to continue.";
  if (asksForAddress(session)) Object.assign(errors, checkAddress(session, values));
  if (session.tax_id_collection?.required === "if_supported" && !values.tax_id) {
    errors.tax_id = "Enter the tax ID of your business.";
  }
  if (values.tax_id && !values.business_name) errors.business_name = "Enter the name of your business.";
  if (isFree(session) || savedCardIn(values)) return errors;
  if (values.method === "card") return { ...errors, ...checkCard(sim, values) };
  if (!values.account_name) errors.account_name = "Enter the name of the account's owner.";
  return errors;
}

/** Whether the page has fields for a whole address, not only for the card's country. */
export function asksForAddress(session: Session): boolean {
  return session.billing_address_collection === "required" || session.automatic_tax.enabled;
}

function checkAddress(session: Session, values: FormValues): FieldErrors {
  const errors: FieldErrors = {};
  if (session.billing_address_collection === "required") {
    if (!values.line1) errors.line1 = "Enter your address.";
    if (!values.city) errors.city = "Enter your city.";
  }
  if (savedCardIn(values) || !session.automatic_tax.enabled || locate(values)) return errors;
  errors.postal_code = "Enter your ZIP code, which decides the tax.";
  return errors;
}

export function checkCard(sim: Simulator, values: FormValues): FieldErrors {
  const errors: FieldErrors = {};
  if (!isCardNumber(digitsOf(values.card_number))) errors.card_number = "Enter a valid card number.";
  const expiry = readExpiry(values.card_expiry);
  const now = new Date(sim.clock.nowMs());
  if (!expiry) errors.card_expiry = "Enter the date as MM / YY.";
  else if (expiry.year * 12 + expiry.month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1) {
    errors.card_expiry = "This card has expired.";
  }
  if (!/^\d{3,4}$/.test(values.card_cvc)) errors.card_cvc = "Enter the 3 or 4 digits.";
  if (!values.card_name) errors.card_name = "Enter the name on the card.";
  return errors;
}

export function isFree(session: Session): boolean {
  return session.mode === "payment" && session.amount_total === 0;
}

export function termsRequired(session: Session): boolean {
  return session.consent_collection?.terms_of_service === "required";
}

function readExpiry(text: string): { month: number; year: number } | null {
  const match = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(text);
  if (!match) return null;
  const month = Number(match[1]);
  const year = Number(match[2]);
  return month >= 1 && month <= 12 ? { month, year: year < 100 ? 2000 + year : year } : null;
}

export function submissionFrom(values: FormValues): Submission {
  const saved = savedCardIn(values);
  if (saved) {
    // Its own address counts unless another one is entered.
    const entered = values.line1 || values.postal_code || values.state ? addressIn(values) : {};
    const billing = { email: values.email || undefined, ...entered, ...businessIn(values) };
    return { type: "card", number: "", saved, details: { billing } };
  }
  const type = values.method as MethodType;
  const expiry = readExpiry(values.card_expiry);
  const isCard = type === "card";
  return {
    type,
    number: isCard ? values.card_number : type === "sepa_debit" ? values.sepa_debit : values.us_bank_account,
    details: {
      billing: {
        email: values.email,
        name: isCard ? values.card_name : values.account_name,
        ...addressIn(values),
        ...businessIn(values),
      },
      ...(isCard && expiry ? { exp_month: expiry.month, exp_year: expiry.year } : {}),
    },
    save: values.save === "on",
  };
}

function addressIn(values: FormValues) {
  const { country, postal_code, line1, city, state } = values;
  return {
    country,
    postal_code: postal_code || null,
    line1: line1 || null,
    city: city || null,
    state: state || null,
  };
}

function businessIn(values: FormValues) {
  return {
    business_name: values.business_name || null,
    tax_id: values.tax_id ? { type: taxIdTypeOf(values.country), value: values.tax_id } : null,
  };
}

/** What a card's own fields say, for the portal. */
export function cardFrom(values: FormValues): MethodDetails {
  const expiry = readExpiry(values.card_expiry);
  return {
    billing: { name: values.card_name, ...addressIn(values) },
    ...(expiry ? { exp_month: expiry.month, exp_year: expiry.year } : {}),
  };
}
