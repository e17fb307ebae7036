import type { Micros, RoundingMode } from "./money.ts";

/**
 * The price of a call: `fee + round(billed × perMinute / 60)`, at least the minimum charge.
 *
 * @example
 * ```ts
 * import { formatMoney, type Rate } from '@talktime/client';
 *
 * const price = (rate: Rate) => `${formatMoney(rate.perMinuteMicros, { locale: 'en-US' })} a minute`;
 * const { data: estimate } = await talktime.calls.estimate('+14155552671');
 * if (estimate) console.log(price(estimate.rate)); // → $0.15 a minute
 * ```
 */
export interface Rate {
  plan: string;
  /** The leading digits it is for; empty matches every number. */
  prefix: string;
  perMinuteMicros: Micros;
  connectionFeeMicros: Micros;
  /** The first billing step, in seconds. */
  initialIncrementSeconds: number;
  /** Every further billing step, in seconds. */
  incrementSeconds: number;
  /** Seconds at the beginning that cost nothing. */
  freeSeconds: number;
  /** The least a call costs that costs anything. */
  minimumChargeMicros: Micros;
  /** Since when this version of the rate is in force (ISO 8601, or `-infinity`: always). */
  effectiveFrom: string;
  roundingMode: RoundingMode;
  /** Costs are rounded to a multiple of this. */
  precisionMicros: Micros;
}

/**
 * What a call would cost and how long it could last now. Promises nothing.
 *
 * @example
 * ```ts
 * import type { Estimate } from '@talktime/client';
 *
 * const possible = (estimate: Estimate) => estimate.canStart ? `${estimate.maxSeconds} seconds` : 'not now';
 * const { data } = await talktime.calls.estimate('+14155552671');
 * if (data) console.log(possible(data)); // → 3960 seconds
 * ```
 */
export interface Estimate {
  /** The number with its middle hidden. */
  destination: string;
  rate: Rate;
  availableMicros: Micros;
  /** How long the available credit lasts, in seconds. */
  maxSeconds: number;
  /** Whether the wallet may start this call now. */
  canStart: boolean;
  /** What at least one second costs: the least credit a call needs. */
  minimumMicros: Micros;
  /** The duration asked about; `null` when none was. */
  durationSeconds: number | null;
  /** Seconds that duration would be billed as. */
  billedSeconds: number | null;
  /** What that duration would cost. */
  costMicros: Micros | null;
}

/**
 * Why a call is ended. `credit_exhausted` says that it reached its deadline. The server knows which limit that was, and
 * has three reasons more that callers cannot give: `time_limit`, `daily_limit` and `heartbeat_lost`.
 *
 * @example
 * ```ts
 * import type { EndReason } from '@talktime/client';
 *
 * const unanswered: EndReason[] = ['no_answer', 'busy', 'canceled', 'failed'];
 * console.log(unanswered.length); // → 4
 * ```
 */
export type EndReason = "completed" | "no_answer" | "busy" | "failed" | "canceled" | "credit_exhausted";

/**
 * A call as the server sees it at `serverTime`.
 *
 * @example
 * ```ts
 * import type { CallState } from '@talktime/client';
 *
 * const isLive = (state: CallState) => state.status !== 'ended';
 * await using call = (await talktime.calls.start('+14155552671')).data;
 * if (call) console.log(isLive(call.state), call.state.destination); // → true +1415•••2671
 * ```
 */
export interface CallState {
  callId: string;
  userId: string;
  /** `authorized` while it rings, `answered` while it is billed. */
  status: "authorized" | "answered" | "ended";
  /** The number with its middle hidden. */
  destination: string;
  rate: Rate;
  /** Credit reserved for it now. */
  holdMicros: Micros;
  /** Seconds the hold pays for, counted from the answer. */
  authorizedSeconds: number;
  /** When it must end unless it is extended (ISO 8601); `null` before the answer. */
  authorizedUntil: string | null;
  startedAt: string;
  answeredAt: string | null;
  endedAt: string | null;
  /** Seconds since the answer. */
  elapsedSeconds: number;
  /** Seconds that could still be talked with all the credit there is. */
  secondsLeft: number;
  /**
   * What keeps it from going on past `authorizedUntil`: credit, the longest a call may last, or the person's daily limit;
   * `null` while it can be extended. Of an ended call: what cut it off.
   */
  limitedBy: "credit" | "time_limit" | "daily_limit" | null;
  /** Whether credit is what limits it, so that more would help. */
  finalUnit: boolean;
  /** Where to add credit, said with the final unit if the operator has named a page. */
  topUpUrl: string | null;
  /** Warning thresholds, in seconds, reached with this answer; each comes once. */
  warnings: number[];
  /** When the next heartbeat is due, in seconds. */
  heartbeatSeconds: number;
  /** Seconds talked; `null` while it is live. */
  durationSeconds: number | null;
  /** Seconds billed, after increments; `null` while it is live. */
  billedSeconds: number | null;
  /** Seconds talked past the deadline; never charged. */
  unbilledSeconds: number;
  /** What it cost; `null` while it is live. */
  costMicros: Micros | null;
  /** What rating it anew has changed since it ended; negative is in the user's favor. */
  reratedMicros: Micros;
  /** What was given back since it ended. */
  refundedMicros: Micros;
  endReason: EndReason | "time_limit" | "daily_limit" | "heartbeat_lost" | null;
  /** ISO 4217 code, lower case. */
  currency: string;
  balanceMicros: Micros;
  availableMicros: Micros;
  /** The server's instant of this answer (ISO 8601). */
  serverTime: string;
  /** Whether this repeats an earlier answer to the same request. */
  replayed: boolean;
}
