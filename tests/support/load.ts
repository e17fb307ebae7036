// Many connections at once: statements that leave a gate together, and what came of each.
import postgres from "postgres";
import type { StackEnv } from "./stack.ts";

/** A value as a SQL literal. Test data only: what a statement sends is written out, so a failure can be pasted into psql. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  if (Array.isArray(value)) return `array[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `${literal(JSON.stringify(value))}::jsonb`;
  return `'${String(value).replaceAll("'", "''")}'`;
}

/** The statement that calls an API function with named arguments, as the Data API would. */
export function rpc(name: string, args: Record<string, unknown> = {}): string {
  const named = Object.entries(args).map(([key, value]) => `${key} => ${literal(value)}`);
  return `select public.${name}(${named.join(", ")}) as answer`;
}

export type Outcome =
  // deno-lint-ignore no-explicit-any -- an answer's shape is the API's; a test reads what it asserts on
  | { ok: true; answer: any }
  | { ok: false; code: string; sqlstate: string; details: string };

/** What came of a statement, with an error as a value. */
export async function outcomeOf(answer: Promise<readonly unknown[]>): Promise<Outcome> {
  try {
    const rows = await answer as { answer?: unknown }[];
    return { ok: true, answer: rows[0]?.answer };
  } catch (error) {
    const { message, code = "", detail = "" } = error as Error & { code?: string; detail?: string };
    return { ok: false, code: message, sqlstate: code, details: detail };
  }
}

/** How often each outcome happened: `{ ok: 3, insufficient_credit: 47 }`. */
export function tally(outcomes: Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const name = outcome.ok ? "ok" : outcome.code;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

// deno-lint-ignore no-explicit-any -- as in Outcome
export const answers = (outcomes: Outcome[]): any[] =>
  outcomes.flatMap((outcome) => outcome.ok ? [outcome.answer] : []);

const GATE = 7_264_001;

/** Connections that are open and idle before a race begins, so that it is the database that is raced. */
export class Crowd {
  private constructor(
    private pool: postgres.Sql,
    readonly members: postgres.ReservedSql[],
    private keeper: postgres.ReservedSql,
  ) {}

  static async gather(env: Pick<StackEnv, "DB_URL">, size: number): Promise<Crowd> {
    const pool = postgres(env.DB_URL, { max: size + 1, onnotice: () => {}, idle_timeout: 0 });
    const all = await Promise.all(Array.from({ length: size + 1 }, () => pool.reserve()));
    return new Crowd(pool, all.slice(1), all[0]!);
  }

  /** Sends one statement per connection. Each waits at a gate in the server; when all are there, it opens. */
  async rush(statements: string[]): Promise<Outcome[]> {
    if (statements.length > this.members.length) throw new Error(`Only ${this.members.length} connections.`);
    await this.keeper`select pg_advisory_lock(${GATE})`;
    const racing = statements.map((statement, index) =>
      // One message, so that nothing but the gate lies between a statement and its start.
      outcomeOf(
        this.members[index]!.unsafe(`select pg_advisory_xact_lock_shared(${GATE}); ${statement}`)
          .then((results) => (results as unknown as unknown[][])[1]!),
      )
    );
    await this.#untilWaiting(statements.length);
    await this.keeper`select pg_advisory_unlock(${GATE})`;
    return await Promise.all(racing);
  }

  async #untilWaiting(count: number): Promise<void> {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      const [row] = await this.keeper`select count(*)::integer as waiting from pg_locks
        where locktype = 'advisory' and not granted and objid = ${GATE}
          and database = (select oid from pg_database where datname = current_database())`;
      if (row!.waiting === count) return;
      await pause(5);
    }
    throw new Error(`Not all of ${count} statements came to the gate.`);
  }

  async close(): Promise<void> {
    for (const member of [...this.members, this.keeper]) member.release();
    await this.pool.end();
  }
}

export const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

/** Numbers from a seed, so that a random load can be run again. */
export function randomNumbers(
  seed: number,
): { below(limit: number): number; pick<T>(items: readonly T[]): T } {
  let state = seed >>> 0;
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)]! };
}

/** The seed of a random load: TALKTIME_SEED where it is a number, so that a failed run can be run again; else another each time. */
export function seedOfRun(): number {
  const given = Deno.env.get("TALKTIME_SEED") ?? "";
  return /^\d+$/.test(given) ? Number(given) : Date.now() % 1_000_000;
}
