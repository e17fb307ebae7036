// The data API where PostgREST has no build: @supabase/lite, through a role made for it.
import postgres from "postgres";
import { type Lite, type LiteOptions, startLite } from "./lite.ts";
import { PASSWORD } from "./postgres.ts";

/**
 * PostgREST reads the catalog itself; lite asks views that show only what its role may read, so `authenticator` will not
 * do. This role may read everything, and owns nothing and may grant nothing: no privilege can change through it. Each
 * request runs as the role of its token, as with PostgREST.
 */
export const LITE_ROLE = "talktime_rest";

async function createRole(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    const [found] = await sql`select from pg_roles where rolname = ${LITE_ROLE}`;
    if (found) return;
    await sql.begin(async (tx) => {
      await tx.unsafe(`create role ${LITE_ROLE} login bypassrls password '${PASSWORD}'`);
      await tx.unsafe(`alter role ${LITE_ROLE} set statement_timeout to '8s'`);
      await tx.unsafe(`grant pg_read_all_data to ${LITE_ROLE}`);
      await tx.unsafe(`grant anon, authenticated, service_role to ${LITE_ROLE} with inherit false`);
    });
  } finally {
    await sql.end();
  }
}

export async function startRestLite(adminUrl: string, options: LiteOptions): Promise<Lite> {
  await createRole(adminUrl);
  return await startLite(options);
}
