import { ensureCustomer } from "./checkout_customer.ts";
import { attemptInvoice, countAttempt, settleInvoice } from "./collecting.ts";
import { ApiError } from "./errors.ts";
import { intentOfInvoice } from "./invoicing.ts";
import { needsAuthenticationToSave, type Outcome, rememberAuthentication } from "./payments.ts";
import { attachMethod } from "./resources/payment_methods.ts";
import type { Simulator } from "./simulator.ts";
import { createSubscription, expireIncomplete } from "./subscriptions.ts";
import type { Invoice, PaymentIntent, PaymentMethod, Session, Subscription } from "./types.ts";

/** The page in subscription mode: its first attempt makes the subscription, and the session learns of a success. */

/** How a first invoice ends on which nothing is due: the method is kept for those that follow. */
export type Kept =
  | { kind: "kept" }
  | { kind: "requires_action" }
  | { kind: "refused"; code: string; declineCode: string; message: string };

export function subscriptionOfSession(sim: Simulator, session: Session): Subscription | null {
  const id = sim.store.plans.get(session.id)?.subscription;
  return id ? sim.store.subscriptions.need(id) : null;
}

function invoiceOf(sim: Simulator, subscription: Subscription): Invoice {
  return sim.store.invoices.need(String(subscription.latest_invoice));
}

export function subscribe(
  sim: Simulator,
  session: Session,
  method: PaymentMethod,
  authenticated: boolean,
): Outcome | Kept {
  const subscription = pricedAsShown(sim, session);
  const invoice = invoiceOf(sim, subscription);
  if (invoice.amount_due === 0) return keep(sim, subscription, invoice, method, authenticated);
  countAttempt(invoice, false);
  return attemptInvoice(sim, invoice, { method, offSession: false, authenticated, automatic: false });
}

/** An open invoice cannot change: another address or a code between two attempts makes another subscription. */
function pricedAsShown(sim: Simulator, session: Session): Subscription {
  const present = subscriptionOfSession(sim, session);
  if (present && invoiceOf(sim, present).total === session.amount_total) return present;
  if (present) expireIncomplete(sim, present);
  const plan = sim.store.plans.need(session.id);
  const subscription = createSubscription(sim, session, plan, ensureCustomer(sim, session));
  sim.store.plans.put({ ...plan, subscription: subscription.id });
  return subscription;
}

function keep(
  sim: Simulator,
  subscription: Subscription,
  invoice: Invoice,
  method: PaymentMethod,
  authenticated: boolean,
): Kept {
  if (!authenticated && method.type === "card" && needsAuthenticationToSave(sim, method)) {
    return { kind: "requires_action" };
  }
  try {
    attachMethod(sim, method, String(subscription.customer));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 402) throw error;
    const { code = "", decline_code = code, message } = error.body;
    return { kind: "refused", code, declineCode: decline_code, message };
  }
  rememberAuthentication(sim, method, authenticated);
  sim.store.subscriptions.put(Object.assign(subscription, { default_payment_method: method.id }));
  settleInvoice(sim, invoice);
  return { kind: "kept" };
}

/** What a completed session says it has led to. */
export function nameSubscription(sim: Simulator, session: Session): void {
  const subscription = subscriptionOfSession(sim, session);
  if (!subscription) return;
  session.subscription = subscription.id;
  session.invoice = String(subscription.latest_invoice);
}

export function dropSubscription(sim: Simulator, session: Session): void {
  const subscription = subscriptionOfSession(sim, session);
  if (subscription) expireIncomplete(sim, subscription);
}

/** The intent behind a session: its own, or the one of its subscription's first invoice. */
export function intentOfSession(sim: Simulator, session: Session): PaymentIntent | null {
  if (session.payment_intent) return sim.store.paymentIntents.get(String(session.payment_intent)) ?? null;
  if (session.invoice) {
    const invoice = sim.store.invoices.get(String(session.invoice));
    return invoice ? intentOfInvoice(sim, invoice) : null;
  }
  const subscription = subscriptionOfSession(sim, session);
  return subscription && intentOfInvoice(sim, invoiceOf(sim, subscription));
}
