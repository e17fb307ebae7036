// Makes the schema `realtime` on a cluster that has none.
import postgres from "postgres";

export async function installRealtime(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    const [found] = await sql`select from pg_namespace where nspname = 'realtime'`;
    if (found) return;
    const schema = await Deno.readTextFile(new URL("./schema.sql", import.meta.url));
    await sql.begin((tx) => tx.unsafe(schema));
  } finally {
    await sql.end();
  }
}
