// Records of calls that a telephony system sends afterwards.
import { type Bench, onServer, openWallets, type Part, type Server, walletId } from "../part.ts";
import { perSecond, type Report, spread } from "../report.ts";
import { callRecord } from "../../support/wallets.ts";

const BATCH = 1000;
const WALLETS = 100;

export const records: Part = {
  name: "records",
  about: "imported call records a second",
  run: (bench) => onServer((server) => measureRecords(bench, server)),
};

async function measureRecords({ quick, log }: Bench, { sql }: Server): Promise<Report[]> {
  const batches = quick ? 2 : 20;
  await openWallets(sql, [1, WALLETS]);
  const first: number[] = [];
  const again: number[] = [];
  log(`records: ${batches} batches of ${BATCH}`);
  for (let batch = 0; batch < batches; batch++) {
    const rows = Array.from(
      { length: BATCH },
      (_, i) => callRecord(walletId(1 + i % WALLETS), `r${batch}-${i}`, 30 + i % 300),
    );
    for (const [times, outcome] of [[first, "charged"], [again, "replayed"]] as const) {
      const before = performance.now();
      const [row] = await sql`select public.import_call_records(${sql.json(rows)}) as answer`;
      times.push(BATCH / (performance.now() - before) * 1000);
      if (row!.answer[outcome] !== BATCH) {
        throw new Error(`Not all were ${outcome}: ${JSON.stringify(row!.answer)}`);
      }
    }
  }
  return [{
    title: "Imported call records",
    rows: [
      { label: "new records", value: spread(first, perSecond) },
      { label: "the same records again", value: spread(again, perSecond) },
    ],
    note:
      `Batches of ${BATCH} for ${WALLETS} wallets, one connection, a durable transaction each. Median of ${batches} (least to most).`,
  }];
}
