// What a whole call writes: to the write-ahead log, to tables and to indexes.
import type { Sql } from "postgres";
import postgres from "postgres";
import { analyze, type Bench, onServer, openWallets, type Part, type Server } from "../part.ts";
import { pgbench } from "../pgbench.ts";
import { bytes, type Report } from "../report.ts";
import { callScript } from "./call.ts";

const WALLETS = 1000;
const TABLES = [
  "public.call_logs",
  "public.transactions",
  "public.grant_entries",
  "public.users",
  "public.credit_grants",
  "realtime.messages",
];

export const bytesWritten: Part = {
  name: "bytes",
  about: "bytes a call writes",
  needsPgbench: true,
  run: (bench) => onServer((server) => measureBytes(bench, server)),
};

interface Sizes {
  heap: number;
  indexes: number;
}

async function sizes(sql: Sql): Promise<Map<string, Sizes>> {
  const rows =
    await sql`select t as name, pg_table_size(t::regclass)::float8 as heap, pg_indexes_size(t::regclass)::float8 as indexes
    from unnest(${TABLES}::text[]) t`;
  return new Map(rows.map(({ name, heap, indexes }) => [name, { heap, indexes }]));
}

async function position(sql: Sql): Promise<number> {
  const [row] = await sql`select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 as at`;
  return row!.at;
}

async function measureBytes({ quick, log }: Bench, { sql, stack, adminUrl }: Server): Promise<Report[]> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  const each = quick ? 50 : 500;
  const calls = 8 * each;
  const logged = async () => {
    await admin`checkpoint`;
    const before = await position(sql);
    await pgbench({
      url: stack.env.DB_URL,
      script: callScript(WALLETS),
      clients: 8,
      transactions: each,
    });
    return (await position(sql) - before) / calls;
  };
  try {
    await openWallets(sql, [1, WALLETS]);
    await logged(); // so that the files have grown once and pages are in use
    await analyze(sql);
    log(`bytes: ${calls} calls, three times`);
    const before = await sizes(sql);
    const withImages = await logged();
    const after = await sizes(sql);
    await admin`alter system set full_page_writes = off`;
    await admin`select pg_reload_conf()`;
    const withoutImages = await logged();
    await sql`alter table public.users disable trigger announce_wallet`;
    const silent = await logged();
    const rows = [
      { label: "write-ahead log, with the page images after a checkpoint", value: bytes(withImages) },
      { label: "write-ahead log, without page images", value: bytes(withoutImages) },
      { label: "the same without Realtime's messages", value: bytes(silent) },
    ];
    for (const name of TABLES) {
      const grown = (pick: (size: Sizes) => number) =>
        (pick(after.get(name)!) - pick(before.get(name)!)) / calls;
      rows.push({
        label: `${name}: rows, indexes`,
        value: `${bytes(grown((s) => s.heap))}, ${bytes(grown((s) => s.indexes))}`,
      });
    }
    return [{
      title: "Bytes a whole call writes",
      rows,
      note:
        `${calls} calls on ${WALLETS} wallets from a checkpoint on, divided by their number. full_page_writes is on, then off.`,
    }];
  } finally {
    await admin.end();
  }
}
