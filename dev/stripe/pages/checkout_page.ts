import { bankAccountsOf } from "../bank_accounts.ts";
import type { Answer } from "../http.ts";
import type { Simulator } from "../simulator.ts";
import type { Session, SessionPlan } from "../types.ts";
import {
  COUNTRIES,
  type FieldErrors,
  type FormValues,
  isFree,
  knownEmail,
  termsRequired,
} from "./checkout_form.ts";
import { grouped, METHOD_NAMES, money } from "./format.ts";
import { page } from "./layout.ts";
import { type Markup, markup, safeLink } from "./markup.ts";
import { testCardHints } from "./test_card_hints.ts";

export interface Problem {
  message: string;
  code: string;
}

export interface CheckoutView {
  session: Session;
  values: FormValues;
  errors: FieldErrors;
  problem: Problem | null;
  promotionError?: string;
}

export function checkoutPage(sim: Simulator, view: CheckoutView, status = 200): Answer {
  const { session } = view;
  const plan = sim.store.plans.need(session.id);
  const setup = session.mode === "setup";
  return page(
    setup ? "Save a payment method" : "Pay Talktime",
    markup`<div class="checkout">
      ${summary(session, plan, view)}
        <form class="card pay" id="pay" method="post" action="/c/pay/${session.id}" novalidate>
          <h1>${setup ? "Save a payment method" : "Payment details"}</h1>
          ${alert(view.problem)}
          ${contact(view)}
          ${
      isFree(session) ? markup`<p>Nothing to pay: the discount covers the whole amount.</p>` : methods(view)
    }
          ${terms(view)}
          <button class="primary" type="submit">${buttonText(session)}</button>
        </form>
        ${isFree(session) ? null : testCardHints("pay")}
    </div>`,
    { status },
  );
}

function buttonText(session: Session): string {
  if (session.mode === "setup") return "Save payment method";
  if (isFree(session)) return "Complete order";
  return `Pay ${money(session.amount_total ?? 0, session.currency ?? "usd")}`;
}

function summary(session: Session, plan: SessionPlan, view: CheckoutView): Markup {
  const currency = session.currency ?? "usd";
  const words = session.mode === "setup" ? "← Back without saving" : "← Back without paying";
  const back = session.cancel_url
    ? markup`<a class="back" href="${safeLink(session.cancel_url)}">${words}</a>`
    : null;
  if (session.mode === "setup") {
    return markup`<section class="summary" aria-label="Summary">${back}
      <p class="small">Talktime</p><p>Your payment method is saved for later. Nothing is charged now.</p></section>`;
  }
  const discount = session.total_details?.amount_discount ?? 0;
  return markup`<section class="summary" aria-label="Order summary">
    ${back}
    <p class="small">Pay Talktime</p>
    <p class="hero">${money(session.amount_total ?? 0, currency)}</p>
    <dl class="lines">
      ${
    plan.line_items.map((item) =>
      markup`<div><dt>${item.description}${(item.quantity ?? 1) > 1 ? ` × ${item.quantity}` : ""}</dt>
        <dd>${money(item.amount_subtotal, currency)}</dd></div>`
    )
  }
      ${discount > 0 ? markup`<div><dt>Discount</dt><dd>${money(-discount, currency)}</dd></div>` : null}
      <div class="total"><dt>Total due</dt><dd>${money(session.amount_total ?? 0, currency)}</dd></div>
    </dl>
    ${session.allow_promotion_codes && discount === 0 ? promotionForm(session, view.promotionError) : null}
  </section>`;
}

function promotionForm(session: Session, error: string | undefined): Markup {
  return markup`<form class="inline" method="post" action="/c/pay/${session.id}/promotion">
    <label class="field"><span>Promotion code</span>
      <input type="text" name="code" autocomplete="off" required ${invalidity("code", error)}></label>
    <button type="submit">Apply</button>
    ${errorText("code", error)}
  </form>`;
}

function alert(problem: Problem | null): Markup | null {
  if (!problem) return null;
  return markup`<div class="alert" role="alert"><p>${problem.message}</p>
    <p>You were not charged. Try again, or use another payment method.</p><code>${problem.code}</code></div>`;
}

function contact({ session, values, errors }: CheckoutView): Markup {
  const known = knownEmail(session);
  if (known) return markup`<p class="field"><span>Email</span>${known}</p>`;
  return textField("email", "Email", values.email, errors.email, {
    type: "email",
    autocomplete: "email",
    inputmode: "email",
  });
}

interface FieldOptions {
  type?: "text" | "email";
  autocomplete?: string;
  inputmode?: string;
  placeholder?: string;
  number?: boolean;
}

function textField(
  name: keyof FormValues,
  label: string,
  value: string,
  error: string | undefined,
  options: FieldOptions,
): Markup {
  return markup`<label class="field"><span>${label}</span>
    <input type="${options.type ?? "text"}" name="${name}" value="${value}" class="${
    options.number ? "number" : ""
  }"
      autocomplete="${options.autocomplete ?? "off"}" inputmode="${options.inputmode ?? "text"}"
      placeholder="${options.placeholder ?? ""}" ${invalidity(name, error)}>
    ${errorText(name, error)}</label>`;
}

function invalidity(name: string, error: string | undefined): Markup | null {
  return error ? markup`aria-invalid="true" aria-describedby="${name}-error"` : null;
}

function errorText(name: string, error: string | undefined): Markup | null {
  return error ? markup`<span class="error" id="${name}-error">${error}</span>` : null;
}

function methods(view: CheckoutView): Markup {
  const types = view.session.payment_method_types;
  const alone = types.length === 1;
  return markup`<fieldset><legend>Payment method</legend>
    ${
    types.map((type) =>
      markup`<div class="method${alone ? " alone" : ""}">
        ${
        alone ? markup`<input type="hidden" name="method" value="${type}">` : markup`<label>
          <input type="radio" name="method" value="${type}"${checked(view.values.method === type)}>
          ${METHOD_NAMES[type] ?? type}</label>`
      }
        <div class="inside">${type === "card" ? cardFields(view) : debitFields(view, type)}</div>
      </div>`
    )
  }</fieldset>`;
}

function checked(on: boolean): Markup | null {
  return on ? markup` checked` : null;
}

function cardFields({ session, values, errors }: CheckoutView): Markup {
  const save = session.saved_payment_method_options?.payment_method_save === "enabled";
  return markup`
    ${
    textField("card_number", "Card number", grouped(values.card_number), errors.card_number, {
      autocomplete: "cc-number",
      inputmode: "numeric",
      placeholder: "1234 1234 1234 1234",
      number: true,
    })
  }
    <div class="pair">
      ${
    textField("card_expiry", "Expiry", values.card_expiry, errors.card_expiry, {
      autocomplete: "cc-exp",
      inputmode: "numeric",
      placeholder: "MM / YY",
      number: true,
    })
  }
      ${
    textField("card_cvc", "Security code", values.card_cvc, errors.card_cvc, {
      autocomplete: "cc-csc",
      inputmode: "numeric",
      placeholder: "CVC",
      number: true,
    })
  }
    </div>
    ${textField("card_name", "Name on card", values.card_name, errors.card_name, { autocomplete: "cc-name" })}
    <div class="pair places">
      <label class="field"><span>Country</span><select name="country" autocomplete="country">
        ${
    Object.entries(COUNTRIES).map(([code, name]) =>
      markup`<option value="${code}"${values.country === code ? markup` selected` : null}>${name}</option>`
    )
  }</select></label>
      ${
    textField("postal_code", "ZIP or postal code", values.postal_code, errors.postal_code, {
      autocomplete: "postal-code",
    })
  }
    </div>
    ${
    save
      ? markup`<label class="check"><input type="checkbox" name="save"${checked(values.save === "on")}>
        <span>Save my payment details for next time</span></label>`
      : null
  }`;
}

function debitFields({ values, errors }: CheckoutView, type: string): Markup {
  const chosen = type === "sepa_debit" ? values.sepa_debit : values.us_bank_account;
  return markup`
    <label class="field"><span>Test account</span><select name="${type}">
      ${
    bankAccountsOf(type).map((account) =>
      markup`<option value="${account.number}"${
        chosen === account.number ? markup` selected` : null
      }>${account.label}</option>`
    )
  }</select></label>
    ${
    textField("account_name", "Account owner", values.account_name, errors.account_name, {
      autocomplete: "name",
    })
  }
    <p class="small">The bank takes some days to pay. Your order is complete now and paid later.</p>`;
}

function terms({ session, values, errors }: CheckoutView): Markup | null {
  if (!termsRequired(session)) return null;
  return markup`<label class="check"><input type="checkbox" name="terms"${checked(values.terms === "on")}
    ${invalidity("terms", errors.terms)}><span>I accept the terms of service ${
    errorText("terms", errors.terms)
  }</span></label>`;
}
