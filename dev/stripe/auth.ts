import { ApiError } from "./errors.ts";

/** Null for any secret test key; the simulator has one account and every key opens it. */
export function authenticate(authorization: string | null): ApiError | null {
  const key = keyOf(authorization);
  if (key === null) {
    return refused(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using " +
        "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication " +
        "for details.",
    );
  }
  if (/^(sk|rk)_test_\w+$/.test(key)) return null;
  if (key.startsWith("pk_")) {
    return refused(
      "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list " +
        "of your API keys at https://dashboard.stripe.com/account/apikeys.",
      "secret_key_required",
    );
  }
  return refused(`Invalid API Key provided: ${masked(key)}`);
}

function keyOf(authorization: string | null): string | null {
  const [scheme, value] = (authorization ?? "").split(" ", 2);
  if (!value) return null;
  if (scheme?.toLowerCase() === "bearer") return value;
  if (scheme?.toLowerCase() !== "basic") return null;
  try {
    return atob(value).split(":", 1)[0] || null;
  } catch {
    return null;
  }
}

function refused(message: string, code?: string): ApiError {
  return new ApiError(401, { type: "invalid_request_error", message, ...(code ? { code } : {}) });
}

function masked(key: string): string {
  return `${key.slice(0, 8)}${"*".repeat(Math.max(4, key.length - 12))}${key.slice(-4)}`;
}
