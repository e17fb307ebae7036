// The scheduler runs what the migrations schedule, when pg_cron would, and never a job beside itself.
import assert from "node:assert/strict";
import { isDue, parseSchedule } from "../../dev/stack/cron.ts";
import { Scheduler } from "../../dev/stack/scheduler.ts";
import { sql as connect, useStack } from "../support/stack.ts";

const { env, stop } = await useStack();
const sql = connect(env);
const folder = await Deno.makeTempDir({ prefix: "talktime-" });
Deno.test.afterAll(async () => {
  await sql.end();
  await stop();
  await Deno.remove(folder, { recursive: true });
});

const at = (text: string) => new Date(`${text}Z`);

Deno.test("a schedule of five fields is due in its minutes, once each", () => {
  const due = (schedule: string, now: string, last: string | null = null) =>
    isDue(parseSchedule(schedule), at(now), last ? at(last) : null);
  assert.ok(due("* * * * *", "2026-11-25T10:00:30"));
  assert.ok(!due("* * * * *", "2026-11-25T10:00:30", "2026-11-25T10:00:02"));
  assert.ok(due("* * * * *", "2026-11-25T10:01:00", "2026-11-25T10:00:59"));
  assert.ok(due("*/15 * * * *", "2026-11-25T10:45:00") && !due("*/15 * * * *", "2026-11-25T10:46:00"));
  assert.ok(
    due("10-20/5,50 3 * * *", "2026-11-25T03:15:00") && due("10-20/5,50 3 * * *", "2026-11-25T03:50:00"),
  );
  assert.ok(!due("10-20/5,50 3 * * *", "2026-11-25T03:25:00"));
  assert.ok(due("0 0 * * 3", "2026-11-25T00:00:00") && !due("0 0 * * 4", "2026-11-25T00:00:00"));
  assert.ok(due("0 0 * * 7", "2026-11-29T00:00:00") && due("0 0 * * 0", "2026-11-29T00:00:00"));
  // Where both days are restricted, either is enough.
  assert.ok(due("0 0 1 * 3", "2026-11-25T00:00:00") && due("0 0 25 * 1", "2026-11-25T00:00:00"));
});

Deno.test("a schedule in seconds is due that long after its last start", () => {
  const schedule = parseSchedule("5 seconds");
  assert.ok(isDue(schedule, at("2026-11-25T10:00:00"), null));
  assert.ok(!isDue(schedule, at("2026-11-25T10:00:04"), at("2026-11-25T10:00:00")));
  assert.ok(isDue(schedule, at("2026-11-25T10:00:05"), at("2026-11-25T10:00:00")));
});

Deno.test("a schedule that is none is refused with what is wrong about it", () => {
  assert.throws(() => parseSchedule("every day"), /has 2 fields/);
  assert.throws(() => parseSchedule("60 * * * *"), /out of range/);
  assert.throws(() => parseSchedule("x * * * *"), /no part of a cron schedule/);
});

Deno.test("jobs run as postgres and through the gateway, and a slow one never beside itself", async () => {
  await sql.unsafe(`
    create table public.trial_runs (job text, by text, at timestamptz default clock_timestamp());
    create function private.trial_job() returns int language plpgsql as $$
    begin
      insert into public.trial_runs values ('slow', current_user);
      perform pg_sleep(1.5);
      return 1;
    end $$;
    insert into private.scheduled_jobs (name, schedule, kind, target) values
      ('trial-slow', '1 seconds', 'sql', 'private.trial_job()'),
      ('trial-function', '1 seconds', 'function', 'reconcile-payments'),
      ('trial-broken', 'sometimes', 'sql', 'private.trial_job()')`);
  const scheduler = new Scheduler({
    databaseUrl: env.DB_URL,
    functionsUrl: env.FUNCTIONS_URL,
    secretKey: env.SECRET_KEY,
    stateDir: folder,
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, 4500));
  } finally {
    await scheduler.stop();
    await sql.unsafe("delete from private.scheduled_jobs where name like 'trial-%'");
  }
  const runs = await sql`select by, at - lag(at) over (order by at) >= interval '1.5 s' as apart
    from public.trial_runs order by at`;
  await sql.unsafe("drop table public.trial_runs; drop function private.trial_job()");
  assert.ok(runs.length >= 2, String(runs.length));
  assert.ok(runs.every((run) => run.by === "postgres" && run.apart !== false));
  const log = await Deno.readTextFile(`${folder}/scheduler.log`);
  assert.match(log, /trial-function 200 \{"busy":/);
  assert.match(log, /trial-broken not run: "sometimes" has 1 fields/);
});
