/** The error envelope, as `stripe` turns it into StripeCardError, StripeInvalidRequestError and so on. */
export interface ErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  advice_code?: string;
  network_decline_code?: string;
  charge?: string;
  doc_url?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
  request_log_url?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Record<string, string>;

  constructor(status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.name = "ApiError";
    this.status = status;
    this.body = body.code
      ? { doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll("_", "-")}`, ...body }
      : body;
    this.headers = headers;
  }

  /** Stripe keeps no idempotent result for what fails validation: nothing was executed. */
  get isValidation(): boolean {
    if (this.body.type !== "invalid_request_error") return false;
    return this.body.param !== undefined || this.status === 401 || this.status === 429;
  }
}

export function invalid(message: string, param?: string, code?: string): ApiError {
  return new ApiError(400, {
    type: "invalid_request_error",
    message,
    ...(code ? { code } : {}),
    ...(param ? { param } : {}),
  });
}

export function missing(kind: string, id: string, param: string): ApiError {
  return new ApiError(404, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${kind}: '${id}'`,
    param,
  });
}

/** A reference inside a body that leads nowhere is a 400, where the object named by the URL would be a 404. */
export function missingReference(kind: string, id: string, param: string): ApiError {
  return invalid(`No such ${kind}: '${id}'`, param, "resource_missing");
}

export function unknownParameter(param: string): ApiError {
  return invalid(`Received unknown parameter: ${param}`, param, "parameter_unknown");
}

export function notSimulated(what: string, param: string): ApiError {
  return invalid(`The simulator does not implement ${what}.`, param, "not_simulated");
}

/** The request is well-formed, but the object is in a state that does not allow it. */
export function wrongState(message: string, code: string, extra: Partial<ErrorBody> = {}): ApiError {
  return new ApiError(400, { type: "invalid_request_error", code, message, ...extra });
}

/** What was limited, in the words of the header that Stripe answers 429 with. */
export type LimitReason = "global-rate" | "endpoint-rate";

export function rateLimited(reason: LimitReason = "global-rate"): ApiError {
  return new ApiError(429, {
    type: "invalid_request_error",
    code: "rate_limit",
    message: "Request rate limit exceeded. You can learn more about rate limits here " +
      "https://stripe.com/docs/rate-limits.",
  }, { "stripe-rate-limited-reason": reason });
}

export function serverError(status: 500 | 503): ApiError {
  return new ApiError(status, {
    type: "api_error",
    message: status === 500
      ? "An unknown error occurred while processing your request."
      : "The service is temporarily unavailable. Please try again.",
  });
}
