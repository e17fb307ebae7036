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
  forbidden: entry(403, "This account may not do that.", "Sign in with the account it belongs to."),
  user_not_found: entry(404, "This user has no wallet.", "Check the user id."),
  wallet_suspended: entry(403, "This wallet is suspended.", "Contact support to have it opened again."),
  wallet_closed: entry(403, "This wallet is closed.", "Contact support if this is a mistake."),
  insufficient_credit: entry(402, "There is not enough credit for this call.", "Add credit and call again."),
  invalid_request: entry(
    400,
    "Something in the request is missing or malformed.",
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
    "The id of the call is malformed.",
    "Use the id your phone system gave the call.",
  ),
  call_not_found: entry(404, "There is no such call in this wallet.", "Check the id of the call."),
  call_ended: entry(409, "This call has already ended.", "Its cost is in the history of calls.", ""),
  call_not_answered: entry(409, "This call has not been answered yet.", "Answer it first."),
  duration_invalid: entry(
    400,
    "The duration given for this call is not possible.",
    "Send whole seconds, 0 or more.",
  ),
  append_only: entry(409, "Records of money are never changed or removed.", "Post a correction instead."),
  idempotency_conflict: entry(
    409,
    "This request was made before with other contents.",
    "Use a new idempotency key for a new request.",
  ),
  package_not_found: entry(404, "This package is not on sale.", "Choose one of the listed packages."),
  purchase_not_found: entry(
    404,
    "There is no such purchase in this wallet.",
    "Check which account you used to pay.",
  ),
  redirect_not_allowed: entry(
    400,
    "The page to return to after paying is not allowed.",
    "Add its address to the allowed ones.",
  ),
  session_mismatch: entry(
    409,
    "This payment does not belong to this purchase.",
    "Open the page you were sent to after paying.",
    "No credit was added.",
  ),
  rate_limited: entry(429, "There were too many requests in a short time.", "Wait a minute and try again."),
  method_not_allowed: entry(405, "The server does not accept this kind of request.", "Update the app."),
  payment_provider_unavailable: entry(
    503,
    "The payment provider cannot be reached right now.",
    "Try again in a minute; a payment already made is credited by itself.",
    "No credit was added yet.",
  ),
  payment_provider_error: entry(
    502,
    "The payment provider refused the request.",
    "Try again later; a payment already made is credited by itself.",
    "No credit was added yet.",
  ),
  internal_error: entry(
    500,
    "Something failed on the server.",
    "Try again in a moment; nothing is charged twice.",
    "",
  ),
  network_error: entry(0, "The server could not be reached, so it may not know of this request.", REPEAT, ""),
  timeout: entry(0, "The server did not answer in time, so it may or may not have acted.", REPEAT, ""),
  aborted: entry(
    0,
    "The request was stopped before its answer arrived.",
    "Ask again to see where things stand.",
    "",
  ),
  unexpected_response: entry(
    0,
    "The server answered in a way this version of the client does not know.",
    "Check that the database and the client belong together.",
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
interface ErrorParts {
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
    const { name, code, message, status, details, hint } = this;
    return { name, code, message, status, details, hint };
  }
}

interface Body {
  code?: unknown;
  message?: unknown;
  details?: unknown;
  hint?: unknown;
}

/** The one place where whatever supabase-js reports becomes a {@link TalktimeError}. */
export async function toTalktimeError(source: unknown, status = 0): Promise<TalktimeError> {
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
  const message = typeof body.message === "string" ? body.message : "";
  const hint = typeof body.hint === "string" ? body.hint : null;
  const details = facts(body.details);
  // SQL raises the code as the message; Edge Functions send it as the code, with a sentence of their own.
  if (isErrorCode(message)) return new TalktimeError(message, { details, hint });
  const code = isErrorCode(body.code) ? body.code : byStatus(String(body.code), status);
  return new TalktimeError(code, { status: status || undefined, details, hint: hint ?? message });
}

function isErrorCode(value: unknown): value is TalktimeErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}

function byStatus(code: string, status: number): TalktimeErrorCode {
  if (status === 401) return "not_authenticated";
  if (status === 403) return "forbidden";
  if (status === 405) return "method_not_allowed";
  if (status === 429) return "rate_limited";
  if (status >= 500) return "internal_error";
  // Class 22 is "data exception": a value that is no uuid, no number, …
  if (status === 400 || code.startsWith("22")) return "invalid_request";
  return "unexpected_response";
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
