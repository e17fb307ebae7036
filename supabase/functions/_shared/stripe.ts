// The Stripe client as the functions use it.
import Stripe from "stripe";
import type { Env } from "./env.ts";
import { SESSION_EXPAND } from "./stripe_facts.ts";

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

/** The session as Stripe has it now, with all that is read off it. */
export function retrieveSession(stripe: Stripe, sessionId: string): Promise<Stripe.Checkout.Session> {
  return stripe.checkout.sessions.retrieve(sessionId, { expand: SESSION_EXPAND });
}
