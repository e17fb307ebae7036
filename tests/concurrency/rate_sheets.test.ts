// Rate sheets loaded while calls start: a call has one version of its price, whole, and keeps it.
import assert from "node:assert/strict";
import { answers, Crowd, literal, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { addCredit, assertIntegrity, DESTINATION, openWallets } from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 40);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

async function newPlan(): Promise<string> {
  const code = `race_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
  await sql`insert into public.rate_plans (code, name) values (${code}, 'Race')`;
  return code;
}

/** Each version differs from every other in all it says, so that a mixture would show. */
const versionOf = (n: number) => ({
  per_minute_micros: 100_000 + 60 * n,
  connection_fee_micros: 1000 + n,
  initial_increment_seconds: 10 + n,
  increment_seconds: 20 + n,
  free_seconds: n,
  minimum_charge_micros: 100 + n,
});

function sheetOf(n: number, prefixes: string[]): string {
  const { per_minute_micros, connection_fee_micros, minimum_charge_micros, ...seconds } = versionOf(n);
  const amount = (micros: number) => (micros / 1_000_000).toFixed(6);
  const fields = [
    amount(per_minute_micros),
    amount(connection_fee_micros),
    ...Object.values(seconds),
    amount(minimum_charge_micros),
  ];
  const header = "prefix,per_minute,connection_fee,initial_increment,increment,free_seconds,minimum_charge";
  return [header, ...prefixes.map((prefix) => [prefix, ...fields].join())].join("\n");
}

const load = (plan: string, sheet: string, from: string | null = null) =>
  `select public.load_rate_sheet(${literal(plan)}, ${literal(sheet)}, ${literal(from)}) as answer`;

const said = (rate: Record<string, unknown>) =>
  Object.fromEntries(Object.keys(versionOf(0)).map((key) => [key, rate[key]]));

Deno.test("A sheet is loaded while calls start: each has the old version or the new one, whole, and holds what it costs", async () => {
  const plan = await newPlan();
  const wallets = await openWallets(sql, 36);
  for (const userId of wallets) await addCredit(sql, userId, 100_000_000);
  await sql`update public.users set rate_plan = ${plan} where id = any (${wallets})`;
  await sql.unsafe(load(plan, sheetOf(0, ["", "1415"])));
  const seen = new Set<number>();
  for (let round = 1; round <= 6; round++) {
    // The new sheet comes with a longer prefix still in every second round.
    const prefixes = round % 2 ? ["", "1415"] : ["", "1415", "1415555"];
    const start = (userId: string) =>
      rpc("start_call", { call_id: `call-${round}`, destination: DESTINATION, user_id: userId });
    const statements = wallets.map(start);
    statements.splice(round * 5, 0, load(plan, sheetOf(round, prefixes)));
    const outcomes = await crowd.rush(statements);
    assert.deepEqual(tally(outcomes), { ok: 37 });

    for (const call of answers(outcomes).filter((answer) => answer.call_id)) {
      const version = call.rate.free_seconds;
      // A longer prefix of an older sheet goes before a shorter one of a newer.
      assert.ok(version === round || version >= round - 2, `version ${version} in round ${round}`);
      assert.deepEqual(said(call.rate), versionOf(version));
      seen.add(version);
    }
    const [wrong] = await sql`select count(*)::integer as count from public.call_logs c
      where c.user_id = any (${wallets}) and c.status <> 'ended'
        and c.hold_micros <> private.call_cost(c.authorized_seconds, c.rate)`;
    assert.equal(wrong!.count, 0);
    const ends = wallets.map((userId) =>
      rpc("end_call", { call_id: `call-${round}`, user_id: userId, reason: "canceled" })
    );
    await crowd.rush(ends);
  }
  assert.ok(seen.size >= 3, `versions seen: ${[...seen]}`);
  await assertIntegrity(sql);
});

Deno.test("Sheets for one instant are loaded at once, each in another order: none deadlocks, and one of them is there, whole", async () => {
  const plan = await newPlan();
  const prefixes = Array.from({ length: 400 }, (_, n) => String(100 + n));
  const turned = (by: number) =>
    by % 2 ? prefixes.toReversed() : [...prefixes.slice(by), ...prefixes.slice(0, by)];
  for (let round = 0; round < 3; round++) {
    const loads = Array.from(
      { length: 12 },
      (_, n) => load(plan, sheetOf(n, turned(n * 37)), `2099-01-0${round + 1}T00:00:00Z`),
    );
    const outcomes = await crowd.rush(loads);
    assert.deepEqual(tally(outcomes), { ok: 12 });
    assert.ok(answers(outcomes).every((answer) => answer.loaded === 400));
    const rows =
      await sql`select distinct free_seconds::integer as version, count(*) over ()::integer as count
      from public.rates where rate_plan = ${plan} and effective_from = ${`2099-01-0${round + 1}T00:00:00Z`}`;
    assert.deepEqual([rows.length, rows[0]!.count], [1, 400]);
  }
});

Deno.test("Twenty sessions fill one empty plan from before at once: one does, for the others it has begun", async () => {
  for (let round = 0; round < 3; round++) {
    const plan = await newPlan();
    const outcomes = await crowd.rush(
      Array.from(
        { length: 20 },
        (_, n) =>
          `insert into public.rates (rate_plan, prefix, per_minute_micros, initial_increment_seconds, increment_seconds)
        values (${literal(plan)}, '${10 + n}', 1, 60, 60), (${literal(plan)}, '${50 + n}', 1, 60, 60)
        returning 1 as answer`,
      ),
    );
    assert.deepEqual(tally(outcomes), { ok: 1, rate_published: 19 });
    const [row] = await sql`select count(*)::integer as rates from public.rates where rate_plan = ${plan}`;
    assert.equal(row!.rates, 2);
  }
});
