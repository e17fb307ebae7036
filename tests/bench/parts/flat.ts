// Ten million journal rows: does a call cost what it costs in an empty database, and a page of history what it costs at its top?
import type { Sql } from "postgres";
import postgres from "postgres";
import { analyze, type Bench, onServer, openWallets, type Part, type Server, walletId } from "../part.ts";
import { type Measurement, pgbench } from "../pgbench.ts";
import { median, milliseconds, perSecond, ratio, type Report, spread } from "../report.ts";
import { callScript } from "./call.ts";

const WALLETS = 10_000;
const LINES = 1000;
const LONG_LINES = 100_000;
const CLIENTS = 8;

export const flat: Part = {
  name: "flat",
  about: "10 000 000 journal rows and 1 000 000 calls beside an empty database",
  needsPgbench: true,
  run: (bench) => onServer((empty) => onServer((full) => measureFlat(bench, empty, full))),
};

/**
 * History for wallets that have one grant each: every line takes a cent and a half from it, every tenth is a call's. Foreign keys are not
 * checked row by row while it is written; the books are checked as a whole afterwards.
 */
async function writeHistory(adminUrl: string, [from, to]: [number, number], lines: number): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`set session_replication_role = replica`;
    await sql`set synchronous_commit = off`;
    for (let first = from; first <= to; first += 1000) {
      await writeSlice(sql, first, Math.min(first + 999, to), lines);
    }
  } finally {
    await sql.end();
  }
}

async function writeSlice(sql: Sql, first: number, last: number, lines: number): Promise<void> {
  await sql.begin(async (own) => {
    await own`create temp table slice on commit drop as
      select u.id as user_id, l as line, 'h' || l as call_id, now() - make_interval(mins => (${lines} - l)::integer) as at
      from public.users u, generate_series(2, ${lines}::bigint) l
      where u.id between ${walletId(first)} and ${walletId(last)} order by u.id, l`;
    await own`insert into public.call_logs (user_id, id, status, end_reason, settled_by, destination_masked, destination_ciphertext, rate,
        started_at, answered_at, ended_at, duration_seconds, billed_seconds, authorized_seconds, cost_micros)
      select s.user_id, s.call_id, 'ended', 'completed', 'caller', '+1415•••2671', decode(repeat('5a', 32), 'hex'), r,
        s.at - interval '60 seconds', s.at - interval '60 seconds', s.at, 60, 60, 300, r.per_minute_micros
      from slice s, public.rates r where s.line % 10 = 0 and r.rate_plan = 'standard' and r.prefix = ''`;
    await own`insert into public.transactions (user_id, line, kind, amount_micros, counter_account, balance_after_micros, call_id, description, created_at)
      select s.user_id, s.line, case when s.line % 10 = 0 then 'call' else 'adjustment' end, -150000,
        case when s.line % 10 = 0 then 'call_revenue' else 'adjustment' end, g.granted_micros - 150000 * (s.line - 1),
        case when s.line % 10 = 0 then s.call_id end, 'Call to +1415•••2671', s.at
      from slice s join public.credit_grants g on g.user_id = s.user_id and g.id = 1`;
    await own`insert into public.grant_entries (user_id, grant_id, line, amount_micros) select s.user_id, 1, s.line, -150000 from slice s`;
    await own`update public.credit_grants g set remaining_micros = granted_micros - 150000 * (${lines}::bigint - 1)
      where g.user_id between ${walletId(first)} and ${walletId(last)}`;
    await own`update public.users u set last_line = ${lines}::bigint, balance_micros = balance_micros - 150000 * (${lines}::bigint - 1)
      where u.id between ${walletId(first)} and ${walletId(last)}`;
  });
}

/** Milliseconds of a page at some depths of a long history, the slowest depth's median. */
async function timePages(
  page: (line: number) => Promise<unknown>,
  lines: number,
): Promise<number> {
  const medians: number[] = [];
  for (const depth of [1, 0.75, 0.5, 0.25, 0.01]) {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const before = performance.now();
      await page(Math.floor(lines * depth));
      times.push(performance.now() - before);
    }
    medians.push(median(times));
  }
  return Math.max(...medians);
}

async function history(sql: Sql, lines: number): Promise<{ statement: number; calls: number }> {
  const user = walletId(WALLETS);
  const statement = await timePages((line) => sql`select public.get_statement(${line}, 50, ${user})`, lines);
  const starts =
    await sql`select c.started_at from public.call_logs c where c.user_id = ${user} order by c.started_at`;
  const calls = await timePages(
    (line) =>
      sql`select c.id, c.started_at, c.ended_at, c.destination_masked, c.duration_seconds, c.cost_micros from public.call_logs c
      where c.user_id = ${user} and c.started_at < ${
        starts[Math.min(starts.length - 1, Math.floor(line / 10))]!.started_at
      }
      order by c.started_at desc, c.id limit 50`,
    lines,
  );
  return { statement, calls };
}

async function fill({ quick, log }: Bench, empty: Server, full: Server): Promise<number> {
  const lines = quick ? 20 : LINES;
  const long = quick ? 2000 : LONG_LINES;
  log(`flat: writing ${(WALLETS - 1) * lines + long} journal rows`);
  const begun = performance.now();
  for (const { sql } of [empty, full]) await openWallets(sql, [1, WALLETS]);
  const middle = WALLETS / 2;
  await Promise.all([
    writeHistory(full.adminUrl, [1, middle], lines),
    writeHistory(full.adminUrl, [middle + 1, WALLETS - 1], lines),
  ]);
  await writeHistory(full.adminUrl, [WALLETS, WALLETS], long);
  await analyze(full.sql);
  log(`flat: written in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return long;
}

async function measureFlat(bench: Bench, empty: Server, full: Server): Promise<Report[]> {
  const seconds = bench.quick ? 1 : 5;
  const rounds = bench.quick ? 1 : 5;
  const long = await fill(bench, empty, full);
  const measured: { empty: Measurement; full: Measurement }[] = [];
  const run = { script: callScript(WALLETS - 1), clients: CLIENTS, seconds };
  const round = async () => ({
    empty: await pgbench({ ...run, url: empty.stack.env.DB_URL }),
    full: await pgbench({ ...run, url: full.stack.env.DB_URL }),
  });
  bench.log(`flat: ${rounds} rounds in turn`);
  await round();
  for (let i = 0; i < rounds; i++) measured.push(await round());
  const pages = await history(full.sql, long);
  const [size] = await full.sql`select (select count(*) from public.transactions)::integer as lines,
    (select count(*) from public.call_logs)::integer as calls, pg_size_pretty(pg_database_size(current_database())) as size`;
  const kept = measured.map((one) => one.full.perSecond / one.empty.perSecond);
  const page = (label: string, value: number) => ({
    label,
    value: milliseconds(value),
    target: "≤ 5.00 ms",
    met: value <= 5,
  });
  return [{
    title: "Flat: the same call with a long history behind it",
    rows: [
      {
        label: "whole calls, empty database",
        value: spread(measured.map((one) => one.empty.perSecond), perSecond),
      },
      {
        label: "whole calls, full database",
        value: spread(measured.map((one) => one.full.perSecond), perSecond),
      },
      { label: "kept", value: spread(kept, ratio), target: "≥ 0.90", met: median(kept) >= 0.9 },
      page("a page of the statement, slowest depth", pages.statement),
      page("a page of the calls, slowest depth", pages.calls),
    ],
    note:
      `Full: ${size!.lines} journal rows, ${size!.calls} calls, ${
        size!.size
      }. ${WALLETS} wallets in both; two servers, ${CLIENTS} clients, ` +
      `rounds of ${seconds} s in turn, median of ${rounds} (least to most). Pages of 50 from a wallet with ${long} lines, at five depths.`,
  }];
}
