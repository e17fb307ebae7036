import type { CallExplanation } from "./call_explanation.ts";
import type { CallState, Estimate } from "./call_state.ts";
import type { LiveCall } from "./live_call.ts";
import { failure, type Result, success } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * How a live call is kept alive.
 *
 * @example
 * ```ts
 * import type { CallOptions } from '@talktime/client';
 *
 * const measured: CallOptions = { elapsedSeconds: () => 0 };
 * await using call = (await talktime.calls.start('+14155552671', measured)).data;
 * console.log(call?.status); // → authorized
 * ```
 */
export interface CallOptions {
  /**
   * Tells each heartbeat how many whole seconds have been talked, as the phone system counts them: they are what is
   * charged should no further heartbeat come. Honored with the secret key only.
   */
  elapsedSeconds?: () => number;
  /** Stops the request. */
  signal?: AbortSignal;
}

/**
 * What {@link Calls.start} may be told besides the number.
 *
 * @example
 * ```ts
 * import type { StartOptions } from '@talktime/client';
 *
 * const known: StartOptions = { callId: `sip-${crypto.randomUUID()}` };
 * await using call = (await talktime.calls.start('+14155552671', known)).data;
 * console.log(call?.callId === known.callId); // → true
 * ```
 */
export interface StartOptions extends CallOptions {
  /**
   * The phone system's own id for the call, 1 to 128 letters, digits or `. _ : @ -`. It is the idempotency key: the
   * same id and number are the same call. Default: a random one.
   */
  callId?: string;
  /** Whether the other side has picked up already: billing then starts at once. */
  answered?: boolean;
}

/**
 * Making calls. Reached as `talktime.calls`.
 *
 * @example
 * ```ts
 * import type { Calls } from '@talktime/client';
 *
 * async function canCall(calls: Calls, number: string) {
 *   const { data } = await calls.estimate(number);
 *   return data?.canStart ?? false;
 * }
 * console.log(await canCall(talktime.calls, '+14155552671')); // → true
 * ```
 */
export class Calls {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * What a call to this number would cost and how long it could last now. Reserves nothing.
   *
   * @param destination a phone number with + and country code
   * @param options `durationSeconds` to price a certain length, `signal`
   * @returns the estimate; errors: `invalid_destination`, `destination_not_rated`, `invalid_request`
   * @example
   * ```ts
   * const { data: estimate, error } = await talktime.calls.estimate('+14155552671', { durationSeconds: 61 });
   * if (error) throw error;
   * console.log(estimate.billedSeconds, estimate.costMicros); // → 120 300000
   * ```
   */
  estimate(
    destination: string,
    options: { durationSeconds?: number; signal?: AbortSignal } = {},
  ): Promise<Result<Estimate>> {
    const args = { destination, duration_seconds: options.durationSeconds };
    return this.#transport.rpc<Estimate>("estimate_call", args, options.signal);
  }

  /**
   * Authorizes a call and reserves credit for it. Nothing is charged until {@link LiveCall.answer}.
   *
   * @param destination a phone number with + and country code
   * @param options `callId` (the phone system's own), `answered`, `elapsedSeconds`, `signal`
   * @returns the live call; errors: `insufficient_credit`, `invalid_destination`, `destination_not_rated`,
   * `daily_limit_reached`, `too_many_calls`, `invalid_call_id`, `idempotency_conflict`, `call_ended` (this id is over),
   * `wallet_suspended`, `wallet_closed`
   * @example
   * ```ts
   * const { data: call, error } = await talktime.calls.start('+14155552671');
   * if (error) throw error;
   * console.log(call.status, call.secondsLeft); // → authorized 3960
   * await call.end();
   * ```
   */
  start(destination: string, options: StartOptions = {}): Promise<Result<LiveCall>> {
    const { callId = crypto.randomUUID(), answered } = options;
    return this.#live("start_call", { call_id: callId, destination, answered }, options);
  }

  /**
   * Takes up a live call again, for example after a page was reloaded or on another device.
   *
   * @param callId the call's id
   * @param options `elapsedSeconds`, `signal`
   * @returns the live call; errors: `call_not_found`, `call_ended`, `not_authenticated`
   * @example
   * ```ts
   * const { data: started } = await talktime.calls.start('+14155552671');
   * started!.detach();
   * const { data: call, error } = await talktime.calls.resume(started!.callId);
   * if (error) throw error;
   * await call.end();
   * ```
   */
  resume(callId: string, options: CallOptions = {}): Promise<Result<LiveCall>> {
    return this.#live("get_call", { call_id: callId }, options);
  }

  /**
   * A call as it stands now, live or over, without touching it.
   *
   * @param callId the call's id
   * @param options `signal` stops the request
   * @returns the state; errors: `call_not_found`, `not_authenticated`
   * @example
   * ```ts
   * const { data: call } = await talktime.calls.start('+14155552671');
   * await call!.end();
   * const { data: state } = await talktime.calls.get(call!.callId);
   * console.log(state?.status, state?.endReason); // → ended canceled
   * ```
   */
  get(callId: string, options: { signal?: AbortSignal } = {}): Promise<Result<CallState>> {
    return this.#transport.rpc<CallState>("get_call", { call_id: callId }, options.signal);
  }

  /**
   * How a call's price came to be: the rate, increments and rounding, the credit that paid and the purchases behind it,
   * and a sentence that says it all.
   *
   * @param callId the call's id
   * @param options `signal` stops the request
   * @returns the explanation; errors: `call_not_found`, `not_authenticated`
   * @example
   * ```ts
   * const { data: call } = await talktime.calls.start('+14155552671', { answered: true });
   * await call!.end();
   * const { data: explanation, error } = await talktime.calls.explain(call!.callId);
   * if (error) throw error;
   * console.log(explanation.sentence);
   * console.log(explanation.billedSeconds, explanation.netMicros); // → 60 150000
   * ```
   */
  explain(callId: string, options: { signal?: AbortSignal } = {}): Promise<Result<CallExplanation>> {
    return this.#transport.rpc<CallExplanation>("explain_call", { call_id: callId }, options.signal);
  }

  async #live(
    name: "start_call" | "get_call",
    args: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Result<LiveCall>> {
    // Loaded before the call begins: should that fail, nothing has been reserved.
    const part = await import("./live_call.ts").catch(() => null);
    if (part === null) return failure("network_error");
    const sentAt = this.#transport.clock.now();
    const result = await this.#transport.rpc<CallState>(name, args, options.signal);
    if (result.error) return result;
    const { data } = result;
    if (data.status !== "ended") {
      return success(new part.LiveCall(this.#transport, data, sentAt, options.elapsedSeconds));
    }
    return failure("call_ended", { details: { call_id: data.callId, end_reason: data.endReason } });
  }
}
