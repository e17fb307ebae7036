import { digitsOf } from "./cards.ts";
import {
  applyCustomerUpdate,
  ensureCustomer,
  learnPerson,
  needSavedMethod,
  type Person,
  personFrom,
  requireTaxPlace,
} from "./checkout_customer.ts";
import {
  dropSubscription,
  intentOfSession,
  type Kept,
  nameSubscription,
  subscribe,
} from "./checkout_subscription.ts";
import { customerToSaveTo, refuseSetup, saveMethod, setupOf } from "./checkout_setup.ts";
import { afterDelayedInvoice } from "./collecting.ts";
import { wrongState } from "./errors.ts";
import { invoiceOfIntent, invoiceSession } from "./invoicing.ts";
import { attemptPayment, createIntent, type Outcome, rejectIntent } from "./payments.ts";
import { activeCode, redeem } from "./resources/coupons.ts";
import { cancelIntent } from "./resources/payment_intents.ts";
import { createMethod, type MethodDetails } from "./resources/payment_methods.ts";
import { cancelSetup } from "./resources/setup_intents.ts";
import { retotal } from "./session_totals.ts";
import type { Simulator } from "./simulator.ts";
import type { MethodType, PaymentIntent, PaymentMethod, Session } from "./types.ts";

/** What a person submits on the hosted page. */
export interface Submission {
  type: MethodType;
  /** A card number, an account number or an IBAN. */
  number: string;
  details: MethodDetails & { billing?: Person };
  /** A card saved earlier, instead of a number. */
  saved?: string;
  /** "Save my details for next time" was ticked. */
  save?: boolean;
}

export type Submitted =
  | { kind: "complete" }
  | { kind: "authenticate" }
  | { kind: "declined"; code: string; declineCode: string; message: string };

export function requireOpen(session: Session): void {
  if (session.status === "open") return;
  throw wrongState(
    `This Checkout Session is ${session.status} and can no longer be paid.`,
    "checkout_session_not_open",
  );
}

export function submit(sim: Simulator, session: Session, submission: Submission): Submitted {
  requireOpen(session);
  if (!session.payment_method_types.includes(submission.type)) {
    const allowed = session.payment_method_types.join(", ");
    throw wrongState(
      `This Checkout Session does not take ${submission.type}; it takes ${allowed} in ${session.currency}.`,
      "payment_method_not_available",
    );
  }
  const method = methodFrom(sim, session, submission);
  if (session.mode === "setup") return submitSetup(sim, session, method, false);
  if (submission.save) {
    const plan = sim.store.plans.need(session.id);
    plan.intent.setup_future_usage ??= "off_session";
    sim.store.plans.put(plan);
  }
  return pay(sim, session, method, false);
}

/** Everything is checked before a method comes to be: the saved card, and where the person is taxed. */
function methodFrom(sim: Simulator, session: Session, submission: Submission): PaymentMethod {
  const saved = submission.saved ? needSavedMethod(sim, session, submission.saved) : null;
  learnPerson(sim, session, personFrom(saved, submission.details.billing));
  requireTaxPlace(session);
  if (saved) return saved;
  const number = submission.type === "card" ? digitsOf(submission.number) : submission.number;
  const method = createMethod(sim, submission.type, number, submission.details);
  allowRedisplay(sim, session, method, submission.save ?? false);
  return method;
}

/**
 * Who ticked "save", or came to save, is shown the method again; one kept for the merchant's use only is not,
 * unless the merchant said otherwise.
 */
function allowRedisplay(sim: Simulator, session: Session, method: PaymentMethod, ticked: boolean): void {
  const plan = sim.store.plans.need(session.id);
  const kept = plan.intent.setup_future_usage !== null;
  const decided = ticked || session.mode === "setup" ? "always" : kept ? "limited" : "unspecified";
  method.allow_redisplay = plan.allow_redisplay ?? decided;
  sim.store.paymentMethods.put(method);
}

/** Nothing is due after a discount of 100 %: there is nothing to pay with. */
export function submitWithoutPayment(sim: Simulator, session: Session, details: Submission["details"]): void {
  requireOpen(session);
  if (session.amount_total !== 0) {
    throw wrongState("This Checkout Session has an amount to pay.", "payment_required");
  }
  learnPerson(sim, session, details.billing ?? {});
  if (session.customer_creation === "always") ensureCustomer(sim, session);
  complete(sim, session, "no_payment_required");
}

/** The person has come back from the bank's page. */
export function finishAuthentication(sim: Simulator, session: Session, confirmed: boolean): Submitted {
  requireOpen(session);
  const plan = sim.store.plans.need(session.id);
  if (!plan.awaiting) throw wrongState("Nothing waits for authentication.", "checkout_session_not_waiting");
  const method = sim.store.paymentMethods.need(plan.awaiting.payment_method);
  sim.store.plans.put({ ...plan, awaiting: null });
  if (confirmed) {
    return session.mode === "setup"
      ? submitSetup(sim, session, method, true)
      : pay(sim, session, method, true);
  }
  return refuseAuthentication(sim, session, method);
}

function refuseAuthentication(sim: Simulator, session: Session, method: PaymentMethod): Submitted {
  const message =
    "We are unable to authenticate your payment method. Please choose a different payment method " +
    "and try again.";
  if (session.mode === "setup") {
    const code = "setup_intent_authentication_failure";
    const error = { type: "invalid_request_error", code, message } as const;
    return toSubmitted(refuseSetup(sim, setupOf(sim, session), method, error));
  }
  const code = "payment_intent_authentication_failure";
  const intent = intentOfSession(sim, session);
  if (intent) rejectIntent(sim, intent, method, { type: "invalid_request_error", code, message });
  return { kind: "declined", code, declineCode: code, message };
}

/** What is wrong with a promotion code typed on the page; null when it now applies. */
export function applyPromotion(sim: Simulator, session: Session, code: string): string | null {
  if (!session.allow_promotion_codes) return "This page takes no promotion codes.";
  const found = activeCode(sim, code);
  const coupon = found ? sim.store.coupons.get(String(found.promotion.coupon)) : undefined;
  const customer = found?.customer ?? null;
  if (!found || !coupon?.valid || (customer !== null && customer !== session.customer)) {
    return "This code is not valid.";
  }
  if (coupon.currency !== null && coupon.currency !== session.currency) {
    return "This code is for another currency.";
  }
  const plan = sim.store.plans.need(session.id);
  plan.discount = { coupon: coupon.id, promotion_code: found.id };
  session.discounts = [{ ...plan.discount }];
  retotal(sim, session, plan);
  return null;
}

/** The intent appears with the first attempt to pay, and every further attempt uses it. */
function intentOf(sim: Simulator, session: Session): PaymentIntent {
  if (session.payment_intent) return asPriced(sim, session);
  const plan = sim.store.plans.need(session.id);
  const wantsCustomer = session.customer_creation === "always" || plan.intent.setup_future_usage !== null;
  const intent = createIntent(sim, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? "usd",
    customer: wantsCustomer ? ensureCustomer(sim, session) : session.customer as string | null,
    method_types: plan.method_types,
    ...plan.intent,
  });
  session.payment_intent = intent.id;
  sim.store.sessions.put(session);
  return intent;
}

/** Between two attempts an address can change the tax, and with it the amount. */
function asPriced(sim: Simulator, session: Session): PaymentIntent {
  const intent = sim.store.paymentIntents.need(String(session.payment_intent));
  const amount = session.amount_total ?? 0;
  return intent.amount === amount ? intent : sim.store.paymentIntents.put(Object.assign(intent, { amount }));
}

function pay(sim: Simulator, session: Session, method: PaymentMethod, authenticated: boolean): Submitted {
  if (session.mode === "subscription") {
    return afterAttempt(sim, session, method, subscribe(sim, session, method, authenticated));
  }
  const intent = intentOf(sim, session);
  if (sim.store.plans.need(session.id).intent.setup_future_usage && !intent.customer) {
    intent.customer = ensureCustomer(sim, session);
    intent.setup_future_usage = sim.store.plans.need(session.id).intent.setup_future_usage;
  }
  const outcome = attemptPayment(sim, intent, { method, offSession: false, authenticated });
  return afterAttempt(sim, session, method, outcome);
}

function afterAttempt(
  sim: Simulator,
  session: Session,
  method: PaymentMethod,
  outcome: Outcome | Kept,
): Submitted {
  switch (outcome.kind) {
    case "refused":
      return { ...outcome, kind: "declined" };
    case "kept":
      complete(sim, session, "no_payment_required");
      return { kind: "complete" };
    case "declined": {
      const { code, decline_code, message } = outcome.decline;
      return { kind: "declined", code, declineCode: decline_code, message };
    }
    case "requires_action": {
      const plan = sim.store.plans.need(session.id);
      sim.store.plans.put({ ...plan, awaiting: { payment_method: method.id } });
      return { kind: "authenticate" };
    }
    case "processing":
      complete(sim, session, "unpaid");
      return { kind: "complete" };
    case "succeeded":
      complete(sim, session, "paid");
      return { kind: "complete" };
  }
}

function submitSetup(
  sim: Simulator,
  session: Session,
  method: PaymentMethod,
  authenticated: boolean,
): Submitted {
  const setup = setupOf(sim, session);
  const saved = saveMethod(sim, setup, method, customerToSaveTo(sim, session), authenticated);
  if (saved.kind === "authenticate") {
    const plan = sim.store.plans.need(session.id);
    sim.store.plans.put({ ...plan, awaiting: { payment_method: method.id } });
  }
  if (saved.kind === "saved") complete(sim, session, "no_payment_required");
  return toSubmitted(saved);
}

function toSubmitted(saved: ReturnType<typeof saveMethod>): Submitted {
  return saved.kind === "saved" ? { kind: "complete" } : saved;
}

function complete(sim: Simulator, session: Session, payment_status: Session["payment_status"]): void {
  session.status = "complete";
  session.payment_status = payment_status;
  session.url = null;
  const plan = sim.store.plans.need(session.id);
  if (plan.discount) redeem(sim, plan.discount);
  applyCustomerUpdate(sim, session);
  if (session.invoice_creation?.enabled && payment_status !== "unpaid") {
    session.invoice = invoiceSession(sim, session, plan).id;
  }
  if (session.mode === "subscription") nameSubscription(sim, session);
  sim.unschedule(session.id, "expire_session");
  sim.store.sessions.put(session);
  sim.events.emit("checkout.session.completed", session);
}

export function sessionOfIntent(sim: Simulator, intentId: string): Session | undefined {
  const own = sim.store.sessions.where("payment_intent", intentId)[0];
  const invoice = own ? undefined : invoiceOfIntent(sim, intentId);
  return own ?? (invoice && sim.store.sessions.where("invoice", invoice.id)[0]);
}

/** A delayed payment has ended: its session learns of it, days after it was completed. */
export function afterDelayedPayment(sim: Simulator, intent: PaymentIntent, paid: boolean): void {
  afterDelayedInvoice(sim, intent, paid);
  const session = sessionOfIntent(sim, intent.id);
  if (!session) return;
  if (paid) {
    session.payment_status = "paid";
    if (session.invoice_creation?.enabled) {
      session.invoice = invoiceSession(sim, session, sim.store.plans.need(session.id)).id;
    }
  }
  sim.store.sessions.put(session);
  sim.events.emit(
    paid ? "checkout.session.async_payment_succeeded" : "checkout.session.async_payment_failed",
    session,
  );
}

export function expireSession(sim: Simulator, session: Session): Session {
  requireOpen(session);
  session.status = "expired";
  session.url = null;
  if (session.expires_at > sim.now()) session.expires_at = sim.now();
  if (session.payment_intent) {
    cancelIntent(sim, sim.store.paymentIntents.need(String(session.payment_intent)), "automatic");
  }
  dropSubscription(sim, session);
  if (session.setup_intent) cancelSetup(sim, setupOf(sim, session));
  sim.unschedule(session.id, "expire_session");
  sim.store.sessions.put(session);
  sim.events.emit("checkout.session.expired", session);
  return session;
}
