// A plan with fifty thousand prefixes: loading its sheet, and finding the rate of a number.
import type { Sql } from "postgres";
import { type Bench, onServer, type Part, type Server } from "../part.ts";
import { type Report, spread } from "../report.ts";

const PREFIXES = 50_000;

export const rates: Part = {
  name: "rates",
  about: "a plan of 50 000 prefixes: lookup and load",
  run: (bench) => onServer((server) => measureRates(bench, server)),
};

/** Prefixes of five and six digits, as real sheets have them, and one for each first digit. */
function sheet(prefixes: number): string {
  const lines = ["prefix,per_minute,connection_fee,initial_increment,increment"];
  for (let digit = 1; digit <= 9; digit++) lines.push(`${digit},0.9,0,60,60`);
  for (let i = 0; lines.length <= prefixes; i++) lines.push(`${100_000 + i * 17},0.${10 + i % 89},0,60,6`);
  return lines.join("\n");
}

/** Microseconds of one lookup, in a loop on the server so that no round trip is counted. */
async function timeLookups(sql: Sql, lookups: number): Promise<number> {
  const [row] = await sql`
    with begun as materialized (select clock_timestamp() as at),
    found as materialized (
      select count(private.find_rate('bench', '+' || (100000000000 + (random() * 850000000000)::bigint), now())) as n
      from generate_series(1, ${lookups}::integer), begun)
    select extract(epoch from clock_timestamp() - begun.at)::float8 * 1e6 / found.n as micros from begun, found`;
  return row!.micros;
}

async function measureRates({ quick, log }: Bench, { sql }: Server): Promise<Report[]> {
  const prefixes = quick ? 2000 : PREFIXES;
  await sql`insert into public.rate_plans (code, name) values ('bench', 'Benchmark')`;
  const loads: number[] = [];
  log(`rates: loading a sheet of ${prefixes} lines`);
  for (let version = 0; version < 3; version++) {
    const before = performance.now();
    const [row] = await sql`select public.load_rate_sheet('bench', ${sheet(prefixes)}) as answer`;
    loads.push((performance.now() - before) / 1000);
    if (row!.answer.loaded !== prefixes) {
      throw new Error(`The sheet did not load: ${JSON.stringify(row!.answer)}`);
    }
  }
  await sql`analyze public.rates`;
  const lookups: number[] = [];
  for (let round = 0; round < 5; round++) lookups.push(await timeLookups(sql, quick ? 500 : 20_000));
  return [{
    title: `A rate plan of ${prefixes} prefixes`,
    rows: [
      {
        label: "finding the rate of a number",
        value: spread(lookups, (value) => `${value.toFixed(0)} µs`),
        target: "< 1000 µs",
        met: lookups.every((value) => value < 1000),
      },
      { label: "loading the sheet", value: spread(loads, (value) => `${value.toFixed(2)} s`) },
    ],
    note:
      "Random numbers, three versions of every prefix in the table. Median of 5 rounds of lookups and of 3 loads (least to most).",
  }];
}
