// Turns a new, empty cluster into what a new hosted Supabase project looks like.
import { getAuthSchemaSql } from "@supabase/lite";
import postgres from "postgres";
import { PASSWORD } from "./postgres.ts";

const LOGIN_ROLES = ["postgres", "authenticator", "supabase_auth_admin"];

const read = (file: string) => Deno.readTextFile(new URL(file, import.meta.url));

/** All or nothing, in one transaction; a cluster that has its roles already is left as it is. */
export async function createRoles(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    const [done] = await sql`select from pg_roles where rolname = 'supabase_auth_admin'`;
    if (done) return;
    const [roles, authTables] = await Promise.all([read("./roles.sql"), read("./auth_tables.sql")]);
    await sql.begin(async (tx) => {
      // `create publication` notes that logical decoding is off here, which is intended.
      await tx.unsafe("set local client_min_messages to error");
      await tx.unsafe(roles);
      for (const role of LOGIN_ROLES) await tx.unsafe(`alter role ${role} password '${PASSWORD}'`);
      await tx.unsafe(getAuthSchemaSql());
      await tx.unsafe(authTables);
    });
  } finally {
    await sql.end();
  }
}
