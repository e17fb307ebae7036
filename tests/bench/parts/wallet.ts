// One wallet that twenty clients use at once: they wait for its lock, so this is how fast one wallet can be.
import { type Bench, onServer, openWallets, type Part, type Server, walletId } from "../part.ts";
import { type Measurement, pgbench } from "../pgbench.ts";
import { median, milliseconds, perSecond, ratio, type Report, type Row, spread } from "../report.ts";

const CLIENTS = 20;
const GRANTS = [1, 5, 50];

const script = (n: number) =>
  `\\set c random(1, 9000000000000000)
select public.start_call('b' || :c::text, '+14155552671', '${walletId(n)}', true);
select public.end_call(call_id => 'b' || :c::text, user_id => '${walletId(n)}');
`;

export const wallet: Part = {
  name: "wallet",
  about: "one wallet under twenty clients, with 1, 5 and 50 grants",
  needsPgbench: true,
  run: (bench) => onServer((server) => measureWallet(bench, server)),
};

async function measureWallet({ quick, log }: Bench, { sql, stack }: Server): Promise<Report[]> {
  const seconds = quick ? 1 : 5;
  const rounds = quick ? 1 : 5;
  for (const grants of GRANTS) await openWallets(sql, [grants, grants], grants, 2_000_000_000);
  const measured = new Map<number, Measurement[]>(GRANTS.map((grants) => [grants, []]));
  log(`wallet: ${rounds} rounds in turn`);
  for (let round = 0; round < rounds; round++) {
    for (const grants of GRANTS) {
      const run = { url: stack.env.DB_URL, script: script(grants), clients: CLIENTS, seconds };
      measured.get(grants)!.push(await pgbench(run));
    }
  }
  const one = measured.get(1)!;
  const slower = measured.get(50)!.map((fifty, i) => one[i]!.perSecond / fifty.perSecond);
  const rows = GRANTS.map((grants): Row => {
    const of = (pick: (m: Measurement) => number) => median(measured.get(grants)!.map(pick));
    const p50 = milliseconds(of((m) => m.p50));
    const p99 = milliseconds(of((m) => m.p99));
    return {
      label: grants === 1 ? "1 grant" : `${grants} grants`,
      value: `${spread(measured.get(grants)!.map((m) => m.perSecond), perSecond)}, p50 ${p50}, p99 ${p99}`,
    };
  });
  return [{
    title: "One wallet under twenty clients (reserve, settle)",
    rows: [
      ...rows,
      {
        label: "50 grants slower than 1 by",
        value: spread(slower, ratio),
        target: "≤ 1.50",
        met: median(slower) <= 1.5,
      },
    ],
    note:
      `Whole calls a second and the time of one. ${CLIENTS} clients, -M prepared. Rounds of ${seconds} s in turn, median of ${rounds} (least to most).`,
  }];
}
