import type { Books, BooksPeriod } from "./books.ts";
import type { DeclineName } from "./cards.ts";
import type { RenewalSettings } from "./collecting.ts";
import type { PayOptions, PortalOptions, PortalResult, RefundOptions } from "./control_routes.ts";
import type { EventSettings } from "./events.ts";
import type { FaultSpec, RateLimits } from "./faults.ts";
import type { LoggedRequest, RequestRates } from "./request_log.ts";
import type { ClosingStatus, DisputeOptions } from "./resources/disputes.ts";
import type { CardUpdate } from "./resources/payment_methods.ts";
import type { Dispute, Invoice, PaymentIntent, PaymentMethod, Refund, Session } from "./types.ts";

export type { BookedPayment, Books, BooksPeriod, BookTotals } from "./books.ts";
export type { DeclineName } from "./cards.ts";
export type { RenewalSettings } from "./collecting.ts";
export type { PayOptions, PortalOptions, PortalResult, RefundOptions } from "./control_routes.ts";
export type { EventSettings } from "./events.ts";
export type { FaultKind, FaultMatch, FaultSpec, RateLimits } from "./faults.ts";
export type { LoggedRequest, RequestRates } from "./request_log.ts";
export type { ClosingStatus, DisputeOptions } from "./resources/disputes.ts";
export type { CardUpdate } from "./resources/payment_methods.ts";

export type PayResult =
  | { kind: "complete"; session: Session }
  | { kind: "authenticate"; session: Session }
  | { kind: "declined"; code: string; declineCode: string; message: string; session: Session };

/** Drives the simulator from outside, over HTTP: what people, banks and networks do, and what breaks. */
export class StripeControl {
  readonly url: string;

  constructor(url: string) {
    this.url = url.replace(/\/$/, "");
  }

  /** Submits the hosted page. A decline is a result, not an error: the session stays open. */
  payCheckout(sessionId: string, options: PayOptions = {}): Promise<PayResult> {
    return this.#call("pay-checkout", { ...options, session: sessionId });
  }

  /** The bank pays a delayed payment (by intent, session, invoice or charge id), or a pending refund arrives. */
  settle(id: string): Promise<PaymentIntent | Refund> {
    return this.#call("settle", { id });
  }

  /** The bank refuses a delayed payment. */
  failPayment(id: string, code?: string): Promise<PaymentIntent> {
    return this.#call("fail-payment", { id, code });
  }

  expireSession(id: string): Promise<Session> {
    return this.#call("expire-session", { id });
  }

  /** Overwrites fields of a session, so that what it says no longer fits the purchase. */
  mutateSession(id: string, patch: Partial<Session>): Promise<Session> {
    return this.#call("mutate-session", { id, patch });
  }

  /** Overwrites fields of an invoice, as `mutateSession` does. */
  mutateInvoice(id: string, patch: Partial<Invoice>): Promise<Invoice> {
    return this.#call("mutate-invoice", { id, patch });
  }

  /** Takes a charge, or the payment intent, session or invoice it belongs to. */
  openDispute(chargeId: string, options: DisputeOptions = {}): Promise<Dispute> {
    return this.#call("open-dispute", { ...options, charge: chargeId });
  }

  /** To `under_review`, `appeal_under_review` and the like; an inquiry moved to `needs_response` becomes a dispute. */
  moveDispute(id: string, status: string): Promise<Dispute> {
    return this.#call("move-dispute", { id, status });
  }

  /** Also decides an appeal: closing again with the other result moves the money again. */
  closeDispute(id: string, status: ClosingStatus): Promise<Dispute> {
    return this.#call("close-dispute", { id, status });
  }

  /** As from the dashboard. Takes a charge, or the payment intent, session or invoice it belongs to. */
  refund(chargeId: string, options: RefundOptions = {}): Promise<Refund> {
    return this.#call("refund", { ...options, charge: chargeId });
  }

  failRefund(id: string, reason?: string): Promise<Refund> {
    return this.#call("fail-refund", { id, reason });
  }

  fault(spec: FaultSpec): Promise<void> {
    return this.#call("fault", { ...spec });
  }

  clearFaults(): Promise<void> {
    return this.#call("clear-faults");
  }

  /** Answers 429 beyond so many API requests a second, over all or of each operation; null lifts the limits. */
  rateLimit(limits: number | null | RateLimits): Promise<void> {
    return this.#call("rate-limit", typeof limits === "object" ? { ...limits } : { perSecond: limits });
  }

  /** How many API requests came in each second, and the most within any 1000 milliseconds. */
  rates(): Promise<RequestRates> {
    return this.#call("rates");
  }

  /** The bank declines a saved card from now on, by a decline code; null ends that. */
  declineFrom(paymentMethodId: string, code: DeclineName | null): Promise<PaymentMethod> {
    return this.#call("decline-from", { payment_method: paymentMethodId, code });
  }

  /** The network updates a card: a new date, or a new number, which starts clean. */
  updateCard(paymentMethodId: string, change: CardUpdate): Promise<PaymentMethod> {
    return this.#call("update-card", { ...change, payment_method: paymentMethodId });
  }

  /** Uses the portal as its customer; takes the session's id or its `url`. */
  portal(session: string, options: PortalOptions = {}): Promise<PortalResult> {
    return this.#call("portal", { ...options, session });
  }

  /** How renewals that fail are tried again, and what becomes of the subscription then; what is not given is as usual. */
  renewals(settings: Partial<RenewalSettings> = {}): Promise<RenewalSettings> {
    return this.#call("renewals", { ...settings });
  }

  /** Removes a session, intent, charge, refund, dispute, invoice or event without a trace. */
  forget(id: string): Promise<void> {
    return this.#call("forget", { id });
  }

  /** What Stripe says about all money, for a ledger to be compared with to the cent. */
  books(period: BooksPeriod = {}): Promise<Books> {
    return this.#call("books", { ...period });
  }

  /** For events from now on; without arguments they appear at once and in order again. */
  events(settings: Partial<EventSettings> = {}): Promise<void> {
    return this.#call("events", { ...settings });
  }

  /** Moves the simulator's time; what falls due on the way happens. */
  advanceClock(seconds: number): Promise<{ now: number }> {
    return this.#call("advance-clock", { seconds });
  }

  /** Unix seconds by the simulator's clock. */
  async now(): Promise<number> {
    return (await this.#call<{ now: number }>("now")).now;
  }

  reset(): Promise<void> {
    return this.#call("reset");
  }

  /** The API calls received, oldest first. */
  requests(): Promise<LoggedRequest[]> {
    return this.#call("requests");
  }

  clearRequests(): Promise<void> {
    return this.#call("clear-requests");
  }

  async #call<T>(action: string, body: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.url}/_control/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const result = await response.json();
    if (!response.ok) throw new Error(`Stripe simulator, ${action}: ${result.error.message}`);
    return result as T;
  }
}
