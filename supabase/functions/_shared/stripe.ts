// The Stripe client as the functions use it, and what they read off a Checkout Session.
import Stripe from "stripe";
import type { Env } from "./env.ts";

export interface StripeOptions {
  /** Retries keep their idempotency key, so they never do a thing twice. */
  maxNetworkRetries?: number;
  timeoutMilliseconds?: number;
}

export function createStripe(
  env: Pick<Env, "stripeSecretKey" | "stripeApiUrl">,
  options: StripeOptions = {},
): Stripe {
  return new Stripe(env.stripeSecretKey, {
    ...simulatorAddress(env.stripeApiUrl),
    telemetry: false,
    maxNetworkRetries: options.maxNetworkRetries ?? 1,
    timeout: options.timeoutMilliseconds ?? 8_000,
    httpClient: Stripe.createFetchHttpClient(),
    appInfo: { name: "Talktime" },
  });
}

function simulatorAddress(url: URL | null): Pick<Stripe.StripeConfig, "host" | "port" | "protocol"> {
  if (url === null) return {};
  const protocol = url.protocol === "http:" ? "http" : "https";
  return { host: url.hostname, port: url.port || (protocol === "http" ? 80 : 443), protocol };
}

/** The session as Stripe has it now, with the charge it was paid by (for the receipt's address). */
export function retrieveSession(stripe: Stripe, sessionId: string): Promise<Stripe.Checkout.Session> {
  return stripe.checkout.sessions.retrieve(sessionId, { expand: ["payment_intent.latest_charge"] });
}

/** What `apply_checkout_session` judges: Stripe's own words, flattened, nothing interpreted. */
export interface SessionFacts {
  id: string;
  status: string | null;
  payment_status: string;
  mode: string;
  livemode: boolean;
  currency: string | null;
  amount_subtotal: number | null;
  amount_total: number | null;
  amount_discount: number;
  amount_tax: number;
  client_reference_id: string | null;
  metadata: Record<string, string>;
  payment_intent: string | null;
  payment_intent_status: string | null;
  customer: string | null;
  receipt_url: string | null;
}

export function sessionFacts(session: Stripe.Checkout.Session): SessionFacts {
  const intent = expanded(session.payment_intent);
  const charge = expanded(intent?.latest_charge);
  return {
    id: session.id,
    status: session.status,
    payment_status: session.payment_status,
    mode: session.mode,
    livemode: session.livemode,
    currency: session.currency,
    amount_subtotal: session.amount_subtotal,
    amount_total: session.amount_total,
    amount_discount: session.total_details?.amount_discount ?? 0,
    amount_tax: session.total_details?.amount_tax ?? 0,
    client_reference_id: session.client_reference_id,
    metadata: session.metadata ?? {},
    payment_intent: idOf(session.payment_intent),
    payment_intent_status: intent?.status ?? null,
    customer: idOf(session.customer),
    receipt_url: charge?.receipt_url ?? null,
  };
}

type Expandable<T> = string | T | null | undefined;

function expanded<T extends { id: string }>(reference: Expandable<T>): T | null {
  return typeof reference === "object" ? reference ?? null : null;
}

function idOf(reference: Expandable<{ id: string }>): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}
