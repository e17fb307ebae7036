import { bankAccountsOf } from "./bank_accounts.ts";
import { books, type BooksPeriod } from "./books.ts";
import {
  afterDelayedPayment,
  expireSession,
  finishAuthentication,
  submit,
  type Submitted,
  submitWithoutPayment,
} from "./checkout.ts";
import { type RenewalSettings, setRenewals } from "./collecting.ts";
import type { Person } from "./checkout_customer.ts";
import { intentOfSession } from "./checkout_subscription.ts";
import type { Saved } from "./checkout_setup.ts";
import { ApiError, invalid, missing, wrongState } from "./errors.ts";
import type { EventSettings } from "./events.ts";
import type { FaultSpec, RateLimits } from "./faults.ts";
import { type Answer, type Incoming, json } from "./http.ts";
import { intentOfInvoice } from "./invoicing.ts";
import { declineFrom, failPayment, settlePayment } from "./payments.ts";
import { addCard, cardsOf, defaultCardOf, finishAdding, makeDefault, removeCard } from "./portal.ts";
import { getCharge } from "./resources/charges.ts";
import {
  closeDispute,
  type ClosingStatus,
  type DisputeOptions,
  getDispute,
  moveDispute,
  openDispute,
} from "./resources/disputes.ts";
import { getIntent } from "./resources/payment_intents.ts";
import { type CardUpdate, updateFromNetwork } from "./resources/payment_methods.ts";
import { enterPortal } from "./resources/portal.ts";
import { createRefund, failRefund, settleRefund } from "./resources/refunds.ts";
import { getSession } from "./resources/sessions.ts";
import type { Simulator } from "./simulator.ts";
import { runDueTasks } from "./tasks.ts";
import type { Invoice, MethodType, PaymentIntent, PaymentMethod, Refund, Session } from "./types.ts";

export interface PayOptions {
  /** Digits of a test card; 4242… unless given. */
  card?: string;
  method?: MethodType;
  /** An account number or IBAN, for a delayed method that should end by itself in a known way. */
  account?: string;
  /** One of the customer's cards that the page offers, instead of a number. */
  savedMethod?: string;
  /**
   * The address decides an automatic tax, for which it is San Francisco unless given. A `tax_id` and a
   * `business_name` are entered where the page collects them.
   */
  customerDetails?: Omit<Person, "phone">;
  save?: boolean;
  /** What the person does on the bank's page, if the card asks for one: confirm unless set to false. */
  authenticate?: boolean;
}

/** What a customer does in the portal, in this order. */
export interface PortalOptions {
  /** The digits of a card to add, which becomes the default. */
  addCard?: string;
  /** As in `PayOptions`. */
  authenticate?: boolean;
  makeDefault?: string;
  remove?: string;
}

export interface PortalResult {
  customer: string;
  default_payment_method: string | null;
  cards: PaymentMethod[];
  /** How adding a card ended; null when none was added. */
  added: Saved | null;
}

export interface RefundOptions {
  /** Cents; all that is left unless given. */
  amount?: number;
  reason?: "duplicate" | "fraudulent" | "requested_by_customer";
}

type Body = Record<string, unknown>;
type Action = (sim: Simulator, body: Body) => unknown;

/** Everything a test or a person at the controls can make happen. Bodies and answers are JSON. */
const ACTIONS: Record<string, Action> = {
  "pay-checkout": (sim, body) => payCheckout(sim, text(body, "session"), body as unknown as PayOptions),
  "settle": (sim, body) => settle(sim, text(body, "id")),
  "fail-payment": (sim, body) => fail(sim, text(body, "id"), body.code as string | undefined),
  "expire-session": (sim, body) => expireSession(sim, getSession(sim, text(body, "id"))),
  "mutate-session": (sim, body) => mutateSession(sim, text(body, "id"), body.patch as Partial<Session>),
  "mutate-invoice": (sim, body) => mutateInvoice(sim, text(body, "id"), body.patch as Partial<Invoice>),
  "open-dispute": (sim, body) =>
    openDispute(sim, chargeOf(sim, text(body, "charge")), body as unknown as DisputeOptions),
  "move-dispute": (sim, body) => moveDispute(sim, getDispute(sim, text(body, "id")), text(body, "status")),
  "close-dispute": (sim, body) =>
    closeDispute(sim, getDispute(sim, text(body, "id")), text(body, "status") as ClosingStatus),
  "fail-refund": (sim, body) => failRefund(sim, refundOf(sim, text(body, "id")), body.reason as undefined),
  "refund": (sim, body) => refundCharge(sim, text(body, "charge"), body as RefundOptions),
  "fault": (sim, body) => sim.faults.add(body as unknown as FaultSpec),
  "clear-faults": (sim) => sim.faults.clear(),
  "rate-limit": (sim, body) => sim.faults.limit(body as RateLimits),
  "decline-from": (sim, body) =>
    declineFrom(sim, methodOf(sim, text(body, "payment_method")), (body.code ?? null) as string | null),
  "update-card": (sim, body) =>
    updateFromNetwork(sim, methodOf(sim, text(body, "payment_method")), body as CardUpdate),
  "portal": (sim, body) => usePortal(sim, text(body, "session"), body as PortalOptions),
  "renewals": (sim, body) => setRenewals(sim, body as Partial<RenewalSettings>),
  "forget": (sim, body) => forget(sim, text(body, "id")),
  "books": (sim, body) => books(sim, body as BooksPeriod),
  "rates": (sim) => sim.log.rates(),
  "events": (sim, body) => sim.events.configure(body as Partial<EventSettings>),
  "advance-clock": (sim, body) => advance(sim, Number(body.seconds)),
  "now": (sim) => ({ now: sim.now() }),
  "requests": (sim) => sim.log.entries(),
  "clear-requests": (sim) => sim.log.clear(),
  "reset": (sim) => sim.reset(),
};

/** One act on the account, with what falls due before and after it. */
export async function act(sim: Simulator, name: string, body: Record<string, unknown>): Promise<unknown> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new TypeError(`There is no control "${name}".`);
  runDueTasks(sim);
  const result = await action(sim, body);
  runDueTasks(sim);
  await sim.store.commit();
  return result ?? null;
}

export async function handleControl(sim: Simulator, incoming: Incoming): Promise<Answer> {
  try {
    const body = incoming.body === "" ? {} : JSON.parse(incoming.body) as Body;
    return json(await act(sim, incoming.url.pathname.slice("/_control/".length), body));
  } catch (error) {
    if (error instanceof ApiError) return json({ error: error.body }, error.status);
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
      return json({ error: { message: error.message } }, 400);
    }
    throw error;
  }
}

function text(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "") throw new TypeError(`"${name}" is missing.`);
  return value;
}

const SAN_FRANCISCO = { country: "US", state: "CA", city: "San Francisco", postal_code: "94107" };

export function payCheckout(
  sim: Simulator,
  id: string,
  options: PayOptions,
): Submitted & { session: Session } {
  const session = getSession(sim, id);
  const { country, state, postal_code } = options.customerDetails ?? {};
  const elsewhere = country ?? state ?? postal_code;
  const somewhere = !session.automatic_tax.enabled ? {} : elsewhere ? { country: "US" } : SAN_FRANCISCO;
  const entered = {
    email: "customer@example.com",
    name: "Test Customer",
    ...somewhere,
    ...options.customerDetails,
  };
  const billing = options.savedMethod ? { ...options.customerDetails } : entered;
  if (session.mode === "payment" && session.amount_total === 0) {
    submitWithoutPayment(sim, session, { billing });
    return { kind: "complete", session };
  }
  const type = options.method ?? "card";
  const number = type === "card"
    ? options.card ?? "4242424242424242"
    : options.account ?? bankAccountsOf(type)[0]!.number;
  const { savedMethod: saved, save } = options;
  let outcome = submit(sim, session, { type, number, details: { billing }, saved, save });
  if (outcome.kind === "authenticate") {
    outcome = finishAuthentication(sim, session, options.authenticate ?? true);
  }
  return { ...outcome, session };
}

/** Takes an intent, a session, a charge or a refund that is pending. */
function settle(sim: Simulator, id: string): PaymentIntent | Refund {
  if (isRefund(id)) return settleRefund(sim, refundOf(sim, id));
  const intent = processingIntent(sim, id);
  settlePayment(sim, intent);
  afterDelayedPayment(sim, intent, true);
  return intent;
}

function fail(sim: Simulator, id: string, code: string | undefined): PaymentIntent {
  const intent = processingIntent(sim, id);
  failPayment(sim, intent, code);
  afterDelayedPayment(sim, intent, false);
  return intent;
}

function processingIntent(sim: Simulator, id: string): PaymentIntent {
  const intent = intentOf(sim, id);
  if (intent.status === "processing") return intent;
  throw wrongState(`${intent.id} is ${intent.status}, not processing.`, "payment_intent_unexpected_state");
}

function intentOf(sim: Simulator, id: string): PaymentIntent {
  if (id.startsWith("cs_")) {
    const intent = intentOfSession(sim, getSession(sim, id));
    if (!intent) throw invalid(`${id} has no payment yet.`, "id");
    return intent;
  }
  if (id.startsWith("in_")) {
    const invoice = sim.store.invoices.get(id);
    const intent = invoice && intentOfInvoice(sim, invoice);
    if (!intent) throw missing("payment of an invoice", id, "id");
    return intent;
  }
  if (id.startsWith("pi_")) return getIntent(sim, id);
  return getIntent(sim, String(getCharge(sim, id).payment_intent));
}

/** A charge, or the charge behind an intent, a session or an invoice. */
function chargeOf(sim: Simulator, id: string) {
  if (!/^(pi|cs|in)_/.test(id)) return getCharge(sim, id);
  return getCharge(sim, String(intentOf(sim, id).latest_charge));
}

const isRefund = (id: string) => id.startsWith("re_") || id.startsWith("pyr_");

/** A refund from the merchant's dashboard, which the program learns of only by looking. */
function refundCharge(sim: Simulator, id: string, { amount, reason }: RefundOptions): Refund {
  return createRefund(sim, { charge: chargeOf(sim, id).id, amount, reason });
}

function refundOf(sim: Simulator, id: string): Refund {
  const refund = sim.store.refunds.get(id);
  if (!refund) throw missing("refund", id, "id");
  return refund;
}

function methodOf(sim: Simulator, id: string): PaymentMethod {
  const method = sim.store.paymentMethods.get(id);
  if (!method) throw missing("PaymentMethod", id, "payment_method");
  return method;
}

/** Takes the session's id, or the address of its page. */
function usePortal(sim: Simulator, given: string, options: PortalOptions): PortalResult {
  const secret = given.startsWith("bps_")
    ? sim.store.portalSessions.get(given)?.secret ?? ""
    : new URL(given).pathname.split("/")[3] ?? "";
  const session = enterPortal(sim, secret);
  if (!session) throw wrongState("This portal session has expired, or never was.", "portal_session_expired");
  let added: Saved | null = null;
  if (options.addCard) {
    added = addCard(sim, session, options.addCard, { billing: { name: "Test Customer", country: "US" } });
    if (added.kind === "authenticate") added = finishAdding(sim, session, options.authenticate ?? true);
  }
  if (options.makeDefault) makeDefault(sim, session, options.makeDefault);
  if (options.remove) removeCard(sim, session, options.remove);
  return {
    customer: session.customer,
    default_payment_method: defaultCardOf(sim, session),
    cards: cardsOf(sim, session),
    added,
  };
}

/** As if the test data had been deleted: the object is gone, and a cursor that names it leads nowhere. */
function forget(sim: Simulator, id: string): void {
  const tables = ["sessions", "paymentIntents", "charges", "refunds", "disputes", "invoices"] as const;
  for (const table of tables) sim.store[table].remove(id);
  if (sim.store.events.get(id)) sim.events.drop(id);
}

/** Makes a session say something it should not: the caller's checks are what is under test. */
function mutateSession(sim: Simulator, id: string, patch: Partial<Session>): Session {
  const session = getSession(sim, id);
  return sim.store.sessions.put(Object.assign(session, patch, { id: session.id }));
}

function mutateInvoice(sim: Simulator, id: string, patch: Partial<Invoice>): Invoice {
  const invoice = sim.store.invoices.get(id);
  if (!invoice) throw missing("invoice", id, "id");
  return sim.store.invoices.put(Object.assign(invoice, patch, { id }));
}

function advance(sim: Simulator, seconds: number): { now: number } {
  sim.advanceClock(seconds);
  return { now: sim.now() };
}
