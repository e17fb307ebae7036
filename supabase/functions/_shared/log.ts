// One JSON line a failure, for the operator. No request body, token or key is ever in it.
import Stripe from "stripe";
import type { ApiError } from "./errors.ts";

export function logFailure(name: string, error: ApiError): void {
  const { code, status, details } = error;
  console.error(
    JSON.stringify({
      level: "error",
      function: name,
      code,
      status,
      details,
      cause: describe(error.cause ?? error),
    }),
  );
}

/** A short text for a log line or a database column. */
export function describe(error: unknown): string {
  // Stripe's text for a refused key quotes part of the key.
  if (error instanceof Stripe.errors.StripeAuthenticationError) return "Stripe refused the secret key";
  const { type, name, code, message, cause } = (error ?? {}) as Record<string, unknown>;
  if (code === "internal_error" && cause !== undefined) return describe(cause);
  const text = [type ?? name, code, message].filter((part) => typeof part === "string" && part !== "").join(
    ": ",
  );
  return (text || String(error)).slice(0, 500);
}
