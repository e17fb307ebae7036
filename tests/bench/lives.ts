// What is measured: the life of a call, whole and by its steps, over SQL and over the Data API, beside the least that a round
// trip and a durable write take on the same machine in the same minute.
import type { ReservedSql, Sql } from "postgres";
import { addCredit, DESTINATION, openWallets } from "../support/wallets.ts";
import { admin, sql as connect, type StackEnv } from "../support/stack.ts";
import { type Comparison, measure, type Measured, type Work } from "./measure.ts";

export interface Options {
  env: StackEnv;
  seconds: number;
  workers: number[];
  log(line: string): void;
}

/** Asks one step of a call's life. */
type Ask = (step: Step, callId: string, userId: string) => Promise<unknown>;
const STEPS = ["start_call", "answer_call", "extend_call", "end_call"] as const;
type Step = typeof STEPS[number];

const overSql = (connection: ReservedSql): Ask => (step, callId, userId) =>
  step === "start_call"
    ? connection`select public.start_call(${callId}, ${DESTINATION}, ${userId})`
    : step === "answer_call"
    ? connection`select public.answer_call(${callId}, ${userId})`
    : step === "extend_call"
    ? connection`select public.extend_call(${callId}, ${userId})`
    : connection`select public.end_call(call_id => ${callId}, user_id => ${userId})`;

function overDataApi(env: StackEnv): Ask {
  const client = admin(env);
  return async (step, callId, userId) => {
    const number = step === "start_call" ? { destination: DESTINATION } : {};
    const { error } = await client.rpc(step, { call_id: callId, user_id: userId, ...number });
    if (error) throw new Error(`${step}: ${error.message}`);
  };
}

async function walletsWithCredit(sql: Sql, count: number): Promise<string[]> {
  const wallets = await openWallets(sql, count);
  for (const userId of wallets) await addCredit(sql, userId, 1_000_000_000_000);
  return wallets;
}

async function wholeLife(ask: Ask, userId: string): Promise<void> {
  const callId = crypto.randomUUID();
  for (const step of STEPS) await ask(step, callId, userId);
}

/** Lives call after call and notes how long each step took. */
function steps(ask: Ask, userId: string, note: (step: Step, milliseconds: number) => void): Work {
  return async () => {
    const callId = crypto.randomUUID();
    for (const step of STEPS) {
      const before = performance.now();
      await ask(step, callId, userId);
      note(step, performance.now() - before);
    }
  };
}

/** The steps of a life, each measured by itself. */
async function measureSteps(
  via: string,
  asks: Ask[],
  wallets: string[],
  seconds: number,
): Promise<Measured[]> {
  const noted = new Map<Step, number[]>(STEPS.map((step) => [step, []]));
  const note = (step: Step, milliseconds: number) => noted.get(step)!.push(milliseconds);
  await measure("", via, asks.map((ask, index) => steps(ask, wallets[index]!, note)), seconds);
  return [...noted].map(([step, times]) => ({
    what: `  ${step}`,
    via,
    workers: asks.length,
    perSecond: times.length / (seconds * 1.1),
    times: Float64Array.from(times).sort(),
  }));
}

/** All rows of one way and one number of workers, each beside its baseline. */
async function compare(
  via: string,
  asks: Ask[],
  baseline: Measured,
  sql: Sql,
  seconds: number,
): Promise<Comparison[]> {
  const wallets = await walletsWithCredit(sql, asks.length);
  const life = await measure(
    "a call's life",
    via,
    asks.map((ask, i) => () => wholeLife(ask, wallets[i]!)),
    seconds,
  );
  const rows = [life, ...await measureSteps(via, asks, wallets, seconds)];
  // These calls ring until they are swept; nothing is measured on their wallets after them.
  rows.push(
    await measure(
      "start_call alone",
      via,
      asks.map((ask, i) => () => ask("start_call", crypto.randomUUID(), wallets[i]!)),
      seconds,
    ),
  );
  if (asks.length > 1) {
    const [shared] = await walletsWithCredit(sql, 1);
    rows.push(
      await measure("a life, one wallet", via, asks.map((ask) => () => wholeLife(ask, shared!)), seconds),
    );
  }
  return rows.map((measured) => ({ measured, baseline }));
}

async function benchSql({ env, seconds, log }: Options, workers: number, sql: Sql): Promise<Comparison[]> {
  const pool = connect(env, { max: workers });
  const connections = await Promise.all(
    Array.from({ length: workers }, () => pool.reserve()),
  ) as ReservedSql[];
  try {
    log(`SQL, ${workers} at once`);
    const roundTrip = await measure(
      "select 1",
      "SQL",
      connections.map((own) => () => own`select 1`),
      seconds,
    );
    const writes = connections.map((own, id) => () =>
      own`update bench.counters set n = n + 1 where id = ${id}`
    );
    const write = await measure("update of one row", "SQL", writes, seconds);
    const rows = await compare("SQL", connections.map(overSql), write, sql, seconds);
    return [{ measured: roundTrip }, { measured: write, baseline: write }, ...rows];
  } finally {
    for (const own of connections) own.release();
    await pool.end();
  }
}

async function benchDataApi(
  { env, seconds, log }: Options,
  workers: number,
  sql: Sql,
): Promise<Comparison[]> {
  log(`Data API (${env.REST_ENGINE}), ${workers} at once`);
  const client = admin(env);
  const read = async () => {
    const { error } = await client.from("rate_plans").select("code").limit(1);
    if (error) throw new Error(error.message);
  };
  const baseline = await measure("read of one row", "HTTP", Array(workers).fill(read), seconds);
  const asks = Array.from({ length: workers }, () => overDataApi(env));
  return [{ measured: baseline, baseline }, ...await compare("HTTP", asks, baseline, sql, seconds)];
}

export async function bench(options: Options): Promise<{ comparisons: Comparison[]; violations: number }> {
  const sql = connect(options.env);
  try {
    await sql`create schema if not exists bench`;
    await sql`create table if not exists bench.counters (id integer primary key, n bigint not null default 0)`;
    await sql`insert into bench.counters (id) select generate_series(0, 99) on conflict do nothing`;
    const comparisons: Comparison[] = [];
    for (const workers of options.workers) comparisons.push(...await benchSql(options, workers, sql));
    for (const workers of options.workers) comparisons.push(...await benchDataApi(options, workers, sql));
    const [row] = await sql`select count(*)::integer as count from private.check_integrity()`;
    return { comparisons, violations: row!.count };
  } finally {
    await sql.end();
  }
}
