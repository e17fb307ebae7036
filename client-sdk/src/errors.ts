const REPEAT = "Check the connection and try again: repeating a request charges nothing twice.";

/**
 * Every error code with the HTTP status it travels with (0: no answer arrived) and its sentence: what happened,
 * whether money moved, what to do next. `docs/errors.md` lists the causes.
 *
 * @example
 * ```ts
 * import { errorCodes } from '@talktime/client';
 *
 * console.log(errorCodes.insufficient_credit.status); // → 402
 * ```
 */
export const errorCodes = {
  not_authenticated: entry(
    401,
    "You are not signed in, or your session has ended.",
    "Sign in and try again.",
  ),
  forbidden: entry(403, "This account may not do that.", "Sign in with the right account."),
  user_not_found: entry(404, "There is no such wallet.", "Check the user id."),
  wallet_suspended: entry(403, "This wallet is suspended.", "Contact support."),
  daily_limit_reached: entry(
    403,
    "This wallet's limit for today is reached.",
    "Call again tomorrow (UTC).",
  ),
  wallet_closed: entry(403, "This wallet is closed.", "Contact support."),
  insufficient_credit: entry(402, "There is not enough credit for this call.", "Add credit and call again."),
  invalid_request: entry(
    400,
    "The request is incomplete or malformed.",
    "Correct it and try again.",
  ),
  invalid_destination: entry(
    400,
    "This is not a complete phone number.",
    "Write it with + and the country code, like +14155552671.",
  ),
  destination_not_rated: entry(422, "Calls to this number are not offered.", "Try another number."),
  invalid_call_id: entry(
    400,
    "This call id is malformed.",
    "Use the id your phone system gave it.",
  ),
  call_not_found: entry(404, "There is no such call in this wallet.", "Check the call id."),
  call_ended: entry(409, "This call has already ended.", "Its cost is in the history.", ""),
  call_not_answered: entry(409, "This call has not been answered yet.", "Answer it first."),
  duration_invalid: entry(
    400,
    "This duration is not possible.",
    "Send whole seconds, 0 or more.",
  ),
  refund_not_possible: entry(
    409,
    "This call cannot be refunded.",
    "Refund an ended call, once, by at most its cost.",
  ),
  purchase_not_refundable: entry(409, "This purchase cannot be refunded.", "Check its status."),
  refund_exceeds_payment: entry(409, "Less is left of this payment.", "Refund less."),
  review_not_possible: entry(409, "This purchase is not in review.", "Check its status."),
  payment_method_not_found: entry(404, "There is no such saved card.", "Choose another one."),
  auto_reload_not_possible: entry(409, "There is no saved card to charge.", "Save one first."),
  too_many_failed_payments: entry(429, "Too many payments have failed lately.", "Try again tomorrow."),
  append_only: entry(409, "Records of money never change.", "Post a correction instead."),
  idempotency_conflict: entry(
    409,
    "This request was made before with other contents.",
    "Use a new key or id.",
  ),
  rate_plan_not_found: entry(404, "There is no such rate plan.", "Check its code."),
  rate_published: entry(
    409,
    "A published rate never changes.",
    "Add a version that begins later.",
  ),
  package_not_found: entry(404, "This package is not on sale.", "Choose another package."),
  promo_code_not_valid: entry(404, "This code does not count here.", "Check it or go on without."),
  grant_not_found: entry(404, "There is no such grant.", "Check its id."),
  grant_not_changeable: entry(409, "This grant is used up.", "Check its id."),
  campaign_not_found: entry(404, "There is no such campaign.", "Check its id."),
  plan_not_found: entry(404, "This plan is not on sale.", "Choose another one."),
  subscription_not_found: entry(404, "There is no such subscription.", "Check its id."),
  subscription_exists: entry(409, "There is a subscription already.", "Change it."),
  subscription_not_changeable: entry(409, "This subscription has ended.", "Check its status."),
  purchase_not_found: entry(
    404,
    "There is no such purchase in this wallet.",
    "Check which account paid.",
  ),
  redirect_not_allowed: entry(
    400,
    "This return page is not allowed.",
    "Add it to the allowed ones.",
  ),
  session_mismatch: entry(
    409,
    "This payment does not belong to this purchase.",
    "Open the page shown after paying.",
    "No credit was added.",
  ),
  too_many_calls: entry(429, "There are too many calls in this wallet.", "End one of them first."),
  rate_limited: entry(429, "There were too many requests.", "Wait a minute and try again."),
  method_not_allowed: entry(405, "This kind of request is not accepted.", "Update the app."),
  payment_provider_unavailable: entry(
    503,
    "The payment provider could not be reached.",
    "Try again in a minute; a payment already made is credited by itself.",
    "No credit was added.",
  ),
  payment_provider_error: entry(
    502,
    "The payment provider refused the request.",
    "Try again in a minute; a payment already made is credited by itself.",
    "No credit was added.",
  ),
  internal_error: entry(
    500,
    "Something failed on the server.",
    "Try again in a minute: repeating a request charges nothing twice.",
    "",
  ),
  network_error: entry(0, "The server could not be reached.", REPEAT, ""),
  timeout: entry(0, "The server did not answer in time; it may have acted.", REPEAT, ""),
  aborted: entry(
    0,
    "The request was stopped; it may have acted.",
    "Ask again to see where things stand.",
    "",
  ),
  unexpected_response: entry(
    0,
    "The server's answer is not known to this client.",
    "Update the app.",
    "",
  ),
} as const;

function entry(status: number, what: string, next: string, money = "Nothing was charged.") {
  return { status, message: [what, money, next].filter(Boolean).join(" ") };
}

/**
 * The code of an error: stable, meant to be branched on.
 *
 * @example
 * ```ts
 * import type { TalktimeErrorCode } from '@talktime/client';
 *
 * const needsCredit = (code: TalktimeErrorCode) => code === 'insufficient_credit';
 * console.log(needsCredit('insufficient_credit')); // → true
 * ```
 */
export type TalktimeErrorCode = keyof typeof errorCodes;

/** The parts of a {@link TalktimeError} that are not its code. All are optional. */
export interface ErrorParts {
  message?: string | undefined;
  status?: number | undefined;
  details?: Record<string, unknown> | undefined;
  hint?: string | null | undefined;
}

const RETRYABLE: readonly TalktimeErrorCode[] = [
  "network_error",
  "timeout",
  "rate_limited",
  "internal_error",
  "payment_provider_unavailable",
];

/**
 * The error half of a {@link Result}. `message` can be shown to a person as it is; `code` is for the program.
 *
 * @example
 * ```ts
 * const { error } = await talktime.calls.start('12');
 * if (error) {
 *   console.log(error.code, error.status); // → invalid_destination 400
 *   console.log(error.message.includes('Nothing was charged.')); // → true
 * }
 * ```
 */
export class TalktimeError extends Error {
  override readonly name = "TalktimeError";
  /** The stable code; one of {@link errorCodes}. */
  readonly code: TalktimeErrorCode;
  /** The HTTP status, 0 when no answer arrived. */
  readonly status: number;
  /** Facts the server gave, such as `available_micros`; empty when it gave none. Keys are as the server wrote them. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What the server suggests, for developers; `null` when it suggests nothing. */
  readonly hint: string | null;

  constructor(code: TalktimeErrorCode, parts: ErrorParts = {}) {
    super(parts.message ?? errorCodes[code].message);
    this.code = code;
    this.status = parts.status ?? errorCodes[code].status;
    this.details = parts.details ?? {};
    this.hint = parts.hint || null;
  }

  /** Whether the same request may succeed if simply repeated later. */
  get retryable(): boolean {
    return RETRYABLE.includes(this.code);
  }

  /**
   * A plain object, so that logs and `JSON.stringify` keep every field.
   *
   * @example
   * ```ts
   * const { error } = await talktime.calls.get('unknown');
   * console.log(JSON.parse(JSON.stringify(error)).code); // → call_not_found
   * ```
   */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), message: this.message };
  }
}

/** What SQL and Edge Functions answer; anything else in their place has no known code in it. */
interface Body {
  code?: unknown;
  message?: string;
  details?: unknown;
  hint?: string | null;
}

/** The one place where whatever supabase-js reports becomes a {@link TalktimeError}. */
export async function toTalktimeError(source: unknown, status = 0): Promise<TalktimeError> {
  if (source instanceof TalktimeError) return source;
  const { name, context } = source as { name?: unknown; context?: unknown };
  if (name === "FunctionsHttpError" || name === "FunctionsRelayError") {
    const response = context as Response;
    return fromBody(await response.json().catch(() => ({})) as Body, response.status);
  }
  // supabase-js reports a request that got no answer with status 0, or with this class.
  if (name === "FunctionsFetchError" || status === 0) {
    return new TalktimeError("network_error", { hint: reason(source) });
  }
  return fromBody(source as Body, status);
}

function reason(source: unknown): string {
  const { message, context } = source as { message?: string; context?: { message?: string } };
  return context?.message ?? message ?? String(source);
}

function fromBody(body: Body, status: number): TalktimeError {
  const { message = "", hint } = body;
  const details = facts(body.details);
  // SQL raises the code as the message; Edge Functions send it as the code, with a sentence of their own.
  if (isErrorCode(message)) return new TalktimeError(message, { details, hint });
  const code = isErrorCode(body.code) ? body.code : byStatus(String(body.code), status);
  return new TalktimeError(code, { status: status || undefined, details, hint: hint ?? message });
}

function isErrorCode(value: unknown): value is TalktimeErrorCode {
  return Object.hasOwn(errorCodes, value as string);
}

const BY_STATUS: Partial<Record<number, TalktimeErrorCode>> = {
  401: "not_authenticated",
  403: "forbidden",
  405: "method_not_allowed",
  429: "rate_limited",
  400: "invalid_request",
};

function byStatus(code: string, status: number): TalktimeErrorCode {
  // Class 22 is "data exception": a value that is no uuid, no number, …
  const known = BY_STATUS[code.startsWith("22") ? 400 : status];
  return known ?? (status >= 500 ? "internal_error" : "unexpected_response");
}

/** `details` travels as JSON text in SQL errors and as JSON in those of Edge Functions. */
function facts(details: unknown): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = typeof details === "string" ? JSON.parse(details) : details;
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Not JSON: kept as text below.
  }
  return details ? { text: details } : undefined;
}
