import { digitsOf } from "./cards.ts";
import { ApiError, wrongState } from "./errors.ts";
import {
  attemptPayment,
  createIntent,
  needsAuthenticationToSave,
  type Outcome,
  rejectIntent,
  rememberAuthentication,
} from "./payments.ts";
import { activeCode, redeem } from "./resources/coupons.ts";
import { createCustomer } from "./resources/customers.ts";
import { createInvoice } from "./resources/invoices.ts";
import { cancelIntent } from "./resources/payment_intents.ts";
import { attachMethod, createMethod, type MethodDetails } from "./resources/payment_methods.ts";
import { applyDiscount } from "./resources/session_create.ts";
import { succeededSetup } from "./resources/setup_intents.ts";
import type { Simulator } from "./simulator.ts";
import type { MethodType, PaymentIntent, PaymentMethod, Session } from "./types.ts";

/** What a person submits on the hosted page. */
export interface Submission {
  type: MethodType;
  /** A card number, an account number or an IBAN. */
  number: string;
  details: MethodDetails;
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
  const number = submission.type === "card" ? digitsOf(submission.number) : submission.number;
  const method = createMethod(sim, submission.type, number, submission.details);
  learnCustomerDetails(sim, session, submission);
  allowRedisplay(sim, session, method, submission.save ?? false);
  if (session.mode === "setup") return submitSetup(sim, session, method, false);
  if (submission.save) {
    const plan = sim.store.plans.need(session.id);
    plan.intent.setup_future_usage ??= "off_session";
    sim.store.plans.put(plan);
  }
  return pay(sim, session, method, false);
}

/** Who ticked "save" may be shown the method again; one kept for the merchant's use only may not. */
function allowRedisplay(sim: Simulator, session: Session, method: PaymentMethod, ticked: boolean): void {
  const kept = session.mode === "setup" ||
    sim.store.plans.need(session.id).intent.setup_future_usage !== null;
  method.allow_redisplay = ticked ? "always" : kept ? "limited" : "unspecified";
  sim.store.paymentMethods.put(method);
}

/** Nothing is due after a discount of 100 %: there is nothing to pay with. */
export function submitWithoutPayment(sim: Simulator, session: Session, details: MethodDetails): void {
  requireOpen(session);
  if (session.amount_total !== 0) {
    throw wrongState("This Checkout Session has an amount to pay.", "payment_required");
  }
  learnCustomerDetails(sim, session, { type: "card", number: "", details });
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
  const message =
    "We are unable to authenticate your payment method. Please choose a different payment method " +
    "and try again.";
  const code = "payment_intent_authentication_failure";
  if (session.payment_intent) {
    const intent = sim.store.paymentIntents.need(String(session.payment_intent));
    rejectIntent(sim, intent, method, { type: "invalid_request_error", code, message });
  }
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
  const totals = applyDiscount(sim, plan.line_items, plan.discount);
  session.discounts = [{ ...plan.discount }];
  session.amount_total = totals.total;
  session.total_details = { amount_discount: totals.discount, amount_shipping: 0, amount_tax: 0 };
  sim.store.plans.put(plan);
  sim.store.sessions.put(session);
  return null;
}

function learnCustomerDetails(sim: Simulator, session: Session, submission: Submission): void {
  const billing = submission.details.billing;
  const known = session.customer_details;
  session.customer_details = {
    address: {
      city: null,
      country: billing?.country ?? "US",
      line1: null,
      line2: null,
      postal_code: billing?.postal_code ?? null,
      state: null,
    },
    business_name: null,
    email: (session.customer ? known?.email : session.customer_email) ?? billing?.email ?? known?.email ??
      null,
    individual_name: null,
    name: billing?.name ?? known?.name ?? null,
    phone: billing?.phone ?? known?.phone ?? null,
    tax_exempt: "none",
    tax_ids: [],
  };
  if (session.automatic_tax.enabled) session.automatic_tax.status = "complete";
  sim.store.sessions.put(session);
}

/** Checkout makes a customer when it was told to, or when a payment method is to be kept for later. */
function ensureCustomer(sim: Simulator, session: Session): string {
  if (session.customer) return String(session.customer);
  const details = session.customer_details;
  const customer = createCustomer(sim, { email: details?.email ?? null, name: details?.name ?? null });
  session.customer = customer.id;
  sim.store.sessions.put(session);
  return customer.id;
}

/** The intent appears with the first attempt to pay, and every further attempt uses it. */
function intentOf(sim: Simulator, session: Session): PaymentIntent {
  if (session.payment_intent) return sim.store.paymentIntents.need(String(session.payment_intent));
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

function pay(sim: Simulator, session: Session, method: PaymentMethod, authenticated: boolean): Submitted {
  const intent = intentOf(sim, session);
  if (sim.store.plans.need(session.id).intent.setup_future_usage && !intent.customer) {
    intent.customer = ensureCustomer(sim, session);
    intent.setup_future_usage = sim.store.plans.need(session.id).intent.setup_future_usage;
  }
  const outcome = attemptPayment(sim, intent, { method, offSession: false, authenticated });
  return afterAttempt(sim, session, method, outcome);
}

function afterAttempt(sim: Simulator, session: Session, method: PaymentMethod, outcome: Outcome): Submitted {
  switch (outcome.kind) {
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
  const plan = sim.store.plans.need(session.id);
  if (!authenticated && method.type === "card" && needsAuthenticationToSave(sim, method)) {
    sim.store.plans.put({ ...plan, awaiting: { payment_method: method.id } });
    return { kind: "authenticate" };
  }
  const customer = ensureCustomer(sim, session);
  try {
    attachMethod(sim, method, customer);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 402) throw error;
    const { code = "", decline_code = "", message } = error.body;
    return { kind: "declined", code, declineCode: decline_code, message };
  }
  rememberAuthentication(sim, method, authenticated);
  session.setup_intent = succeededSetup(sim, {
    customer,
    description: plan.intent.description,
    metadata: plan.intent.metadata,
    method_types: plan.method_types,
    payment_method: method.id,
  }).id;
  complete(sim, session, "no_payment_required");
  return { kind: "complete" };
}

function complete(sim: Simulator, session: Session, payment_status: Session["payment_status"]): void {
  session.status = "complete";
  session.payment_status = payment_status;
  session.url = null;
  const plan = sim.store.plans.need(session.id);
  if (plan.discount) redeem(sim, plan.discount);
  if (session.invoice_creation?.enabled && payment_status !== "unpaid") {
    session.invoice = createInvoice(sim, session, plan.line_items).id;
  }
  sim.unschedule(session.id, "expire_session");
  sim.store.sessions.put(session);
  sim.events.emit("checkout.session.completed", session);
}

export function sessionOfIntent(sim: Simulator, intentId: string): Session | undefined {
  return sim.store.sessions.find((session) => session.payment_intent === intentId);
}

/** A delayed payment has ended: its session learns of it, days after it was completed. */
export function afterDelayedPayment(sim: Simulator, intent: PaymentIntent, paid: boolean): void {
  const session = sessionOfIntent(sim, intent.id);
  if (!session) return;
  if (paid) {
    session.payment_status = "paid";
    if (session.invoice_creation?.enabled) {
      session.invoice = createInvoice(sim, session, sim.store.plans.need(session.id).line_items).id;
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
  sim.unschedule(session.id, "expire_session");
  sim.store.sessions.put(session);
  sim.events.emit("checkout.session.expired", session);
  return session;
}
