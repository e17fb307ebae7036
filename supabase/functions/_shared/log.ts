// JSON lines for the operator, one for each request. No body, token, key or address is ever in them.
import Stripe from "stripe";
import type { ApiError } from "./errors.ts";
import { currentRequestId } from "./request_id.ts";

export type Level = "info" | "warn" | "error";

/** Writes a line that names the function and the request it belongs to. */
export function log(level: Level, name: string, fields: Record<string, unknown>): void {
  const line = withoutSecrets(
    JSON.stringify({ level, function: name, request_id: currentRequestId(), ...fields }),
  );
  if (level === "info") console.log(line);
  else console.error(line);
}

export interface Answered {
  method: string;
  status: number;
  durationMs: number;
  /** What the answer was not, when it was a failure. */
  error?: ApiError;
}

/** The line of a request: why it failed only where the fault is on our side. */
export function logAnswer(name: string, { method, status, durationMs, error }: Answered): void {
  const broken = error !== undefined && status >= 500;
  log(broken ? "error" : "info", name, {
    method,
    status,
    code: error?.code ?? "ok",
    duration_ms: Math.round(durationMs),
    ...(broken ? { details: error.details, cause: describe(error.cause ?? error) } : {}),
  });
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
  return withoutSecrets(text || String(error)).slice(0, 500);
}

const SECRETS = [
  /\b(?:[sr]k_(?:test|live)|sb_secret|whsec)_[A-Za-z0-9_*-]+/g,
  /\beyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*/g,
  /[^\s"'<>@:,;()]+@[^\s"'<>@:,;()]+\.[A-Za-z]{2,}/g,
];

/** What others say, Stripe, Postgres or a mail server, may quote what should not be kept. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((left, pattern) => left.replace(pattern, "[removed]"), text);
}
