// How amounts, instants and durations read in a mail. Amounts stay integers all the way: a decimal point is put into
// their digits, and the formatter takes the digits as text.

/** Stripe's amounts: in the currency's smallest unit. */
export function cents(amount: number, currency: string): string {
  return money(shift(amount, decimalsOf(currency)), currency, "halfExpand");
}

/** What something cost, in millionths. */
export function cost(micros: number, currency: string): string {
  return money(shift(micros, 6), currency, "halfExpand");
}

/** What is left, in millionths: never shown as more than it is. */
export function balance(micros: number, currency: string): string {
  return money(shift(micros, 6), currency, "floor");
}

function money(digits: string, currency: string, roundingMode: string): string {
  const options = { style: "currency", currency: currency.toUpperCase(), roundingMode };
  const text = new Intl.NumberFormat("en-US", options as Intl.NumberFormatOptions)
    .format(digits as unknown as number);
  return text.replace("-", "−");
}

function decimalsOf(currency: string): number {
  const format = new Intl.NumberFormat("en-US", { style: "currency", currency: currency.toUpperCase() });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

function shift(amount: number, decimals: number): string {
  if (!Number.isSafeInteger(amount)) {
    throw new TypeError("An amount is not an integer");
  }
  const digits = String(Math.abs(amount)).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const sign = amount < 0 ? "-" : "";
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** An instant for whoever reads it anywhere. */
export function instant(iso: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
  });
  return `${format.format(new Date(iso)).replace(" at ", ", ")} UTC`;
}

/** The day of an instant, in UTC. */
export function day(iso: string): string {
  return instant(iso).split(",")[0]!;
}

/** A call's length as a clock shows it: 1:00, 1:02:03. */
export function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** About how long one can talk; null where a number would say nothing. */
export function talkTime(seconds: number | null): string | null {
  if (seconds === null || seconds < 60 || seconds > 86_400 * 7) return null;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) {
    return `about ${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  }
  return `about ${Math.floor(minutes / 60)} hours`;
}

/** One line of text, whatever was put into a name: no line breaks, nothing invisible, nothing that turns letters around. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim().slice(0, 500);
}
