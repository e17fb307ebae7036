import assert from "node:assert/strict";
import fc from "fast-check";
import {
  centsToMicros,
  formatDuration,
  formatMoney,
  type Micros,
  microsToCents,
  parseDollars,
  type RoundingMode,
  toMicros,
} from "../../client-sdk/src/index.ts";

const anyMicros = fc.maxSafeInteger().map(toMicros);
const en = { locale: "en-US" } as const;

/** What the shown text says, read back digit by digit. */
function readBack(text: string): bigint {
  const [whole, decimals = ""] = text.replace(/[$,−]/g, "").split(".");
  const size = BigInt(whole + decimals.padEnd(6, "0"));
  return text.startsWith("−") ? -size : size;
}

/** The definition of each rounding mode, on rationals, without a float. */
function roundedCents(micros: bigint, mode: RoundingMode): bigint {
  const size = micros < 0n ? -micros : micros;
  const [whole, rest] = [size / 10_000n, size % 10_000n];
  const up = {
    up: rest > 0n,
    down: false,
    half_up: rest >= 5_000n,
    half_even: rest > 5_000n || (rest === 5_000n && whole % 2n === 1n),
  }[mode];
  const cents = up ? whole + 1n : whole;
  return micros < 0n ? -cents : cents;
}

Deno.test("An exact amount shown can be read back without loss, up to the largest there is", () => {
  fc.assert(fc.property(anyMicros, (amount) => {
    assert.equal(readBack(formatMoney(amount, { ...en, precision: "exact" })), BigInt(amount));
  }));
});

Deno.test("An amount shown in cents is the rounded one, in every mode", () => {
  const modes = fc.constantFrom<RoundingMode>("up", "down", "half_up", "half_even");
  fc.assert(fc.property(anyMicros, modes, (amount, rounding) => {
    const expected = roundedCents(BigInt(amount), rounding);
    assert.equal(BigInt(microsToCents(amount, rounding)), expected);
    assert.equal(readBack(formatMoney(amount, { ...en, rounding })), expected * 10_000n);
  }));
});

Deno.test("Cents become micros and the same cents again", () => {
  const cents = fc.integer({ min: -900_719_925_474, max: 900_719_925_474 });
  fc.assert(fc.property(cents, (value) => {
    assert.equal(microsToCents(centsToMicros(value)), value);
  }));
});

Deno.test("A typed amount is read to the last digit", () => {
  const amount = fc.tuple(fc.integer({ min: 0, max: 9_007_199_254 }), fc.stringMatching(/^[0-9]{0,6}$/));
  fc.assert(fc.property(amount, fc.constantFrom("", "$"), ([whole, decimals], sign) => {
    const text = sign + whole + (decimals && `.${decimals}`);
    const expected = BigInt(whole) * 1_000_000n + BigInt(decimals.padEnd(6, "0"));
    const fits = expected <= BigInt(Number.MAX_SAFE_INTEGER);
    assert.equal(parseDollars(text), fits ? Number(expected) : null);
  }));
});

Deno.test("What formatMoney writes, parseDollars reads", () => {
  fc.assert(fc.property(anyMicros, (amount) => {
    const text = formatMoney(amount, { ...en, precision: "exact" }).replace("−$", "−");
    assert.equal(parseDollars(text), amount);
  }));
});

Deno.test("Texts that are no amount are refused", () => {
  const wrong = [
    "",
    " ",
    "abc",
    "1.2.3",
    "1,23",
    "12.",
    ".5",
    "1e3",
    "0x10",
    "1.0000001",
    "$",
    "--1",
    "1 000",
  ];
  for (const text of wrong) assert.equal(parseDollars(text), null, text);
});

Deno.test("Signs, thousands and spaces around an amount are understood", () => {
  assert.equal(parseDollars(" $1,250.5 "), 1_250_500_000);
  assert.equal(parseDollars("-0.15"), -150_000);
  assert.equal(parseDollars("−0.15"), -150_000);
  assert.equal(parseDollars("+7"), 7_000_000);
  assert.ok(Object.is(parseDollars("-0"), 0));
});

Deno.test("Money is written with a real minus and without a negative zero", () => {
  assert.equal(formatMoney(toMicros(-4_200_000), en), "−$4.20");
  assert.equal(formatMoney(toMicros(-1), en), "$0.00");
  assert.equal(formatMoney(toMicros(-1), { ...en, precision: "exact" }), "−$0.000001");
  assert.equal(formatMoney(toMicros(150_000), { locale: "de-DE", currency: "EUR" }), "0,15\u00a0€");
});

Deno.test("Numbers that are no whole micros are refused rather than rounded", () => {
  for (const value of [0.5, NaN, Infinity, 2 ** 53]) assert.throws(() => toMicros(value), RangeError);
  assert.throws(() => centsToMicros(0.1), RangeError);
  assert.throws(() => centsToMicros(Number.MAX_SAFE_INTEGER), RangeError);
  assert.throws(() => formatMoney(0.1 as Micros, en), RangeError);
});

Deno.test("A duration reads as a clock", () => {
  const shown = [0, 9, 60, 245, 3_599, 3_600, 36_061, -5, 59.9].map((seconds) => formatDuration(seconds));
  assert.deepEqual(shown, ["0:00", "0:09", "1:00", "4:05", "59:59", "1:00:00", "10:01:01", "0:00", "0:59"]);
});

Deno.test("The clock of a duration adds up to its seconds", () => {
  fc.assert(fc.property(fc.nat(10_000_000), (seconds) => {
    const total = formatDuration(seconds).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    assert.equal(total, seconds);
  }));
});

Deno.test("A duration reads in words, in the reader's language", () => {
  const words = (seconds: number, locale = "en-US") => formatDuration(seconds, { style: "words", locale });
  assert.equal(words(0), "0 seconds");
  assert.equal(words(60), "1 minute");
  assert.equal(words(1_680), "28 minutes");
  assert.equal(words(3_661), "1 hour 1 minute 1 second");
  assert.equal(words(120, "de-DE"), "2 Minuten");
});
