// How much can be talked but not billed: people who share a wallet and hang up only when they are told, on a clock that
// the test moves. The sweeper comes every five seconds, as it is scheduled.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ReservedSql } from "postgres";
import { literal } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { check } from "./check.ts";

const stack = await useStack();
const pool = connect(stack.env, { max: 1 });
const connection: ReservedSql = await pool.reserve();

/** A request at its instant, in a subtransaction as a request has one. */
await connection.unsafe(`
create function pg_temp.ask(p_at timestamptz, p_sql text) returns jsonb language plpgsql as $$
declare
  v_answer jsonb;
begin
  perform private.set_clock(p_at, 0);
  execute p_sql into v_answer;
  return v_answer;
exception when others then
  return jsonb_build_object('refused', sqlerrm);
end
$$`);

Deno.test.afterAll(async () => {
  connection.release();
  await pool.end();
  await stack.stop();
});

const SWEEPER_PERIOD = 5;
/** Before any real call, so that none of those is due. */
const NOON = Date.UTC(2020, 2, 1, 12);

interface Talker {
  /** Seconds after noon. */
  startsAt: number;
  /** Reports when it was told to, or stubbornly at the longest interval. */
  reports: "as told" | "at intervals";
  /** Which part of the wait it really waits; a report may come sooner, never later. */
  haste: number[];
  /** Whether it is told when the sweeper ends the call, or learns of it from its next report. */
  hearsSweeper: boolean;
  /** Seconds after which no report gets through any more. Then only the sweeper is heard. */
  silentAfter: number | null;
}

interface Party {
  interval: number;
  timeout: number;
  grace: number;
  quantum: number;
  maxCall: number;
  plan: "standard" | "prorated";
  creditSeconds: number;
  dailySeconds: number | null;
  sweeperPhase: number;
  talkers: Talker[];
}

const talker: fc.Arbitrary<Talker> = fc.record({
  startsAt: fc.integer({ min: 0, max: 120_000 }).map((ms) => ms / 1000),
  reports: fc.constantFrom("as told", "at intervals", "at intervals"),
  haste: fc.array(fc.constantFrom(1, 1, 0.97, 0.6, 0.31), { minLength: 3, maxLength: 3 }),
  hearsSweeper: fc.boolean(),
  silentAfter: fc.option(fc.integer({ min: 1, max: 200_000 }).map((ms) => ms / 1000), { freq: 2 }),
});

const parties: fc.Arbitrary<Party> = fc.record({
  interval: fc.constantFrom(30, 30, 10),
  timeout: fc.constantFrom(90, 90, 45),
  grace: fc.constantFrom(5, 5, 0),
  quantum: fc.constantFrom(300, 60),
  maxCall: fc.constantFrom(14_400, 14_400, 100),
  plan: fc.constantFrom("prorated", "prorated", "standard"),
  creditSeconds: fc.integer({ min: 60, max: 700 }),
  dailySeconds: fc.option(fc.integer({ min: 60, max: 500 }), { freq: 3 }),
  sweeperPhase: fc.integer({ min: 0, max: 4_999 }).map((ms) => ms / 1000),
  talkers: fc.array(talker, { minLength: 2, maxLength: 5 }),
});

interface Answer {
  refused?: string;
  status: string;
  heartbeat_seconds: number;
  ended: number;
}

interface Call {
  id: string;
  talker: Talker;
  answeredAt: number;
  provenAt: number;
  /** When the next report comes; never, once none gets through. */
  reportsAt: number;
  reports: number;
  stoppedAt: number | null;
}

interface Ended {
  id: string;
  end_reason: string;
  settled_by: string;
  authorized: number;
  duration: number;
  unbilled: number;
  cost: number;
}

const CREDIT_PER_SECOND = 2_500;
const instant = (at: number) => literal(new Date(NOON + Math.round(at * 1000)).toISOString());
const seconds = (value: number) => Math.round(value * 1000) / 1000;

class Evening {
  readonly calls: Call[] = [];
  readonly #user = literal(crypto.randomUUID());

  constructor(readonly party: Party) {}

  async live(): Promise<{ calls: Call[]; ended: Ended[]; violations: unknown[] }> {
    await connection.unsafe(`begin; ${this.#setting()}`);
    try {
      await this.#passTime();
      const ended = await connection.unsafe(
        `select id, end_reason, settled_by, authorized_seconds::integer as authorized,
        duration_seconds::integer as duration, unbilled_seconds::integer as unbilled, cost_micros::float8 as cost
        from public.call_logs where user_id = ${this.#user}`,
      );
      const violations = await connection.unsafe(
        `select violation from private.check_wallets() where user_id = ${this.#user}`,
      );
      return { calls: this.calls, ended: [...ended] as never, violations: [...violations] };
    } finally {
      await connection.unsafe("rollback");
    }
  }

  #setting(): string {
    const { interval, timeout, grace, quantum, maxCall, plan, creditSeconds, dailySeconds } = this.party;
    const settings = {
      heartbeat_interval_seconds: interval,
      heartbeat_timeout_seconds: timeout,
      end_grace_seconds: grace,
      hold_quantum_seconds: quantum,
      max_call_seconds: maxCall,
    };
    return [
      ...Object.entries(settings).map(([name, value]) =>
        `update private.settings set value = '${value}' where name = '${name}'`
      ),
      `select private.set_clock(${instant(0)}, 0)`,
      `insert into auth.users (id) values (${this.#user})`,
      `update public.users set rate_plan = '${plan}', daily_spend_limit_micros = ${
        dailySeconds === null ? "null" : dailySeconds * CREDIT_PER_SECOND
      } where id = ${this.#user}`,
      `select private.grant_credit(${this.#user}, 'adjustment', 'adjustment', ${
        creditSeconds * CREDIT_PER_SECOND
      }, 'adjustment', 'Credit')`,
    ].join("; ");
  }

  async #ask(at: number, sql: string): Promise<Answer> {
    const [row] = await connection.unsafe(`select pg_temp.ask(${instant(at)}, ${literal(sql)}) as answer`);
    return row!.answer;
  }

  get #talking(): Call[] {
    return this.calls.filter((call) => call.stoppedAt === null);
  }

  /** Whatever comes next, one at a time, until everybody has hung up. */
  async #passTime(): Promise<void> {
    const starting = this.party.talkers.toSorted((a, b) => a.startsAt - b.startsAt);
    let sweepsAt = this.party.sweeperPhase;
    while (starting.length > 0 || this.#talking.length > 0) {
      const startsAt = starting[0]?.startsAt ?? Infinity;
      const next = this.#talking.toSorted((a, b) => a.reportsAt - b.reportsAt)[0];
      const reportsAt = next?.reportsAt ?? Infinity;
      if (startsAt <= Math.min(reportsAt, sweepsAt)) await this.#start(starting.shift()!);
      else if (reportsAt <= sweepsAt) await this.#report(next!);
      else {
        await this.#sweep(sweepsAt);
        sweepsAt = seconds(sweepsAt + SWEEPER_PERIOD);
      }
      assert.ok(sweepsAt < 5000, "somebody is never told to hang up");
    }
  }

  async #start(talker: Talker): Promise<void> {
    const id = `call-${this.calls.length}`;
    const at = talker.startsAt;
    const answer = await this.#ask(
      at,
      `select public.start_call('${id}', '+14155552671', ${this.#user}, true)`,
    );
    if (answer.refused) {
      return assert.ok(["insufficient_credit", "daily_limit_reached"].includes(answer.refused));
    }
    const call = {
      id,
      talker,
      answeredAt: at,
      provenAt: at,
      reportsAt: Infinity,
      reports: 0,
      stoppedAt: null,
    };
    this.calls.push(call);
    this.#planReport(call, at, answer.heartbeat_seconds);
  }

  #planReport(call: Call, at: number, told: number): void {
    const { reports, haste, silentAfter } = call.talker;
    const wait = (reports === "as told" ? told : this.party.interval) * haste[call.reports++ % haste.length]!;
    const next = seconds(at + wait);
    call.reportsAt = silentAfter !== null && next > call.answeredAt + silentAfter ? Infinity : next;
  }

  async #report(call: Call): Promise<void> {
    const at = call.reportsAt;
    const answer = await this.#ask(at, `select public.extend_call('${call.id}', ${this.#user})`);
    if (answer.status === "ended") return await this.#hangUp(call, at);
    call.provenAt = at;
    this.#planReport(call, at, answer.heartbeat_seconds);
  }

  async #sweep(at: number): Promise<void> {
    const { ended } = await this.#ask(at, "select public.sweep_calls()");
    if (ended === 0) return;
    const rows = await connection.unsafe(
      `select id from public.call_logs where user_id = ${this.#user} and status = 'ended'`,
    );
    for (const call of this.#talking.filter(({ id }) => rows.some((row) => row.id === id))) {
      if (call.talker.hearsSweeper || call.reportsAt === Infinity) await this.#hangUp(call, at);
    }
  }

  /** Told that it is over, it stops talking and says so. */
  async #hangUp(call: Call, at: number): Promise<void> {
    call.stoppedAt = at;
    const answer = await this.#ask(
      at,
      `select public.end_call('${call.id}', 'completed', null, ${this.#user})`,
    );
    assert.equal(answer.status, "ended");
  }
}

/** The longest that was talked without being billed, by who it was. */
const worst = { told: 0, swept: 0, silent: 0 };
const ends = new Map<string, number>();

function judge(party: Party, call: Call, end: Ended): void {
  const { interval, timeout, grace } = party;
  const talked = seconds(call.stoppedAt! - call.answeredAt);
  const within = Math.min(Math.ceil(talked), end.authorized);
  const past = Math.max(0, Math.floor(seconds(talked - end.authorized)));
  const proven = Math.ceil(seconds(call.provenAt - call.answeredAt));
  const lost = end.end_reason === "heartbeat_lost";
  const what = `${call.id}, ${end.end_reason} by ${end.settled_by} after ${talked} s of ${end.authorized} s`;

  // What is billed and what is not are together what was talked, to the second.
  assert.deepEqual(
    [end.duration, end.unbilled],
    lost ? [proven, within + past - proven] : [within, past],
    what,
  );
  const silent = call.reportsAt === Infinity;
  if (lost) assert.ok(silent, `${what}: it reported as it should`);
  const bound = silent ? timeout + SWEEPER_PERIOD : interval + SWEEPER_PERIOD + grace;
  assert.ok(end.unbilled <= bound, `${what}: ${end.unbilled} s are unbilled, more than ${bound}`);
  // Who is told by the sweeper does not talk on until the next report.
  const swept = end.settled_by === "sweeper" && !lost && (silent || call.talker.hearsSweeper);
  if (swept) {
    assert.ok(end.unbilled <= SWEEPER_PERIOD + grace, `${what}: the sweeper came after ${end.unbilled} s`);
  }
  const who = lost ? "silent" : swept ? "swept" : "told";
  worst[who] = Math.max(worst[who], end.unbilled);
  ends.set(end.end_reason, (ends.get(end.end_reason) ?? 0) + 1);
}

Deno.test("What is talked but not billed stays within the bound for each call, and is known to the second", async () => {
  await check<Party>({
    name: "bound",
    arbitrary: parties,
    holds: async (party) => {
      const { calls, ended, violations } = await new Evening(party).live();
      assert.equal(ended.length, calls.length);
      for (const call of calls) judge(party, call, ended.find(({ id }) => id === call.id)!);
      const charged = ended.reduce((sum, { cost }) => sum + cost, 0);
      assert.ok(charged <= party.creditSeconds * CREDIT_PER_SECOND, `${charged} micros were charged`);
      assert.ok(party.dailySeconds === null || charged <= party.dailySeconds * CREDIT_PER_SECOND);
      assert.deepEqual(violations, []);
    },
    parts: ({ talkers }) => talkers,
    withParts: (party, talkers) => ({ ...party, talkers: talkers as Talker[] }),
  }, { runs: 120, seconds: 20, atLeast: 20 });

  // It was worth measuring: some were cut off by every limit, late enough to tell.
  if (Deno.env.get("TALKTIME_SEED")?.includes("/")) return;
  for (const reason of ["credit_exhausted", "heartbeat_lost", "time_limit", "daily_limit"]) {
    assert.ok(ends.has(reason), `no call ended by ${reason}`);
  }
  assert.ok(worst.told >= 10 && worst.swept >= 5 && worst.silent >= 45, JSON.stringify(worst));
});
