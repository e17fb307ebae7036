// What a call costs, written anew from the definition, in whole numbers of any size.
export interface Rate {
  perMinute: bigint;
  connectionFee: bigint;
  initial: bigint;
  increment: bigint;
  /** Seconds at the start that are not billed. */
  free: bigint;
  /** The least that an answered call costs. */
  minimum: bigint;
  mode: "up" | "down" | "half_up" | "half_even";
  precision: bigint;
}

/** Past the free seconds: the initial increment, then whole increments anchored after it; nothing for nothing. */
export function billedSeconds(seconds: bigint, rate: Rate): bigint {
  if (seconds <= rate.free) return 0n;
  const beyond = seconds - rate.free - rate.initial;
  if (beyond <= 0n) return rate.initial;
  const steps = beyond / rate.increment + (beyond % rate.increment > 0n ? 1n : 0n);
  return rate.initial + steps * rate.increment;
}

/** The nearest whole number, a half going where the mode says; `up` and `down` go there always. */
function rounded(numerator: bigint, denominator: bigint, mode: Rate["mode"]): bigint {
  const below = numerator / denominator;
  const rest = numerator - below * denominator;
  if (rest === 0n || mode === "down") return below;
  if (mode === "up" || 2n * rest > denominator) return below + 1n;
  if (2n * rest < denominator) return below;
  return mode === "half_up" || below % 2n === 1n ? below + 1n : below;
}

/** How far a talk time reaches without costing more: to the end of the free seconds or of the increment that is billed for it. */
export function increments(seconds: bigint, rate: Rate): bigint {
  return seconds <= rate.free ? seconds : rate.free + billedSeconds(seconds, rate);
}

/** Micros for seconds: the fee, and the minutes' price rounded once to the precision; never below the minimum charge. */
export function cost(seconds: bigint, rate: Rate): bigint {
  if (seconds <= 0n) return 0n;
  const exact = billedSeconds(seconds, rate) * rate.perMinute;
  const price = rate.connectionFee + rate.precision * rounded(exact, 60n * rate.precision, rate.mode);
  return price < rate.minimum ? rate.minimum : price;
}

/** What the longest call on a free rate is said to be: 2^53 - 1 seconds. */
export const ENDLESS = 9_007_199_254_740_991n;

/** The most seconds an amount pays for, found by search rather than by a formula. */
export function longest(amount: bigint, rate: Rate): bigint {
  if (amount < cost(1n, rate)) return 0n;
  if (rate.perMinute === 0n) return ENDLESS;
  let affordable = 0n;
  let tooLong = 1n;
  while (cost(tooLong, rate) <= amount) {
    affordable = tooLong;
    tooLong *= 2n;
  }
  while (tooLong - affordable > 1n) {
    const middle = (affordable + tooLong) / 2n;
    if (cost(middle, rate) <= amount) affordable = middle;
    else tooLong = middle;
  }
  return affordable;
}
