declare const micros: unique symbol;

/**
 * An amount of money in millionths of the currency's unit: 1 USD = 1 000 000 micros. Always an integer within
 * ±2^53, so plain addition and subtraction are exact. The brand keeps cents and dollars from being passed by mistake.
 *
 * @example
 * ```ts
 * import { centsToMicros, type Micros } from '@talktime/client';
 *
 * const price: Micros = centsToMicros(1000);
 * console.log(price); // → 10000000
 * ```
 */
export type Micros = number & { readonly [micros]: "Micros" };

/**
 * How an amount that lies between two whole units is rounded; the same names as a rate's rounding mode.
 * `up` is away from zero, `down` towards zero.
 *
 * @example
 * ```ts
 * import { microsToCents, toMicros, type RoundingMode } from '@talktime/client';
 *
 * const modes: RoundingMode[] = ['up', 'half_up', 'half_even', 'down'];
 * console.log(modes.map((mode) => microsToCents(toMicros(25_000), mode)).join(' ')); // → 3 3 2 2
 * ```
 */
export type RoundingMode = "up" | "half_up" | "half_even" | "down";

/**
 * How {@link formatMoney} writes an amount.
 *
 * @example
 * ```ts
 * import { formatMoney, type MoneyFormat, toMicros } from '@talktime/client';
 *
 * const exact: MoneyFormat = { locale: 'en-US', precision: 'exact' };
 * console.log(formatMoney(toMicros(2_500), exact)); // → $0.0025
 * ```
 */
export interface MoneyFormat {
  /** A BCP 47 language tag; the runtime's own when left out. */
  locale?: string;
  /** ISO 4217 code in either case. Default `usd`. */
  currency?: string;
  /** `cents` (default) always shows two decimals; `exact` shows up to six. */
  precision?: "cents" | "exact";
  /** Applies to `cents`. Default `half_up`; use `down` for "you have at least". */
  rounding?: RoundingMode;
}

const MICROS_PER_UNIT = 1_000_000;
const MICROS_PER_CENT = 10_000;

/**
 * Brands a plain integer as {@link Micros}.
 *
 * @param value whole micros
 * @throws RangeError when `value` is no safe integer
 * @example
 * ```ts
 * import { toMicros } from '@talktime/client';
 *
 * const aMinute = toMicros(150_000);
 * console.log(aMinute / 60); // → 2500
 * ```
 */
export function toMicros(value: number): Micros {
  return whole(value, "micros") as Micros;
}

function whole(value: number, unit: string): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number of ${unit}`);
  // Adding zero turns -0 into 0, so that "no money" has one representation.
  return value + 0;
}

/**
 * Converts whole cents (as Stripe counts) to micros. Exact.
 *
 * @param cents whole cents
 * @throws RangeError when `cents` is no integer or the result leaves ±2^53
 * @example
 * ```ts
 * import { centsToMicros } from '@talktime/client';
 *
 * console.log(centsToMicros(15)); // → 150000
 * ```
 */
export function centsToMicros(cents: number): Micros {
  return toMicros(whole(cents, "cents") * MICROS_PER_CENT);
}

/**
 * Converts micros to whole cents. Only the rounding loses anything, and only once.
 *
 * @param amount micros
 * @param rounding default `half_up`
 * @throws RangeError when `amount` is no safe integer
 * @example
 * ```ts
 * import { microsToCents, toMicros } from '@talktime/client';
 *
 * console.log(microsToCents(toMicros(157_500))); // → 16
 * console.log(microsToCents(toMicros(157_500), 'down')); // → 15
 * ```
 */
export function microsToCents(amount: Micros, rounding: RoundingMode = "half_up"): number {
  const size = Math.abs(toMicros(amount));
  const rest = size % MICROS_PER_CENT;
  const down = (size - rest) / MICROS_PER_CENT;
  const cents = roundsUp(down, rest * 2 - MICROS_PER_CENT, rest, rounding) ? down + 1 : down;
  return amount < 0 && cents > 0 ? -cents : cents;
}

function roundsUp(whole: number, fromHalf: number, rest: number, rounding: RoundingMode): boolean {
  if (rounding === "up") return rest > 0;
  if (rounding === "down") return false;
  return fromHalf > 0 || (fromHalf === 0 && (rounding === "half_up" || whole % 2 === 1));
}

/**
 * Reads an amount a person typed (`12.50`, `$1,250`, `0.000001`) without passing through a float.
 *
 * @param text at most six decimals; a leading `$`, a sign and thousands commas are accepted
 * @returns the amount, or `null` when the text is not an amount that fits
 * @example
 * ```ts
 * import { parseDollars } from '@talktime/client';
 *
 * console.log(parseDollars('12.50')); // → 12500000
 * console.log(parseDollars('twelve')); // → null
 * ```
 */
export function parseDollars(text: string): Micros | null {
  const match = /^([-−+]?)\$?(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match) return null;
  const [, sign, whole = "", decimals = ""] = match;
  // Digits beyond 2^53 are rounded, but never to below it.
  const size = Number(whole.replaceAll(",", "") + decimals.padEnd(6, "0"));
  if (size > Number.MAX_SAFE_INTEGER) return null;
  return toMicros(sign && sign !== "+" ? -size : size);
}

/**
 * Writes an amount in the reader's locale, with a real minus sign (−) and no float on the way.
 *
 * @param amount micros
 * @param format locale, currency, precision and rounding
 * @throws RangeError when `amount` is no safe integer or the locale or currency is malformed
 * @example
 * ```ts
 * import { formatMoney, toMicros } from '@talktime/client';
 *
 * console.log(formatMoney(toMicros(12_500_000), { locale: 'en-US' })); // → $12.50
 * console.log(formatMoney(toMicros(-150_000), { locale: 'en-US' })); // → −$0.15
 * ```
 */
export function formatMoney(amount: Micros, format: MoneyFormat = {}): string {
  const { locale, currency = "usd", precision = "cents", rounding } = format;
  const exact = precision === "exact";
  const decimal = exact
    ? decimalText(toMicros(amount), MICROS_PER_UNIT, 6)
    : decimalText(microsToCents(amount, rounding), 100, 2);
  const options = {
    style: "currency",
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: exact ? 6 : 2,
  } as const;
  return new Intl.NumberFormat(locale, options)
    .formatToParts(decimal)
    .map((part) => (part.type === "minusSign" ? "−" : part.value))
    .join("");
}

/** A decimal string, which Intl formats digit by digit where a number would be a float. */
function decimalText(value: number, unit: number, digits: number): Intl.StringNumericLiteral {
  const size = Math.abs(value);
  const rest = size % unit;
  const text = `${(size - rest) / unit}.${String(rest).padStart(digits, "0")}`;
  return `${value < 0 ? "-" : ""}${text}` as Intl.StringNumericLiteral;
}

/**
 * How {@link formatDuration} writes a time.
 *
 * @example
 * ```ts
 * import { type DurationFormat, formatDuration } from '@talktime/client';
 *
 * const words: DurationFormat = { style: 'words', locale: 'en-US' };
 * console.log(formatDuration(65, words)); // → 1 minute 5 seconds
 * ```
 */
export interface DurationFormat {
  /** `clock` (default) writes `1:05`; `words` writes `1 minute 5 seconds`. */
  style?: "clock" | "words";
  /** A BCP 47 language tag for `words`; the runtime's own when left out. */
  locale?: string;
}

/**
 * Writes a number of seconds as a clock or in words. Fractions are dropped, negative values count as zero.
 *
 * @param seconds seconds
 * @param format clock or words
 * @example
 * ```ts
 * import { formatDuration } from '@talktime/client';
 *
 * console.log(formatDuration(245)); // → 4:05
 * console.log(formatDuration(3_723)); // → 1:02:03
 * ```
 */
export function formatDuration(seconds: number, format: DurationFormat = {}): string {
  const total = Math.max(0, Math.trunc(seconds));
  const parts = [Math.trunc(total / 3600), Math.trunc(total / 60) % 60, total % 60] as const;
  if (format.style === "words") return durationWords(parts, format.locale);
  const [hours, minutes, rest] = parts;
  const clock = [minutes, rest].map((part) => String(part).padStart(2, "0")).join(":");
  return hours > 0 ? `${hours}:${clock}` : clock.replace(/^0/, "");
}

const UNITS = ["hour", "minute", "second"] as const;

function durationWords(parts: readonly number[], locale: string | undefined): string {
  const words = UNITS.flatMap((unit, index) => {
    const value = parts[index] ?? 0;
    // "0 seconds" is said only when there is nothing else to say.
    if (value === 0 && (unit !== "second" || parts.some((part) => part > 0))) return [];
    return [new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value)];
  });
  return words.join(" ");
}
