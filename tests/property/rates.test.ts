// Seconds into money and back, for any rate: the database against whole-number arithmetic written anew.
import assert from "node:assert/strict";
import fc from "fast-check";
import { sql as connect, useStack } from "../support/stack.ts";
import { billedSeconds, cost, ENDLESS, increments, longest, type Rate } from "../support/rates.ts";
import { check, type Property } from "./check.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select 1`;

Deno.test.afterAll(async () => {
  await sql.end();
  await stack.stop();
});

interface Case {
  rate: Rate;
  seconds: bigint;
  amount: bigint;
}

const increment = fc.oneof(fc.constantFrom(1n, 6n, 30n, 60n), fc.bigInt(1n, 3600n));
const precision = fc.oneof(fc.constantFrom(1n, 100n, 10_000n, 1_000_000n), fc.bigInt(1n, 1_000_000n));

/** Prices that make exact halves as often as not: a tie needs an odd multiple of thirty times the precision. */
const perMinute = (precision: bigint) =>
  fc.oneof(
    fc.bigInt(0n, 1_000_000_000n),
    fc.bigInt(0n, 1_000n),
    fc.bigInt(0n, 33n).map((odd) => (2n * odd + 1n) * 30n * precision).filter((price) =>
      price <= 1_000_000_000n
    ),
  );

const rate: fc.Arbitrary<Rate> = precision.chain((precision) =>
  fc.record({
    perMinute: perMinute(precision),
    connectionFee: fc.oneof(fc.constant(0n), fc.bigInt(0n, 1_000_000_000n)),
    initial: increment,
    increment,
    free: fc.oneof(fc.constant(0n), fc.constantFrom(1n, 3n, 60n), fc.bigInt(0n, 3600n)),
    minimum: fc.oneof(fc.constant(0n), fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, 1_000_000_000n)),
    mode: fc.constantFrom<Rate["mode"]>("up", "down", "half_up", "half_even"),
    precision: fc.constant(precision),
  })
);

const seconds = fc.oneof(fc.bigInt(0n, 14_400n), fc.bigInt(0n, 120n), fc.bigInt(0n, 1_000_000n));

/** Amounts of every size, half of them at the very edge of what some number of seconds costs. */
const amount = (rate: Rate) =>
  fc.oneof(
    fc.tuple(seconds, fc.bigInt(-1n, 1n)).map(([seconds, off]) => cost(seconds, rate) + off).filter((
      micros,
    ) => micros >= 0n),
    fc.bigInt(0n, 100_000_000n),
    fc.bigInt(0n, ENDLESS),
  );

const oneCase: fc.Arbitrary<Case> = rate.chain((rate) =>
  fc.record({ rate: fc.constant(rate), seconds, amount: amount(rate) })
);

async function inDatabase(cases: Case[]) {
  const input = cases.map(({ rate, seconds, amount }, n) => ({
    n,
    seconds: String(seconds),
    amount: String(amount),
    rate: {
      rate_plan: "any",
      prefix: "",
      per_minute_micros: String(rate.perMinute),
      connection_fee_micros: String(rate.connectionFee),
      initial_increment_seconds: String(rate.initial),
      increment_seconds: String(rate.increment),
      free_seconds: String(rate.free),
      minimum_charge_micros: String(rate.minimum),
      rounding_mode: rate.mode,
      precision_micros: String(rate.precision),
    },
  }));
  return await sql`
    select private.billed_seconds(c.seconds, r)::text as billed, private.full_increments(c.seconds, r)::text as full,
      private.call_cost(private.full_increments(c.seconds, r), r)::text as cost_of_full, private.call_cost(c.seconds, r)::text as cost,
      private.call_cost(c.seconds + 1, r)::text as cost_of_one_more, m.longest::text,
      private.call_cost(m.longest, r)::text as cost_of_longest,
      case when r.per_minute_micros > 0 then private.call_cost(m.longest + 1, r)::text end as cost_past_longest
    from jsonb_to_recordset(${sql.json(input)}) as c (n integer, seconds bigint, amount bigint, rate jsonb),
      jsonb_populate_record(null::public.rates, c.rate) r,
      lateral (select private.max_seconds(c.amount, r) as longest) m
    order by c.n`;
}

/** A thousand cases at once: one query answers them all. */
const cases = (
  name: string,
  compare: (each: Case, row: Record<string, string>) => void,
): Property<Case[]> => ({
  name,
  arbitrary: fc.array(oneCase, { minLength: 1, maxLength: 1000, size: "max" }),
  holds: async (cases) => {
    const rows = await inDatabase(cases);
    cases.forEach((each, index) => compare(each, rows[index]!));
  },
  parts: (cases) => cases,
  withParts: (_, cases) => cases as Case[],
});

const limits = { runs: 40, seconds: 6, atLeast: 3 };

Deno.test("For any rate, the cost is what whole-number arithmetic says, and more time never costs less", async () => {
  const costs = cases("costs", ({ rate, seconds }, row) => {
    assert.equal(BigInt(row.billed!), billedSeconds(seconds, rate), "billed seconds");
    assert.equal(BigInt(row.cost!), cost(seconds, rate), "cost");
    assert.equal(BigInt(row.full!), increments(seconds, rate), "whole increments");
    assert.equal(
      BigInt(row.cost_of_full!),
      cost(seconds, rate),
      "talking on to the end of the increment is paid for",
    );
    assert.ok(BigInt(row.cost_of_one_more!) >= BigInt(row.cost!), "another second never costs less");
  });
  await check(costs, limits);
});

Deno.test("For any rate and amount, max_seconds is the last second that the amount pays for", async () => {
  const longestCalls = cases("longest", ({ rate, amount }, row) => {
    assert.equal(BigInt(row.longest!), longest(amount, rate), "the longest call");
    assert.ok(BigInt(row.cost_of_longest!) <= amount, "is paid for");
    if (rate.perMinute > 0n) assert.ok(BigInt(row.cost_past_longest!) > amount, "and a second more is not");
  });
  await check(longestCalls, limits);
});
