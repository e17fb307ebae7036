import { bankAccountByNumber } from "./bank_accounts.ts";
import { cardByNumber, type Decline, type DeclineName, DECLINES } from "./cards.ts";
import { DAY } from "./clock.ts";
import { copy } from "./copy.ts";
import type { ErrorBody } from "./errors.ts";
import { ApiError } from "./errors.ts";
import { newId, randomText } from "./ids.ts";
import { createCharge, failCharge, settleCharge } from "./resources/charges.ts";
import { attachMethod } from "./resources/payment_methods.ts";
import type { Simulator } from "./simulator.ts";
import type { Charge, Instrument, MethodType, PaymentIntent, PaymentMethod } from "./types.ts";

/** The course of a payment, the same whether a person pays on the page or a server off session. */

export interface IntentFields {
  amount: number;
  currency: string;
  customer: string | null;
  description?: string | null;
  metadata?: Record<string, string>;
  method_types: MethodType[];
  allowed_payment_method_types?: string[] | null;
  excluded_payment_method_types?: string[] | null;
  receipt_email?: string | null;
  setup_future_usage?: "off_session" | "on_session" | null;
  statement_descriptor_suffix?: string | null;
}

export function createIntent(sim: Simulator, fields: IntentFields): PaymentIntent {
  const id = newId("pi");
  const intent = sim.store.paymentIntents.put({
    id,
    object: "payment_intent",
    allowed_payment_method_types: fields.allowed_payment_method_types ?? null,
    amount: fields.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: "automatic",
    created: sim.now(),
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    description: fields.description ?? null,
    excluded_payment_method_types: fields.excluded_payment_method_types ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: { ...fields.metadata },
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: fields.method_types,
    payment_record: null,
    processing: null,
    receipt_email: fields.receipt_email ?? null,
    review: null,
    setup_future_usage: fields.setup_future_usage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: fields.statement_descriptor_suffix ?? null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
  });
  sim.events.emit("payment_intent.created", intent);
  return intent;
}

export interface Attempt {
  method: PaymentMethod;
  /** The person is not there, so nobody can confirm the payment with the bank. */
  offSession: boolean;
  /** The person has just confirmed it. */
  authenticated: boolean;
}

export type Outcome =
  | { kind: "succeeded" | "processing"; charge: Charge }
  | { kind: "requires_action" }
  | { kind: "declined"; decline: Decline; charge: Charge };

export function attemptPayment(sim: Simulator, intent: PaymentIntent, attempt: Attempt): Outcome {
  intent.payment_method = attempt.method.id;
  intent.last_payment_error = null;
  intent.next_action = null;
  return attempt.method.type === "card"
    ? attemptCard(sim, intent, attempt)
    : attemptDebit(sim, intent, attempt);
}

function attemptCard(sim: Simulator, intent: PaymentIntent, attempt: Attempt): Outcome {
  const { method, offSession, authenticated } = attempt;
  const instrument = sim.store.instruments.need(method.id);
  const card = cardByNumber(instrument.number);
  if (!authenticated && asksForAuthentication(sim, method, offSession)) {
    if (offSession) return decline(sim, intent, attempt, DECLINES.authentication_required);
    intent.status = "requires_action";
    sim.store.paymentIntents.put(intent);
    sim.events.emit("payment_intent.requires_action", intent);
    return { kind: "requires_action" };
  }
  const reason = declineOf(instrument);
  if (reason) return decline(sim, intent, attempt, DECLINES[reason]);
  const charge = createCharge(sim, intent, method, authenticated);
  intent.latest_charge = charge.id;
  saveMethod(sim, intent, attempt);
  settleCharge(sim, charge);
  succeed(sim, intent);
  if (card?.dispute) {
    sim.schedule("open_dispute", charge.id, sim.now(), JSON.stringify(card.dispute));
  }
  return { kind: "succeeded", charge };
}

/** What the bank refuses with: what it was told to, or what the test card's number stands for. */
function declineOf({ number, declines }: Instrument): DeclineName | undefined {
  if (declines && declines !== "authentication_required") return declines as DeclineName;
  const card = cardByNumber(number);
  return card ? card.decline : "test_mode_live_card";
}

function asksForAuthentication(sim: Simulator, method: PaymentMethod, offSession: boolean): boolean {
  const instrument = sim.store.instruments.need(method.id);
  if (instrument.declines === "authentication_required") return true;
  switch (cardByNumber(instrument.number)?.authentication ?? "never") {
    case "always":
      return true;
    case "unless_saved_with_authentication":
      return !instrument.authenticated;
    case "already_saved":
      return !offSession;
    default:
      return false;
  }
}

export function needsAuthenticationToSave(sim: Simulator, method: PaymentMethod): boolean {
  return asksForAuthentication(sim, method, false);
}

function attemptDebit(sim: Simulator, intent: PaymentIntent, attempt: Attempt): Outcome {
  const { method } = attempt;
  const account = bankAccountByNumber(sim.store.instruments.need(method.id).number);
  const charge = createCharge(sim, intent, method, false);
  intent.latest_charge = charge.id;
  intent.status = "processing";
  saveMethod(sim, intent, attempt);
  sim.store.paymentIntents.put(intent);
  sim.events.emit("charge.pending", charge);
  sim.events.emit("payment_intent.processing", intent);
  const days = method.type === "us_bank_account" ? 4 : 5;
  const failure = account?.failure ?? null;
  sim.schedule(failure ? "fail_payment" : "settle_payment", intent.id, sim.now() + days * DAY, failure);
  return { kind: "processing", charge };
}

function succeed(sim: Simulator, intent: PaymentIntent): void {
  intent.status = "succeeded";
  intent.amount_received = intent.amount;
  intent.next_action = null;
  intent.last_payment_error = null;
  sim.store.paymentIntents.put(intent);
  sim.events.emit("payment_intent.succeeded", intent);
}

function decline(sim: Simulator, intent: PaymentIntent, attempt: Attempt, reason: Decline): Outcome {
  const charge = createCharge(sim, intent, attempt.method, attempt.authenticated);
  failCharge(sim, charge, reason);
  intent.latest_charge = charge.id;
  rejectIntent(sim, intent, attempt.method, {
    type: "card_error",
    charge: charge.id,
    code: reason.code,
    decline_code: reason.decline_code,
    message: reason.message,
    ...(reason.advice_code ? { advice_code: reason.advice_code } : {}),
    ...(reason.network_decline_code ? { network_decline_code: reason.network_decline_code } : {}),
  });
  return { kind: "declined", decline: reason, charge };
}

/** Back to the start: the intent waits for another payment method. */
export function rejectIntent(
  sim: Simulator,
  intent: PaymentIntent,
  method: PaymentMethod,
  error: ErrorBody,
): void {
  intent.status = "requires_payment_method";
  intent.payment_method = null;
  intent.next_action = null;
  intent.last_payment_error = {
    ...new ApiError(402, error).body,
    payment_method: copy(method),
    payment_method_type: method.type,
  } as PaymentIntent["last_payment_error"];
  sim.store.paymentIntents.put(intent);
  sim.events.emit("payment_intent.payment_failed", intent);
}

/** The error a declined confirmation answers with: the intent and the method are inside. */
export function cardError(intent: PaymentIntent): ApiError {
  const { payment_method_type: _, ...error } = intent.last_payment_error!;
  return new ApiError(402, { ...error, payment_intent: structuredClone(intent) } as ErrorBody);
}

/** The bank changes its mind about a card: from now on it answers so, or with null as its number does. */
export function declineFrom(sim: Simulator, method: PaymentMethod, name: string | null): PaymentMethod {
  if (method.type !== "card") throw new TypeError("Only a card can start to be declined.");
  if (name !== null && !Object.hasOwn(DECLINES, name)) {
    throw new TypeError(`There is no decline "${name}"; there are ${Object.keys(DECLINES).join(", ")}.`);
  }
  sim.store.instruments.put({ ...sim.store.instruments.need(method.id), declines: name });
  return method;
}

/** `setup_future_usage` attaches the method, and remembers whether its owner was there to confirm. */
function saveMethod(sim: Simulator, intent: PaymentIntent, attempt: Attempt): void {
  if (!intent.setup_future_usage || !intent.customer) return;
  rememberAuthentication(sim, attempt.method, attempt.authenticated);
  if (!attempt.method.customer) attachMethod(sim, attempt.method, String(intent.customer));
}

export function rememberAuthentication(sim: Simulator, method: PaymentMethod, authenticated: boolean): void {
  const instrument = sim.store.instruments.need(method.id);
  sim.store.instruments.put({ ...instrument, authenticated: instrument.authenticated || authenticated });
}

/** The bank has paid a delayed payment. */
export function settlePayment(sim: Simulator, intent: PaymentIntent): void {
  sim.unschedule(intent.id, "settle_payment", "fail_payment");
  settleCharge(sim, sim.store.charges.need(String(intent.latest_charge)));
  succeed(sim, intent);
}

const DEBIT_FAILURES: Record<string, string> = {
  insufficient_funds: "The customer's account has insufficient funds to cover this payment.",
  account_closed: "The customer's bank account has been closed.",
  debit_not_authorized: "The customer has notified their bank that this payment was unauthorized.",
  no_account: "The customer's bank account could not be located.",
  generic_decline: "The payment was refused by the bank.",
};

/** The bank has refused a delayed payment. */
export function failPayment(sim: Simulator, intent: PaymentIntent, code = "insufficient_funds"): void {
  sim.unschedule(intent.id, "settle_payment", "fail_payment");
  const message = DEBIT_FAILURES[code] ?? "The payment failed.";
  const charge = sim.store.charges.need(String(intent.latest_charge));
  failCharge(sim, charge, { code, message });
  const method = sim.store.paymentMethods.need(String(intent.payment_method));
  rejectIntent(sim, intent, method, {
    type: "invalid_request_error",
    charge: charge.id,
    code: "payment_intent_payment_attempt_failed",
    decline_code: code,
    message,
  });
}
