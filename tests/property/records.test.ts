// Call records in any order: shuffled, doubled and cut into any batches, they end as the same calls, the same charges and the
// same balances, as long as there is credit for all.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ReservedSql } from "postgres";
import { literal } from "../support/load.ts";
import { billedSeconds, cost, type Rate } from "../support/rates.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { check } from "./check.ts";

const stack = await useStack();
const pool = connect(stack.env, { max: 1 });
const connection: ReservedSql = await pool.reserve();

Deno.test.afterAll(async () => {
  connection.release();
  await pool.end();
  await stack.stop();
});

interface Told {
  person: number;
  call: number;
  minutesAgo: number;
  seconds: number;
  number: number;
}

interface Delivery {
  told: Told[];
  /** Where each record is delivered, as often as it is: positions in one long row that is then cut. */
  places: number[][];
  cuts: number[];
}

const PEOPLE = 3;
const CREDIT = 1_000_000_000n;
const NUMBERS = ["+14155552671", "+442071838750"];
const PLAIN: Rate = {
  ...{ perMinute: 150_000n, connectionFee: 0n, initial: 60n, increment: 60n, free: 0n, minimum: 0n },
  ...{ mode: "up", precision: 1n },
};
/** The seed's general price, and a dearer one for +44 that came into force an hour ago. */
const DEARER: Rate = {
  ...PLAIN,
  perMinute: 299_999n,
  connectionFee: 10_000n,
  free: 3n,
  initial: 1n,
  increment: 1n,
};
const rateOf = ({ number, minutesAgo }: Told) => number === 1 && minutesAgo <= 60 ? DEARER : PLAIN;

const deliveries: fc.Arbitrary<Delivery> = fc.uniqueArray(
  fc.record({
    person: fc.nat({ max: PEOPLE - 1 }),
    call: fc.nat({ max: 30 }),
    minutesAgo: fc.integer({ min: 10, max: 130 }),
    seconds: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constantFrom(0, 1, 60, 61)),
    number: fc.nat({ max: 1 }),
  }),
  { selector: ({ person, call }) => `${person}/${call}`, minLength: 1, maxLength: 40, size: "max" },
).chain((told) =>
  fc.record({
    told: fc.constant(told),
    places: fc.tuple(...told.map(() => fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 3 }))),
    cuts: fc.array(fc.nat({ max: 1000 }), { maxLength: 5 }),
  })
);

/** The records in the order they are delivered, batch by batch. */
function batchesOf({ told, places, cuts }: Delivery): Told[][] {
  const row = told.flatMap((record, index) => places[index]!.map((place) => ({ record, place })))
    .sort((a, b) => a.place - b.place);
  const borders = [-1, ...cuts.toSorted((a, b) => a - b), Infinity];
  return borders.slice(1).map((end, index) =>
    row.filter(({ place }) => place > borders[index]! && place <= end).map(({ record }) => record)
  ).filter((batch) => batch.length > 0);
}

interface Imported {
  outcomes: { charged: number; replayed: number; refused: unknown[] }[];
  calls: Record<string, unknown>[];
  wallets: { balance: number; lines: number; violations: number }[];
}

async function imported(delivery: Delivery, users: string[]): Promise<Imported> {
  const now = Date.UTC(2026, 2, 29, 2, 30); // between the hour that Europe leaves out and the one after
  const written = (batch: Told[]) =>
    batch.map(({ person, call, minutesAgo, seconds, number }) => ({
      user_id: users[person],
      call_id: `cdr-${call}`,
      destination: NUMBERS[number],
      started_at: new Date(now - minutesAgo * 60_000).toISOString(),
      duration_seconds: seconds,
    }));
  const ours = `user_id = any (${literal(users)}::uuid[])`;
  await connection.unsafe(
    `begin; set local timezone to 'Europe/Berlin'; select private.set_clock('${
      new Date(now).toISOString()
    }', 0);
    insert into public.rate_plans (code, name) values ('records', 'Records');
    insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, connection_fee_micros, initial_increment_seconds,
      increment_seconds, free_seconds) values ('records', '', '-infinity', 150000, 0, 60, 60, 0),
      ('records', '44', private.clock() - interval '1 hour', 299999, 10000, 1, 1, 3);
    insert into auth.users (id) select unnest(${literal(users)}::uuid[]);
    update public.users set rate_plan = 'records' where id = any (${literal(users)}::uuid[]);
    select private.grant_credit(id, 'adjustment', 'adjustment', ${CREDIT}, 'adjustment', 'Records')
      from unnest(${literal(users)}::uuid[]) id`,
  );
  try {
    const outcomes = [];
    for (const batch of batchesOf(delivery)) {
      const [row] = await connection.unsafe(
        `select public.import_call_records(${literal(JSON.stringify(written(batch)))}::jsonb) as answer`,
      );
      outcomes.push(row!.answer);
    }
    const calls = await connection.unsafe(
      `select array_position(${literal(users)}::uuid[], user_id) - 1 as person, id,
      duration_seconds::integer as seconds, billed_seconds::integer as billed, cost_micros::float8 as cost,
      unbilled_seconds::integer as unbilled, (select count(*)::integer from public.transactions t
        where t.user_id = c.user_id and t.call_id = c.id) as charges
      from public.call_logs c where ${ours} order by 1, substr(id, 5)::integer`,
    );
    const wallets = await connection.unsafe(
      `select u.balance_micros::float8 as balance, u.last_line::integer as lines,
      (select count(*)::integer from private.check_wallets() v where v.user_id = u.id) as violations
      from public.users u where u.id = any (${literal(users)}::uuid[]) order by array_position(${
        literal(users)
      }::uuid[], u.id)`,
    );
    return { outcomes, calls: [...calls], wallets: [...wallets] as never };
  } finally {
    await connection.unsafe("rollback");
  }
}

Deno.test("Records shuffled, doubled and cut into any batches end as the same calls, charges and balances", async () => {
  await check<Delivery>({
    name: "records",
    arbitrary: deliveries,
    holds: async (delivery) => {
      const users = Array.from({ length: PEOPLE }, () => crypto.randomUUID());
      const { outcomes, calls, wallets } = await imported(delivery, users);
      const price = (record: Told) => cost(BigInt(record.seconds), rateOf(record));
      const expected = delivery.told.toSorted((a, b) => a.person - b.person || a.call - b.call);
      assert.deepEqual(
        calls.map((call) => ({ ...call })),
        expected.map((record) => ({
          person: record.person,
          id: `cdr-${record.call}`,
          seconds: record.seconds,
          billed: Number(billedSeconds(BigInt(record.seconds), rateOf(record))),
          cost: Number(price(record)),
          unbilled: 0,
          charges: price(record) > 0n ? 1 : 0,
        })),
      );
      assert.deepEqual(
        wallets.map((wallet) => ({ ...wallet })),
        users.map((_, person) => {
          const prices = expected.filter((record) => record.person === person).map(price);
          const charges = prices.filter((micros) => micros > 0n);
          const balance = charges.reduce((left, micros) => left - micros, CREDIT);
          return { balance: Number(balance), lines: 1 + charges.length, violations: 0 };
        }),
      );
      const sum = (key: "charged" | "replayed") =>
        outcomes.reduce((total, outcome) => total + outcome[key], 0);
      assert.equal(sum("charged"), delivery.told.length);
      assert.equal(sum("charged") + sum("replayed"), delivery.places.flat().length);
      assert.deepEqual(outcomes.flatMap((outcome) => outcome.refused), []);
    },
    parts: ({ told }) => told.map((_, index) => index),
    withParts: (delivery, parts) => ({
      ...delivery,
      told: (parts as number[]).map((index) => delivery.told[index]!),
      places: (parts as number[]).map((index) => delivery.places[index]!),
    }),
  }, { runs: 60, seconds: 8, atLeast: 10 });
});
