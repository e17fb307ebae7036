// A whole call, authorize and settle, beside the simple-update of pgbench on the same server in the same minutes.
import { type Bench, onServer, openWallets, type Part, type Server, serverSeconds, WALLET } from "../part.ts";
import { initializePgbench, type Measurement, pgbench, type Run } from "../pgbench.ts";
import { median, milliseconds, perSecond, ratio, type Report, type Row, spread } from "../report.ts";

const WALLETS = 1000;
const CLIENTS = 8;
const SCALE = 20;

/** Two statements, each a transaction that is on disk before the next begins. */
export const callScript = (wallets: number) =>
  `\\set n random(1, ${wallets})
\\set c random(1, 9000000000000000)
select public.start_call('b' || :c::text, '+14155552671', ${WALLET}, true);
select public.end_call(call_id => 'b' || :c::text, user_id => ${WALLET});
`;

export const call: Part = {
  name: "call",
  about: "a whole call beside pgbench's simple-update",
  needsPgbench: true,
  run: (bench) => onServer((server) => measureCall(bench, server)),
};

/** With the milliseconds of processor time the server used for one, which hardly depend on what else the machine does. */
interface Round extends Measurement {
  processor: number;
}

interface Rounds {
  base: Round[];
  calls: Round[];
}

async function round(server: Server, run: Run & { seconds: number }): Promise<Round> {
  const before = await serverSeconds(server.sql);
  const measured = await pgbench(run);
  const used = await serverSeconds(server.sql) - before;
  return { ...measured, processor: used * 1000 / (measured.perSecond * run.seconds) };
}

async function inTurn(
  server: Server,
  rounds: number,
  how: { seconds: number; protocol?: "simple" },
): Promise<Rounds> {
  const run = { url: server.stack.env.DB_URL, clients: CLIENTS, ...how };
  const base: Round[] = [];
  const calls: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    base.push(await round(server, { ...run, script: "simple-update" }));
    calls.push(await round(server, { ...run, script: callScript(WALLETS) }));
  }
  return { base, calls };
}

const ratios = ({ base, calls }: Rounds) => calls.map((one, i) => one.perSecond / base[i]!.perSecond);
const rates = (measured: Round[]) => measured.map((one) => one.perSecond);

function headline(rounds: Rounds): Row[] {
  const { base, calls } = rounds;
  return [
    { label: "simple-update", value: spread(rates(base), perSecond) },
    { label: "whole calls", value: spread(rates(calls), perSecond) },
    { label: "p50 of a whole call", value: milliseconds(median(calls.map((one) => one.p50))) },
    { label: "p99 of a whole call", value: milliseconds(median(calls.map((one) => one.p99))) },
    {
      label: "ratio",
      value: spread(ratios(rounds), ratio),
      target: "≥ 0.40",
      met: median(ratios(rounds)) >= 0.4,
    },
    {
      label: "processor time of a simple-update",
      value: spread(base.map((one) => one.processor), milliseconds),
    },
    {
      label: "processor time of a whole call",
      value: spread(calls.map((one) => one.processor), milliseconds),
    },
    {
      label: "ratio of transactions (two a call)",
      value: spread(ratios(rounds).map((one) => 2 * one), ratio),
    },
  ];
}

async function measureCall({ quick, log }: Bench, server: Server): Promise<Report[]> {
  const { sql, stack } = server;
  const seconds = quick ? 1 : 5;
  const rounds = quick ? 1 : 5;
  log("call: filling the tables of both sides");
  await initializePgbench(stack.env.DB_URL, quick ? 1 : SCALE);
  await openWallets(sql, [1, WALLETS]);
  await inTurn(server, 1, { seconds: 1 });
  log(`call: ${rounds} rounds in turn`);
  const announced = await inTurn(server, rounds, { seconds });
  const simple = await inTurn(server, quick ? 1 : 3, { seconds, protocol: "simple" });
  await sql`alter table public.users disable trigger announce_wallet`;
  const silent = await inTurn(server, quick ? 1 : 3, { seconds });
  return [{
    title: "A whole call (authorize and settle, two durable transactions)",
    rows: [
      ...headline(announced),
      { label: "ratio without Realtime's messages", value: spread(ratios(silent), ratio) },
      { label: "whole calls without them", value: spread(rates(silent.calls), perSecond) },
      { label: "ratio over the simple protocol", value: spread(ratios(simple), ratio) },
    ],
    note:
      `${CLIENTS} clients, ${WALLETS} wallets, -M prepared; pgbench -N at scale ${SCALE}. Rounds of ${seconds} s in turn, ` +
      `median of ${rounds} (least to most). The table realtime.messages is there: each of the two transactions inserts a row.`,
  }];
}
