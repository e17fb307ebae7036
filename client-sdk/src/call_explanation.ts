import type { CallState, Rate } from "./call_state.ts";
import type { Micros, RoundingMode } from "./money.ts";

/**
 * How a call's price came to be, as data and as a sentence.
 *
 * @example
 * ```ts
 * import type { CallExplanation } from '@talktime/client';
 *
 * const paidBy = ({ payments }: CallExplanation) => payments.map(({ source }) => source).join(' and ');
 * const { data: call } = await talktime.calls.start('+14155552671', { answered: true });
 * await call!.end();
 * const { data: explanation } = await talktime.calls.explain(call!.callId);
 * if (explanation) console.log(paidBy(explanation)); // → paid
 * ```
 */
export interface CallExplanation {
  callId: string;
  status: CallState["status"];
  /** The number with its middle hidden. */
  destination: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** The whole of it in words (English). */
  sentence: string;
  /** The version of the rate the call was authorized with. */
  rate: Rate;
  /** Seconds talked within the credit; `null` while it is live. */
  durationSeconds: number | null;
  /** Those of them that the rate gives for free. */
  freeSeconds: number | null;
  /** Seconds billed, after free seconds and increments. */
  billedSeconds: number | null;
  /** Seconds talked past the deadline; never charged. */
  unbilledSeconds: number;
  /** The one division and the one rounding behind the price; `null` while it is live. */
  rounding: {
    /** Billed seconds × the price of a minute. */
    numerator: number;
    denominator: number;
    mode: RoundingMode;
    precisionMicros: Micros;
    roundedMicros: Micros;
  } | null;
  connectionFeeMicros: Micros;
  minimumChargeMicros: Micros;
  /** What was charged when it ended. */
  costMicros: Micros | null;
  /** What rating it anew has changed since; negative is in the user's favor. */
  reratedMicros: Micros;
  /** What was given back since. */
  refundedMicros: Micros;
  /** Cost, rerated and refunded taken together. */
  netMicros: Micros | null;
  /** The lots of credit that paid, or got credit back, and the purchases behind them. */
  payments: {
    /** The line of the journal. */
    line: number;
    kind: string;
    grantId: number;
    /** Negative where credit came back. */
    amountMicros: Micros;
    source: string;
    purchaseId: string | null;
    purchasedAt: string | null;
    priceCents: number | null;
    paymentIntentId: string | null;
  }[];
}
