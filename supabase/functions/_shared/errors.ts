// One envelope for every failure: { code, message, details?, hint? }. The code is what programs branch on and the
// same word the database raises; the message is a plain sentence for a person.
import Stripe from "stripe";

const CATALOG = {
  not_authenticated: [401, "You are not signed in, or your session has expired."],
  forbidden: [403, "You may not do this."],
  user_not_found: [404, "There is no wallet for this user."],
  wallet_suspended: [403, "This wallet is suspended."],
  wallet_closed: [403, "This wallet is closed."],
  invalid_request: [400, "The request is not valid."],
  idempotency_conflict: [409, "This idempotency key was already used with a different request."],
  package_not_found: [404, "This credit package is not for sale."],
  purchase_not_found: [404, "There is no such purchase."],
  promo_code_not_valid: [404, "This promotion code cannot be used here."],
  plan_not_found: [404, "This plan is not for sale."],
  subscription_not_found: [404, "There is no such subscription."],
  subscription_exists: [409, "There is already a subscription."],
  subscription_not_changeable: [409, "This subscription is over or has not begun."],
  payment_method_not_found: [404, "There is no such saved card."],
  redirect_not_allowed: [400, "This return address is not on the list of allowed addresses."],
  session_mismatch: [409, "This checkout session does not belong to this purchase."],
  purchase_not_refundable: [409, "This purchase cannot be refunded."],
  refund_exceeds_payment: [409, "This is more than what is left to refund."],
  rate_limited: [429, "Too many requests in a short time."],
  too_many_failed_payments: [429, "Too many payments have failed. Try again later."],
  method_not_allowed: [405, "This address only answers POST."],
  payment_provider_unavailable: [503, "The payment provider is not answering right now."],
  payment_provider_error: [502, "The payment provider refused the request."],
  internal_error: [500, "Something went wrong on our side. It has been logged."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

/** Codes a function itself can answer. The database may add more; they pass through unchanged. */
export type ErrorCode = keyof typeof CATALOG;

export interface ErrorOptions {
  status?: number;
  details?: Record<string, unknown>;
  hint?: string;
  retryAfterSeconds?: number;
  cause?: unknown;
}

export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly details: Record<string, unknown> | undefined;
  readonly hint: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(readonly code: string, options: ErrorOptions = {}) {
    const entry: readonly [number, string] | undefined = CATALOG[code as ErrorCode];
    super(entry?.[1] ?? `The request was refused: ${code.replaceAll("_", " ")}.`, { cause: options.cause });
    this.status = options.status ?? entry?.[0] ?? 500;
    this.details = options.details;
    this.hint = options.hint;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  toResponse(): Response {
    const headers = new Headers();
    if (this.retryAfterSeconds !== undefined) headers.set("Retry-After", String(this.retryAfterSeconds));
    if (this.status === 405) headers.set("Allow", "POST, OPTIONS");
    const { code, message, details, hint } = this;
    return Response.json({ code, message, details, hint }, { status: this.status, headers });
  }
}

/** Anything thrown, as an error of the envelope. What is not known is `internal_error` and says nothing more. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Stripe.errors.StripeError) return fromStripe(error);
  return new ApiError("internal_error", { cause: error, hint: "Repeat the same request in a moment." });
}

/** What supabase-js hands back when a database function refuses or cannot be reached. */
export interface DatabaseFailure {
  code: string;
  message: string;
  details?: string | null;
  hint?: string | null;
}

/** SQL raises `PTnnn`: nnn is the HTTP status, the message is the stable code, the details are facts in JSON. */
export function fromDatabase(failure: DatabaseFailure): ApiError {
  const status = /^PT([45]\d\d)$/.exec(failure.code)?.[1];
  if (status === undefined || !/^[a-z][a-z_]*$/.test(failure.message)) return toApiError(failure);
  const details = parseFacts(failure.details);
  const retryAfter = details?.retry_after_seconds;
  return new ApiError(failure.message, {
    status: Number(status),
    details,
    hint: failure.hint || undefined,
    retryAfterSeconds: typeof retryAfter === "number" ? Math.ceil(retryAfter) : undefined,
  });
}

function parseFacts(text: string | null | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined;
  try {
    const facts: unknown = JSON.parse(text);
    return typeof facts === "object" && facts !== null ? facts as Record<string, unknown> : { facts };
  } catch {
    return { facts: text };
  }
}

const TRY_AGAIN = "Repeat the same request in a moment: nothing is charged twice and no payment is lost.";
const START_OVER =
  "Start again with a new idempotency key: the provider will not carry out this one any more.";

/** Stripe's own message can quote a key or an account, so only its machine-readable parts leave the function. */
function fromStripe(error: Stripe.errors.StripeError): ApiError {
  const details = {
    provider: "stripe",
    type: error.rawType,
    code: error.code,
    param: error.param,
    request_id: error.requestId,
  };
  if (!isTransient(error)) {
    const hint = error instanceof Stripe.errors.StripeIdempotencyError ? START_OVER : undefined;
    return new ApiError("payment_provider_error", { details, hint, cause: error });
  }
  // Stripe keeps the first result of a key, a failure included.
  const replayed = error.headers?.["idempotent-replayed"] === "true";
  return new ApiError("payment_provider_unavailable", {
    details,
    hint: replayed ? START_OVER : TRY_AGAIN,
    retryAfterSeconds: Number(error.headers?.["retry-after"]) || 2,
    cause: error,
  });
}

/** Not reached, too busy, broken, or still working on the same request (409): worth asking again. */
export function isTransient(error: Stripe.errors.StripeError): boolean {
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  const status = error.statusCode ?? 0;
  return error instanceof Stripe.errors.StripeRateLimitError || status === 409 || status >= 500;
}

export function isMissingAtStripe(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing";
}

/** Whether Stripe will say no however often it is asked: not a matter of the network, the load or our key. */
export function isRefusedForGood(error: unknown): error is Stripe.errors.StripeError {
  return error instanceof Stripe.errors.StripeInvalidRequestError && !isTransient(error);
}

/** Whether the same thing may well work later: all but a plain no, of Stripe, of our rules or to the data itself. */
export function isWorthRepeating(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeError) return !isRefusedForGood(error);
  if (!(error instanceof ApiError)) return false;
  if (error.code !== "internal_error") return error.status >= 500;
  // Postgres' classes of errors that lie in the data: https://www.postgresql.org/docs/17/errcodes-appendix.html
  const { code } = (error.cause ?? {}) as Partial<DatabaseFailure>;
  return !/^(22|23|P0)...$/.test(String(code));
}
