import {
  applyPromotion,
  finishAuthentication,
  type Submission,
  submit,
  type Submitted,
  submitWithoutPayment,
} from "../checkout.ts";
import { intentOfSession } from "../checkout_subscription.ts";
import { learnPerson, needSavedMethod, personFrom, savedMethodsOf } from "../checkout_customer.ts";
import { ApiError } from "../errors.ts";
import { type Answer, type Incoming, redirect } from "../http.ts";
import { detach } from "../resources/payment_methods.ts";
import type { Simulator } from "../simulator.ts";
import type { Session } from "../types.ts";
import {
  check,
  type FormValues,
  initialValues,
  isFree,
  readValues,
  submissionFrom,
  withTestCard,
} from "./checkout_form.ts";
import { checkoutPage, type Problem } from "./checkout_page.ts";
import { confirmationPage } from "./confirmation_page.ts";
import { instant, money } from "./format.ts";
import { notice } from "./layout.ts";
import { type Markup, markup, safeLink } from "./markup.ts";

/** `/c/pay/:session`, its form, and the bank's page behind it. */
export function handleCheckout(sim: Simulator, incoming: Incoming): Answer {
  const [id = "", step = ""] = incoming.url.pathname.slice("/c/pay/".length).split("/");
  const session = sim.store.sessions.get(id);
  if (!session) {
    return notice("This page does not exist", "Check the link, or start again from the shop.", null, 404);
  }
  if (session.status !== "open") return closedPage(sim, session);
  if (incoming.method !== "POST") {
    if (step === "confirm" && sim.store.plans.need(id).awaiting) return confirmPage(session);
    return checkoutPage(sim, { session, values: valuesFor(sim, session), errors: {}, problem: null });
  }
  const form = new URLSearchParams(incoming.body);
  if (step === "promotion") return applyCode(sim, session, form.get("code") ?? "");
  if (step === "remove") return removeSaved(sim, session, form.get("payment_method") ?? "");
  if (step === "confirm") return afterConfirmation(sim, session, form.get("answer") === "confirm");
  return submitForm(sim, session, form);
}

function submitForm(sim: Simulator, session: Session, form: URLSearchParams): Answer {
  const values = readValues(session, form);
  const fill = form.get("fill");
  if (fill !== null) {
    const year = new Date(sim.clock.nowMs()).getUTCFullYear();
    return checkoutPage(sim, {
      session,
      values: withTestCard(values, fill, year),
      errors: {},
      problem: null,
    });
  }
  const errors = check(sim, session, values);
  if (Object.keys(errors).length > 0) {
    return checkoutPage(sim, { session, values, errors, problem: null }, 422);
  }
  if (values.terms === "on") session.consent = { promotions: null, terms_of_service: "accepted" };
  const submission = submissionFrom(values);
  const note = session.automatic_tax.enabled ? changedTotal(sim, session, submission, form) : null;
  if (note) return checkoutPage(sim, { session, values, errors: {}, problem: null, note });
  if (isFree(session)) {
    submitWithoutPayment(sim, session, submission.details);
    return toShop(session);
  }
  try {
    return next(sim, session, submit(sim, session, submission), values);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const problem = { message: error.body.message, code: error.body.code ?? error.body.type };
    return checkoutPage(sim, { session, values, errors: {}, problem }, error.status);
  }
}

function valuesFor(sim: Simulator, session: Session): FormValues {
  return initialValues(session, savedMethodsOf(sim, session));
}

/** Says so when the address makes the total another one than the person saw. */
function changedTotal(
  sim: Simulator,
  session: Session,
  submission: Submission,
  form: URLSearchParams,
): string | null {
  const saved = submission.saved ? needSavedMethod(sim, session, submission.saved) : null;
  learnPerson(sim, session, personFrom(saved, submission.details.billing));
  if (form.get("shown_total") === String(session.amount_total)) return null;
  if (session.automatic_tax.status !== "complete") return "Your address is needed to know the tax.";
  const total = money(session.amount_total ?? 0, session.currency ?? "usd");
  return `With the tax at your address the total is ${total}.`;
}

function removeSaved(sim: Simulator, session: Session, id: string): Answer {
  const method = savedMethodsOf(sim, session).find((each) => each.id === id);
  if (method && session.saved_payment_method_options?.payment_method_remove === "enabled") {
    detach(sim, method);
  }
  return redirect(`/c/pay/${session.id}`);
}

function next(sim: Simulator, session: Session, submitted: Submitted, values: FormValues): Answer {
  switch (submitted.kind) {
    case "complete":
      return toShop(session);
    case "authenticate":
      return redirect(`/c/pay/${session.id}/confirm`);
    case "declined": {
      const { message, code, declineCode } = submitted;
      const problem: Problem = { message, code: code === declineCode ? code : `${code}, ${declineCode}` };
      // The security code is not shown again, as on any payment page.
      return checkoutPage(sim, { session, values: { ...values, card_cvc: "" }, errors: {}, problem }, 402);
    }
  }
}

function applyCode(sim: Simulator, session: Session, code: string): Answer {
  const error = applyPromotion(sim, session, code);
  if (!error) return redirect(`/c/pay/${session.id}`);
  const view = { session, values: valuesFor(sim, session), errors: {}, problem: null, promotionError: error };
  return checkoutPage(sim, view, 422);
}

function confirmPage(session: Session): Answer {
  const what = session.mode === "setup"
    ? "Confirm that Talktime may save your card."
    : `Confirm the payment of ${money(session.amount_total ?? 0, session.currency ?? "usd")} to Talktime.`;
  return confirmationPage(what, `/c/pay/${session.id}/confirm`);
}

function afterConfirmation(sim: Simulator, session: Session, confirmed: boolean): Answer {
  if (!sim.store.plans.need(session.id).awaiting) return redirect(`/c/pay/${session.id}`);
  return next(sim, session, finishAuthentication(sim, session, confirmed), valuesFor(sim, session));
}

/** Stripe puts the session's id where the address asks for it. */
function successUrl(session: Session): string {
  return (session.success_url ?? "/").replaceAll("{CHECKOUT_SESSION_ID}", session.id);
}

function toShop(session: Session): Answer {
  return redirect(successUrl(session));
}

function closedPage(sim: Simulator, session: Session): Answer {
  if (session.status === "expired") {
    const back = session.cancel_url
      ? markup`<p><a href="${safeLink(session.cancel_url)}">Go back and start again</a></p>`
      : null;
    return notice(
      "This payment page has expired",
      `It closed on ${instant(session.expires_at)}. You were not charged.`,
      back,
      410,
    );
  }
  const onward = markup`<p><a href="${safeLink(successUrl(session))}">Continue</a></p>`;
  return notice(...completeWords(session), markup`${receiptLink(sim, session)}${onward}`);
}

function completeWords(session: Session): [string, string] {
  if (session.mode === "setup") return ["Your payment method is saved", "Nothing was charged."];
  const amount = money(session.amount_total ?? 0, session.currency ?? "usd");
  if (session.payment_status === "unpaid") {
    return ["Your payment is on its way", `Your bank has been asked for ${amount}. That takes some days.`];
  }
  if (session.payment_status === "no_payment_required") {
    return ["Your order is complete", "There was nothing to pay."];
  }
  return [`You paid ${amount}`, "This page has done its work; it cannot charge you again."];
}

function receiptLink(sim: Simulator, session: Session): Markup | null {
  const intent = intentOfSession(sim, session);
  const charge = intent?.latest_charge ? sim.store.charges.get(String(intent.latest_charge)) : null;
  return charge?.receipt_url ? markup`<p><a href="${charge.receipt_url}">Receipt</a></p>` : null;
}
