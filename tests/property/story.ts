// Random stories of one wallet: what may happen, as data. How they are lived is in living.ts.
import fc from "fast-check";
import type { Package, Settings } from "../support/model.ts";
import type { Rate } from "../support/rates.ts";

/** How time passes before a step: some milliseconds, or until about an instant that matters. */
export type Passing = { ms: number } | {
  until: "deadline" | "expiry" | "sweep" | "warning" | "midnight";
  ms: number;
};

/** A record of a call: of a new one, or of one that there is, as it was or told otherwise. */
export interface Reported {
  again: number | null;
  ago: number;
  seconds: number;
  number: number;
  twice: boolean;
}

export type Step =
  & { after: Passing }
  & (
    | { do: "start"; again: number | null; number: number; answered: boolean }
    | { do: "answer" | "get"; which: number }
    /** `off` seconds from the time since the answer; a request number so far from the newest one. */
    | { do: "extend"; which: number; off: number | null; request: number | null }
    | { do: "end"; which: number; reason: string; reported: number | null }
    | { do: "sweep" }
    | { do: "buy"; key: number; package: string; code: boolean }
    | { do: "hear"; key: number; view: View }
    | { do: "grant"; source: "promotional" | "adjustment"; micros: number; lifetime: number | null }
    | { do: "take away"; micros: number }
    | { do: "redeem" | "expire" }
    /** A grant, counted from the newest one; past the last there is none. */
    | { do: "extend grant"; grant: number; lifetime: number | null }
    | { do: "void grant"; grant: number; reason: string }
    | { do: "refund"; which: number; part: "all" | "whole" | "half" | "nothing" | "too much"; reason: string }
    | { do: "rerate"; plan: string; ago: number; reason: string }
    | { do: "import"; records: Reported[] }
    | { do: "set status"; status: "active" | "suspended" }
    | { do: "set plan"; plan: string }
    | { do: "set thresholds"; thresholds: number[] }
    | { do: "set limit"; limit: "credit" | "daily" | "calls" | "low"; value: number | null }
    | { do: "estimate"; seconds: number }
  );

export const VIEWS = {
  paid: { status: "complete", payment_status: "paid" },
  processing: { status: "complete", payment_status: "unpaid" },
  failed: { status: "complete", payment_status: "unpaid", payment_intent_status: "requires_payment_method" },
  open: { status: "open", payment_status: "unpaid" },
  expired: { status: "expired", payment_status: "unpaid" },
  review: { status: "complete", payment_status: "paid", amount_total: 1 },
} as const;
export type View = keyof typeof VIEWS;

export const NUMBERS = ["+14155552671", "+442071838750"];

/** Three minutes before midnight, the end of a month, in a leap year. */
export const BEGIN = Date.UTC(2024, 1, 29, 23, 57);
const DAY = 86_400;
export const PACKAGES: Record<string, Package> = {
  story_small: {
    priceCents: 50,
    creditMicros: 500_000n,
    bonusMicros: 0n,
    lifetime: DAY,
    bonusLifetime: null,
  },
  story_bonus: {
    ...{ priceCents: 75, creditMicros: 800_000n, bonusMicros: 123_457n },
    ...{ lifetime: null, bonusLifetime: DAY },
  },
};
export const OFFERS = {
  free: { amount: 200_000n, lifetime: DAY },
  bonus: { amount: 300_001n, lifetime: null },
};

export interface Story {
  settings: Settings;
  /** The price of the plan `story`; the plans `standard` and `prorated` are the seed's. */
  rate: Rate;
  /** Whether all books are checked at its end; that reads every wallet there is, so few stories do. */
  audited: boolean;
  steps: Step[];
}

const settings: fc.Arbitrary<Settings> = fc.record({
  quantum: fc.constantFrom(300, 60, 1, 77),
  heartbeatInterval: fc.constantFrom(30, 10),
  heartbeatTimeout: fc.constantFrom(90, 31),
  ringTimeout: fc.constantFrom(120, 45),
  endGrace: fc.constantFrom(5, 0),
  maxCall: fc.constantFrom(14_400, 600, 90),
});

const rate: fc.Arbitrary<Rate> = fc.record({
  perMinute: fc.oneof(fc.constantFrom(150_000n, 30n, 0n), fc.bigInt(1n, 2_000_000n)),
  connectionFee: fc.constantFrom(0n, 0n, 50_000n, 7n),
  initial: fc.constantFrom(60n, 30n, 1n, 7n),
  increment: fc.constantFrom(60n, 6n, 1n, 11n),
  free: fc.constantFrom(0n, 0n, 5n, 60n),
  minimum: fc.constantFrom(0n, 0n, 200_000n, 3n),
  mode: fc.constantFrom<Rate["mode"]>("up", "down", "half_up", "half_even"),
  precision: fc.constantFrom(1n, 10_000n, 60n),
});

const passing: fc.Arbitrary<Passing> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ ms: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 10, arbitrary: fc.record({ ms: fc.constantFrom(1, 999, 1000, 1001, 20_000) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      until: fc.constantFrom("deadline", "expiry", "sweep", "warning", "warning"),
      ms: fc.constantFrom(0, -1, 1, -1000, 1500, -29_000, 40_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ until: fc.constant("midnight" as const), ms: fc.constantFrom(0, -1, 500) }),
  },
);

/** Which call, counted from the newest open one; past the last there is none. */
const which = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 0, 1) },
  { weight: 1, arbitrary: fc.nat({ max: 5 }) },
);
const key = fc.nat({ max: 2 });
const micros = fc.oneof(
  fc.integer({ min: 1, max: 3_000_000 }),
  fc.constantFrom(150_000, 750_000, 1_500_000, 1),
);
const one = <T extends string>(name: T) => fc.constant<T>(name);
const reason = fc.constantFrom("bad line", "bad line", "bad line", "other", " ");

const records = fc.array(
  fc.record({
    again: fc.option(fc.nat({ max: 12 }), { freq: 2 }),
    ago: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 100_000 })),
    seconds: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(0, 1, 60, 61)),
    number: fc.constantFrom(0, 0, 0, 1),
    twice: fc.nat({ max: 4 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 4 },
);

const calling = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: one("start"),
      again: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, {
        weight: 1,
        arbitrary: fc.nat({ max: 12 }),
      }),
      number: fc.constantFrom(0, 0, 0, 0, 0, 1),
      answered: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: one("answer"), which }) },
  {
    weight: 16,
    arbitrary: fc.record({
      do: one("extend"),
      which,
      off: fc.option(fc.constantFrom(0, 0, -1, -7, -40, 1), { freq: 2 }),
      request: fc.option(fc.constantFrom(1, 1, 1, 0, -1, 5), { freq: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one("get"), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: one("end"),
      which,
      reason: fc.constantFrom(
        ...["completed", "completed", "busy", "failed", "canceled", "no_answer", "credit_exhausted"],
      ),
      reported: fc.option(fc.integer({ min: -1, max: 200 }), { freq: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: one("sweep") }) },
];

const paying = [
  {
    weight: 3,
    arbitrary: fc.record({
      do: one("buy"),
      key,
      package: fc.constantFrom(...Object.keys(PACKAGES)),
      code: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one("hear"),
      key,
      view: fc.constantFrom<View>(
        ...["paid", "paid", "paid", "processing", "failed", "open", "expired", "review"] as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: one("grant"),
      source: fc.constantFrom("promotional", "promotional", "adjustment"),
      micros,
      lifetime: fc.option(fc.integer({ min: 1, max: 400 }), { freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one("take away"), micros }) },
  { weight: 1, arbitrary: fc.record({ do: one("redeem") }) },
  { weight: 3, arbitrary: fc.record({ do: one("expire") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one("extend grant"),
      grant: fc.nat({ max: 4 }),
      lifetime: fc.option(fc.integer({ min: 1, max: 600 }), { freq: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one("void grant"),
      grant: fc.nat({ max: 4 }),
      reason: fc.constant("Mistake"),
    }),
  },
];

const correcting = [
  {
    weight: 4,
    arbitrary: fc.record({
      do: one("refund"),
      which,
      part: fc.constantFrom("all", "all", "whole", "half", "half", "nothing", "too much"),
      reason,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one("rerate"),
      plan: fc.constantFrom("standard", "prorated", "prorated", "story", "story", "nobody's"),
      ago: fc.constantFrom(0, 60, 1000, 1000, 100_000),
      reason,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: one("import"), records }) },
];

const limits = [
  fc.record({
    do: one("set limit"),
    limit: one("credit"),
    value: fc.constantFrom(0, 149_999, 450_000, 450_000, 1_500_000),
  }),
  fc.record({ do: one("set limit"), limit: one("low"), value: fc.option(micros) }),
  fc.record({
    do: one("set limit"),
    limit: one("daily"),
    value: fc.option(fc.constantFrom(0, 450_000, 900_000, 2_000_000), { freq: 3 }),
  }),
  fc.record({ do: one("set limit"), limit: one("calls"), value: fc.option(fc.constantFrom(1, 2)) }),
];

const setting = [
  {
    weight: 1,
    arbitrary: fc.record({
      do: one("set status"),
      status: fc.constantFrom("active", "active", "active", "suspended"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: one("set plan"), plan: fc.constantFrom("standard", "prorated", "story") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: one("set thresholds"),
      thresholds: fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.oneof(...limits) },
  { weight: 1, arbitrary: fc.record({ do: one("estimate"), seconds: fc.integer({ min: 0, max: 2000 }) }) },
];

const deeds = fc.oneof(...calling, ...paying, ...correcting, ...setting);
const step = fc.tuple(deeds, passing).map(([deed, after]) => ({ ...deed, after }) as Step);

/** Most stories begin with credit and a call, or there would be little to tell; many with limits. */
const beginning: fc.Arbitrary<Step[]> = fc.record({
  limits: fc.array(fc.oneof(...limits), { maxLength: 3 }),
  micros,
  lifetime: fc.option(fc.integer({ min: 30, max: 400 }), { freq: 2 }),
  answered: fc.boolean(),
  ms: fc.integer({ min: 1, max: 20_000 }),
}).map(({ limits, micros, lifetime, answered, ms }) => [
  ...limits.map((limit) => ({ ...limit, after: { ms: 1 } })),
  { do: "grant", source: "adjustment", micros: micros + 150_000, lifetime, after: { ms } },
  { do: "start", again: null, number: 0, answered, after: { ms } },
]);

export const stories: fc.Arbitrary<Story> = fc.record({
  settings,
  rate,
  audited: fc.nat({ max: 7 }).map((n) => n === 0),
  steps: fc.tuple(beginning, fc.array(step, { minLength: 1, maxLength: 50, size: "max" })).map((parts) =>
    parts.flat()
  ),
});
