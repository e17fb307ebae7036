import type { CallState } from "./call_state.ts";
import type { TalktimeError } from "./errors.ts";

/**
 * What a {@link LiveCall} tells its listeners. `ended` comes exactly once, whatever ended the call.
 *
 * @example
 * ```ts
 * import type { LiveCallEvents } from '@talktime/client';
 *
 * const warn = ({ thresholdSeconds }: LiveCallEvents['warning']) => console.log(`${thresholdSeconds} seconds left`);
 * await using call = (await talktime.calls.start('+14155552671')).data;
 * call?.on('warning', warn);
 * ```
 */
export interface LiveCallEvents {
  /** Each second of an answered call. */
  tick: { secondsLeft: number; elapsedSeconds: number };
  /** The server says that a warning threshold is reached: once each, and again after a top-up lifted the call above it. */
  warning: { thresholdSeconds: number; secondsLeft: number };
  /** The call may go on for longer than it could before. */
  extended: { secondsLeft: number; addedSeconds: number };
  /**
   * The time is over: hang up now. `credit` ran out, no call lasts longer (`time_limit`), the day may cost no more
   * (`daily_limit`), or heartbeats could not get through (`connection`).
   */
  depleted: { cause: "credit" | "time_limit" | "daily_limit" | "connection" };
  /**
   * The call is over. `confirmed` is false when the server could not be told: it then settles the call by itself, at
   * most up to its deadline, and `state` is the last one known.
   */
  ended: { state: CallState; confirmed: boolean };
  /** A request failed. `willRetry` says whether the call goes on trying by itself. */
  error: { error: TalktimeError; willRetry: boolean };
}
