// What every part of the benchmark is given.
import type { Sql } from "postgres";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { sql as connect } from "../support/stack.ts";
import type { Report } from "./report.ts";

export interface Bench {
  /** A short run, to see that it works. */
  quick: boolean;
  log(line: string): void;
}

export interface Part {
  name: string;
  about: string;
  needsPgbench?: boolean;
  run(bench: Bench): Promise<Report[]>;
}

export interface Server {
  stack: Stack;
  sql: Sql;
  /** The superuser's connection string, for what only the server's keeper may do. */
  adminUrl: string;
}

const giveUp = new AbortController();
const running = new Set<Promise<unknown>>();

export const isGivenUp = (): boolean => giveUp.signal.aborted;

/** Stops and removes what is still there, when a run is given up. */
export async function removeServers(): Promise<void> {
  giveUp.abort();
  await Promise.allSettled(running);
}

/** A stack of its own with nothing in it, removed afterwards. Its books must be right when the work is done. */
export function onServer<T>(work: (server: Server) => Promise<T>): Promise<T> {
  const done = workOnServer(work);
  running.add(done);
  return done.finally(() => running.delete(done));
}

async function workOnServer<T>(work: (server: Server) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "talktime-bench-" });
  try {
    const stack = await startStack({
      dataDir: folder,
      ports: "free",
      scheduler: false,
      signal: giveUp.signal,
    });
    const sql = connect(stack.env);
    try {
      const adminUrl = stack.env.DB_URL.replace("//postgres:", "//supabase_admin:");
      const result = await Promise.race([work({ stack, sql, adminUrl }), givenUp()]);
      await requireIntegrity(sql);
      return result;
    } finally {
      await sql.end();
      await stack.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const givenUp = () =>
  new Promise<never>((_, reject) =>
    giveUp.signal.addEventListener("abort", () => reject(giveUp.signal.reason))
  );

async function requireIntegrity(sql: Sql): Promise<void> {
  const violations = await sql`select violation, details from private.check_integrity() limit 3`;
  if (violations.length > 0) {
    throw new Error(`The books are wrong after the measurement: ${JSON.stringify(violations)}`);
  }
}

/** The same on every run and told from its number alone, so that a pgbench script can name it. */
export const walletId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** The same in SQL, from a pgbench variable. */
export const WALLET = "('00000000-0000-4000-8000-' || lpad(:n::text, 12, '0'))::uuid";

/** Opens the wallets numbered so, each with credit in a number of equal grants. */
export async function openWallets(
  sql: Sql,
  [from, to]: [number, number],
  grants = 1,
  micros = 1_000_000_000_000,
): Promise<void> {
  await sql.begin(async (own) => {
    await own`insert into auth.users (id)
      select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid from generate_series(${from}::integer, ${to}::integer) n`;
    await own`select private.grant_credit(('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'adjustment', 'adjustment',
        ${micros}, 'adjustment', 'Credit for a benchmark', p_expires_at => now() + make_interval(days => 100 + g))
      from generate_series(${from}::integer, ${to}::integer) n, generate_series(1, ${grants}::integer) g`;
  });
  await analyze(sql);
}

/** Autovacuum would come to it by itself, in the middle of a measurement. */
export async function analyze(sql: Sql): Promise<void> {
  await sql`vacuum (analyze) public.users, public.transactions, public.credit_grants, public.grant_entries, public.call_logs`;
}

/** Seconds of processor time the server and all its processes have used, those that have ended included. */
export async function serverSeconds(sql: Sql): Promise<number> {
  const postmaster = await postmasterOf(sql);
  let ticks = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    // The name of the program stands in brackets and may hold spaces; what follows does not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    if (Number(name) === postmaster) ticks += sum(fields.slice(11, 15));
    else if (fields[1] === postmaster) ticks += sum(fields.slice(11, 13));
  }
  return ticks / 100;
}

async function postmasterOf(sql: Sql): Promise<number> {
  const [row] = await sql`select pg_backend_pid() as pid`;
  const stat = await Deno.readTextFile(`/proc/${row!.pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
