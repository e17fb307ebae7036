import { type ErrorParts, TalktimeError, type TalktimeErrorCode } from "./errors.ts";

/**
 * What every request resolves to: either `data` or `error`, never both and never a rejected promise for
 * something the server said. Checking `error` narrows `data`.
 *
 * @example
 * ```ts
 * import type { Balance, Result } from '@talktime/client';
 *
 * const result: Result<Balance> = await talktime.balance.get();
 * if (result.error) console.log(result.error.code);
 * else console.log(result.data.currency); // → usd
 * ```
 */
export type Result<T> = { data: T; error: null } | { data: null; error: TalktimeError };

/** Wraps a value as a successful {@link Result}. */
export function success<T>(data: T): Result<T> {
  return { data, error: null };
}

/** What a successful {@link Result} holds, made into something else. */
export function mapped<From, To>(result: Result<From>, to: (data: From) => To): Result<To> {
  return result.error ? result : success(to(result.data));
}

/** A failed {@link Result} with an error of this package's own. */
export function failure<T>(code: TalktimeErrorCode, parts?: ErrorParts): Result<T> {
  return { data: null, error: new TalktimeError(code, parts) };
}
