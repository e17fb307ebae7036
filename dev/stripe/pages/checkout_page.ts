import { bankAccountsOf } from "../bank_accounts.ts";
import type { Answer } from "../http.ts";
import type { Simulator } from "../simulator.ts";
import type { PaymentMethod, Price, Session, SessionPlan } from "../types.ts";
import { savedMethodsOf } from "../checkout_customer.ts";
import {
  asksForAddress,
  type FieldErrors,
  type FormValues,
  isFree,
  knownEmail,
  savedValue,
  termsRequired,
} from "./checkout_form.ts";
import {
  addressFields,
  cardFields,
  checked,
  errorText,
  invalidity,
  placeFields,
  textField,
} from "./fields.ts";
import { cardExpiry, cardName, METHOD_NAMES, money, taxLabel } from "./format.ts";
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
  /** What changed since the page was last shown. */
  note?: string;
}

export function checkoutPage(sim: Simulator, view: CheckoutView, status = 200): Answer {
  const { session } = view;
  const plan = sim.store.plans.need(session.id);
  const setup = session.mode === "setup";
  const saved = savedMethodsOf(sim, session);
  return page(
    setup ? "Save a payment method" : "Pay Talktime",
    markup`<div class="checkout">
      ${summary(session, plan, view)}
        <form class="card pay" id="pay" method="post" action="/c/pay/${session.id}" novalidate>
          <h1>${setup ? "Save a payment method" : "Payment details"}</h1>
          ${alert(view.problem)}
          ${view.note ? markup`<p role="status">${view.note}</p>` : null}
          ${contact(view)}
          ${
      isFree(session)
        ? markup`<p>Nothing to pay: the discount covers the whole amount.</p>`
        : methods(view, saved)
    }
          ${asksForAddress(session) && !isFree(session) ? addressFields(view) : null}
          ${business(view)}
          ${terms(view)}
          ${session.automatic_tax.enabled ? shownTotal(session) : null}
          <button class="primary" type="submit">${buttonText(session)}</button>
        </form>
        <form id="remove" method="post" action="/c/pay/${session.id}/remove"></form>
        ${isFree(session) ? null : testCardHints("pay")}
    </div>`,
    { status },
  );
}

/** Nobody is charged an amount they have not seen: the form says which one was on the page. */
function shownTotal(session: Session): Markup {
  const known = session.automatic_tax.status === "complete";
  return markup`<input type="hidden" name="shown_total" value="${known ? session.amount_total : ""}">`;
}

const taxOpen = (session: Session) =>
  session.automatic_tax.enabled && session.automatic_tax.status !== "complete";

function buttonText(session: Session): string {
  if (session.mode === "setup") return "Save payment method";
  if (isFree(session)) return "Complete order";
  if (session.mode === "subscription" && !taxOpen(session)) return "Subscribe";
  if (taxOpen(session)) return "Continue";
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
      markup`<div><dt>${item.description}${(item.quantity ?? 1) > 1 ? ` × ${item.quantity}` : ""}${
        every(item.price)
      }</dt>
        <dd>${money(item.amount_subtotal, currency)}</dd></div>`
    )
  }
      ${discount > 0 ? markup`<div><dt>Discount</dt><dd>${money(-discount, currency)}</dd></div>` : null}
      ${taxLines(plan, currency)}
      <div class="total"><dt>${taxOpen(session) ? "Total before tax" : "Total due"}</dt><dd>${
    money(session.amount_total ?? 0, currency)
  }</dd></div>
    </dl>
    ${session.allow_promotion_codes && discount === 0 ? promotionForm(session, view.promotionError) : null}
  </section>`;
}

/** `, every month` */
function every({ recurring }: Price): string {
  if (!recurring) return "";
  const { interval, interval_count } = recurring;
  return `, every ${interval_count === 1 ? interval : `${interval_count} ${interval}s`}`;
}

function taxLines(plan: SessionPlan, currency: string): Markup | null {
  if (!plan.tax) return null;
  if (!plan.tax.place) {
    return markup`<div><dt>Tax</dt><dd>By your address</dd></div>`;
  }
  return markup`${
    plan.tax.shares.map((share) =>
      markup`<div><dt>${taxLabel(share)}</dt><dd>${money(share.amount, currency)}</dd></div>`
    )
  }`;
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

function contact(view: CheckoutView): Markup {
  const known = knownEmail(view.session);
  if (known) return markup`<p class="field"><span>Email</span>${known}</p>`;
  return textField("email", "Email", view, {
    type: "email",
    autocomplete: "email",
    inputmode: "email",
  });
}

function methods(view: CheckoutView, saved: PaymentMethod[]): Markup {
  const types = view.session.payment_method_types;
  const alone = types.length === 1 && saved.length === 0;
  return markup`<fieldset><legend>Payment method</legend>
    ${saved.map((card) => savedCard(view, card))}
    ${
    types.map((type) =>
      markup`<div class="method${alone ? " alone" : ""}">
        ${
        alone ? markup`<input type="hidden" name="method" value="${type}">` : markup`<label>
          <input type="radio" name="method" value="${type}"${checked(view.values.method === type)}>
          ${type === "card" && saved.length > 0 ? "Another card" : METHOD_NAMES[type] ?? type}</label>`
      }
        <div class="inside">${
        type === "card"
          ? markup`${cardFields(view)}${asksForAddress(view.session) ? null : placeFields(view)}${
            saveBox(view)
          }`
          : debitFields(view, type)
      }</div>
      </div>`
    )
  }</fieldset>`;
}

/** The button belongs to a form of its own: Enter in this one must pay, not remove. */
function savedCard({ session, values }: CheckoutView, method: PaymentMethod): Markup {
  const value = savedValue(method.id);
  const removable = session.saved_payment_method_options?.payment_method_remove === "enabled";
  return markup`<div class="method saved"><label>
      <input type="radio" name="method" value="${value}"${checked(values.method === value)}>
      <span>${cardName(method)}<br><span class="small">${cardExpiry(method)}</span></span></label>
    ${
    removable
      ? markup`<button type="submit" form="remove" name="payment_method" value="${method.id}"
        aria-label="Remove ${cardName(method)}">Remove</button>`
      : null
  }</div>`;
}

function business(view: CheckoutView): Markup | null {
  if (!view.session.tax_id_collection?.enabled) return null;
  return markup`<fieldset><legend>If you buy as a business</legend>
    ${textField("business_name", "Business name", view, { autocomplete: "organization" })}
    ${textField("tax_id", "Tax ID", view, {})}</fieldset>`;
}

function saveBox({ session, values }: CheckoutView): Markup | null {
  if (session.saved_payment_method_options?.payment_method_save !== "enabled") return null;
  return markup`<label class="check"><input type="checkbox" name="save"${checked(values.save === "on")}>
    <span>Save my payment details for next time</span></label>`;
}

function debitFields(view: CheckoutView, type: string): Markup {
  const { values } = view;
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
    ${textField("account_name", "Account owner", view, { autocomplete: "name" })}
    <p class="small">The bank takes some days to pay. Your order is complete now and paid later.</p>`;
}

function terms({ session, values, errors }: CheckoutView): Markup | null {
  if (!termsRequired(session)) return null;
  return markup`<label class="check"><input type="checkbox" name="terms"${checked(values.terms === "on")}
    ${invalidity("terms", errors.terms)}><span>I accept the terms of service ${
    errorText("terms", errors.terms)
  }</span></label>`;
}
