// Ten thousand calls that live at once, each heard of every thirty seconds, and the sweeper beside them.
import type { Sql } from "postgres";
import {
  analyze,
  type Bench,
  onServer,
  openWallets,
  type Part,
  type Server,
  serverSeconds,
  WALLET,
} from "../part.ts";
import { pgbench } from "../pgbench.ts";
import { median, milliseconds, type Report } from "../report.ts";

const INTERVAL_SECONDS = 30;

const script = (calls: number) =>
  `\\set n random(1, ${calls})
select public.extend_call('live', ${WALLET});
`;

export const heartbeats: Part = {
  name: "heartbeats",
  about: "10 000 live calls with a heartbeat every 30 s, and the sweeper",
  needsPgbench: true,
  run: (bench) => onServer((server) => measureHeartbeats(bench, server)),
};

async function startCalls(sql: Sql, calls: number): Promise<void> {
  await openWallets(sql, [1, calls]);
  await sql`select count(public.start_call('live', '+14155552671', u.id, true)) from public.users u`;
  await analyze(sql);
}

async function timeSweeps(sql: Sql, times: number): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    await sql`select public.sweep_calls(5000)`;
    taken.push(performance.now() - before);
  }
  return taken;
}

async function measureHeartbeats({ quick, log }: Bench, { sql, stack }: Server): Promise<Report[]> {
  const calls = quick ? 500 : 10_000;
  const seconds = quick ? 3 : 60;
  const rate = calls / INTERVAL_SECONDS;
  log(`heartbeats: starting ${calls} calls`);
  await startCalls(sql, calls);
  log(`heartbeats: ${rate.toFixed(0)} a second for ${seconds} s`);
  const before = await serverSeconds(sql);
  const beats = await pgbench({ url: stack.env.DB_URL, script: script(calls), clients: 8, seconds, rate });
  const share = (await serverSeconds(sql) - before) / seconds;
  const idle = await timeSweeps(sql, 5);
  await sql`update public.call_logs set sweep_at = private.clock() where status <> 'ended'`;
  const ending = await timeSweeps(sql, Math.ceil(calls / 5000));
  const settled = ending.reduce((total, one) => total + one, 0);
  return [{
    title: `${calls} live calls, a heartbeat every ${INTERVAL_SECONDS} s`,
    rows: [
      { label: "heartbeats", value: `${beats.perSecond.toFixed(0)}/s` },
      { label: "share of one core the server used", value: `${(share * 100).toFixed(0)} %` },
      { label: "p50 of a heartbeat", value: milliseconds(beats.p50) },
      { label: "p99 of a heartbeat", value: milliseconds(beats.p99) },
      { label: "sweeper's pass, nothing due", value: milliseconds(median(idle)) },
      { label: `sweeper, all ${calls} due`, value: `${(settled / 1000).toFixed(2)} s` },
    ],
    note:
      `Paced by pgbench --rate over 8 clients for ${seconds} s, at random instants; a heartbeat's time includes waiting for its turn. ` +
      "Processor time of all the server's processes, from /proc.",
  }];
}
