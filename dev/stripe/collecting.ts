import { DECLINES } from "./cards.ts";
import { DAY, HOUR } from "./clock.ts";
import { finalizeInvoice, intentOfInvoice, invoiceOfIntent, markPaid, subscriptionOf } from "./invoicing.ts";
import { attemptPayment, type Outcome } from "./payments.ts";
import type { Simulator } from "./simulator.ts";
import { changeSubscription, endSubscription } from "./subscriptions.ts";
import type { Invoice, PaymentIntent, PaymentMethod, Subscription } from "./types.ts";

/** How a subscription's invoice is collected: the first try, the tries after a decline, and what comes of them. */

export interface RenewalSettings {
  /** Days from each failed attempt to the next. */
  retryDays: number[];
  /** What becomes of the subscription when the last attempt has failed. */
  afterRetries: "cancel" | "unpaid";
  /** How long the invoice of a renewal is a draft; an hour, as at Stripe, unless set. */
  draftSeconds: number;
}

const AS_USUAL: RenewalSettings = { retryDays: [3, 5, 7], afterRetries: "cancel", draftSeconds: HOUR };

export function renewalSettings(sim: Simulator): RenewalSettings {
  return {
    ...AS_USUAL,
    ...sim.store.settings.get("renewals")?.value as Partial<RenewalSettings> | undefined,
  };
}

export function setRenewals(sim: Simulator, change: Partial<RenewalSettings>): RenewalSettings {
  const value = { ...AS_USUAL, ...change };
  if (!Array.isArray(value.retryDays) || !value.retryDays.every((days) => days > 0)) {
    throw new TypeError('"retryDays" is a list of numbers of days.');
  }
  if (!["cancel", "unpaid"].includes(value.afterRetries)) {
    throw new TypeError('"afterRetries" is "cancel" or "unpaid".');
  }
  if (!(value.draftSeconds >= 0)) throw new TypeError('"draftSeconds" is a number of seconds.');
  sim.store.settings.put({ id: "renewals", value });
  return value;
}

/** Its time has come: a draft becomes final, and the method that the subscription pays with is charged. */
export function collect(sim: Simulator, invoice: Invoice): void {
  if (invoice.status === "draft") finalizeInvoice(sim, invoice);
  if (invoice.status !== "open") return;
  countAttempt(invoice, true);
  if (invoice.amount_due === 0) return settleInvoice(sim, invoice);
  const method = methodFor(sim, invoice);
  const intent = intentOfInvoice(sim, invoice);
  if (!method || !intent || refusedForGood(intent, method)) return failInvoice(sim, invoice, true);
  attemptInvoice(sim, invoice, { method, offSession: true, authenticated: false, automatic: true });
}

/** The subscription's own method, and the customer's default where it has none. */
export function methodFor(sim: Simulator, invoice: Invoice): PaymentMethod | null {
  const customer = sim.store.customers.get(String(invoice.customer));
  const own = subscriptionOf(sim, invoice)?.default_payment_method;
  const id = own ?? customer?.invoice_settings?.default_payment_method;
  const method = id ? sim.store.paymentMethods.get(String(id)) : undefined;
  return method?.customer === invoice.customer ? method ?? null : null;
}

/** The networks forbid to try a card again that is lost or closed: the attempt counts, but nothing is charged. */
function refusedForGood(intent: PaymentIntent, method: PaymentMethod): boolean {
  const error = intent.last_payment_error;
  const decline = Object.values(DECLINES).find((each) => each.decline_code === error?.decline_code);
  if (!decline || !("advice_code" in decline) || decline.advice_code !== "do_not_try_again") return false;
  return error?.payment_method?.card?.fingerprint === method.card?.fingerprint;
}

export interface InvoiceAttempt {
  method: PaymentMethod;
  offSession: boolean;
  authenticated: boolean;
  automatic: boolean;
}

/** Only the first attempt and Stripe's own count; the retries go by that number. */
export function countAttempt(invoice: Invoice, automatic: boolean): void {
  if (automatic || invoice.attempt_count === 0) invoice.attempt_count += 1;
  invoice.attempted = true;
}

export function attemptInvoice(sim: Simulator, invoice: Invoice, attempt: InvoiceAttempt): Outcome {
  const intent = intentOfInvoice(sim, invoice)!;
  const outcome = attemptPayment(sim, intent, attempt);
  switch (outcome.kind) {
    case "succeeded":
      keepMethod(sim, invoice, attempt.method);
      settleInvoice(sim, invoice);
      break;
    case "processing":
      keepMethod(sim, invoice, attempt.method);
      waitForBank(sim, invoice);
      break;
    case "declined":
      failInvoice(sim, invoice, attempt.automatic);
      break;
    case "requires_action":
      sim.store.invoices.put(invoice);
  }
  return outcome;
}

/** Checkout keeps the method of the first payment for those that follow. */
function keepMethod(sim: Simulator, invoice: Invoice, method: PaymentMethod): void {
  const subscription = subscriptionOf(sim, invoice);
  if (!subscription || invoice.billing_reason !== "subscription_create") return;
  if (subscription.default_payment_method) return;
  subscription.default_payment_method = method.id;
  sim.store.subscriptions.put(subscription);
}

/** Paid: the subscription runs on if this is its latest invoice. */
export function settleInvoice(sim: Simulator, invoice: Invoice): void {
  markPaid(sim, invoice);
  const subscription = subscriptionOf(sim, invoice);
  if (subscription) activate(sim, subscription, invoice);
}

/** A bank debit takes days; the subscription is trusted meanwhile. */
function waitForBank(sim: Simulator, invoice: Invoice): void {
  sim.unschedule(invoice.id, "collect_invoice");
  sim.store.invoices.put(Object.assign(invoice, { next_payment_attempt: null }));
  const subscription = subscriptionOf(sim, invoice);
  if (subscription?.status === "incomplete") activate(sim, subscription, invoice);
}

function activate(sim: Simulator, subscription: Subscription, invoice: Invoice): void {
  if (subscription.latest_invoice !== invoice.id) return;
  if (["incomplete", "past_due", "unpaid"].includes(subscription.status)) {
    changeSubscription(sim, subscription, { status: "active" });
  }
}

/** Declined, or nothing to charge. A first invoice that was never paid leaves its subscription incomplete. */
export function failInvoice(sim: Simulator, invoice: Invoice, automatic: boolean): void {
  const subscription = subscriptionOf(sim, invoice);
  const running = subscription && ["active", "past_due"].includes(subscription.status);
  const { retryDays, afterRetries } = renewalSettings(sim);
  const scheduled = automatic || invoice.next_payment_attempt === null;
  const days = running && invoice.auto_advance ? retryDays[invoice.attempt_count - 1] : undefined;
  if (scheduled) planRetry(sim, invoice, days);
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.payment_failed", invoice);
  const code = intentOfInvoice(sim, invoice)?.last_payment_error?.code;
  if (code === "authentication_required") sim.events.emit("invoice.payment_action_required", invoice);
  sim.events.emit("invoice.updated", invoice, {});
  if (!running) return;
  if (days !== undefined || !scheduled) return fallBehind(sim, subscription, invoice);
  if (afterRetries === "cancel") return endSubscription(sim, subscription, "payment_failed");
  changeSubscription(sim, subscription, { status: "unpaid" });
}

function planRetry(sim: Simulator, invoice: Invoice, days: number | undefined): void {
  const at = days === undefined ? null : sim.now() + Math.round(days * DAY);
  invoice.next_payment_attempt = at;
  if (at === null) sim.unschedule(invoice.id, "collect_invoice");
  else sim.schedule("collect_invoice", invoice.id, at);
}

function fallBehind(sim: Simulator, subscription: Subscription, invoice: Invoice): void {
  if (subscription.status !== "active" || subscription.latest_invoice !== invoice.id) return;
  changeSubscription(sim, subscription, { status: "past_due" });
}

/** A bank debit has ended, days after the attempt. */
export function afterDelayedInvoice(sim: Simulator, intent: PaymentIntent, paid: boolean): void {
  const invoice = invoiceOfIntent(sim, intent.id);
  if (invoice?.status !== "open") return;
  if (paid) settleInvoice(sim, invoice);
  else failInvoice(sim, invoice, true);
}
