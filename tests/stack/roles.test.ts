// Roles, owners and privileges are those of a hosted project: what would be refused there is refused here.
import assert from "node:assert/strict";
import postgres from "postgres";
import { admin, anonymous, signUp, sql as connect, useStack } from "../support/stack.ts";

const { env, stop } = await useStack();
const sql = connect(env);
Deno.test.afterAll(async () => {
  await sql.end();
  await stop();
});

const codeOf = (error: unknown) => (error as postgres.PostgresError).code;

/** Runs it and rolls it back; answers the SQLSTATE of its refusal, or "allowed". */
async function attempt(statement: string): Promise<string> {
  const undo = new Error("undo");
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(statement);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) return codeOf(error);
  }
  return "allowed";
}

Deno.test("postgres is no superuser and has what hosted Supabase gives it", async () => {
  const [role] = await sql`select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication
    from pg_roles where rolname = current_user`;
  assert.deepEqual({ ...role }, {
    rolsuper: false,
    rolcreaterole: true,
    rolcreatedb: true,
    rolbypassrls: true,
    rolreplication: true,
  });
});

Deno.test("postgres cannot become the roles that own what is Supabase's", async () => {
  assert.equal(await attempt("set role supabase_admin"), "42501");
  assert.equal(await attempt("set role supabase_auth_admin"), "42501");
});

Deno.test("postgres can become the API roles", async () => {
  for (const role of ["anon", "authenticated", "service_role"]) {
    assert.equal(await attempt(`set local role ${role}`), "allowed");
  }
});

Deno.test("postgres makes schemas and tables, but none inside auth", async () => {
  assert.equal(await attempt("create schema trial; create table trial.t (id int)"), "allowed");
  assert.equal(await attempt("create table public.trial (id int)"), "allowed");
  assert.equal(await attempt("create table auth.trial (id int)"), "42501");
  assert.equal(await attempt("create function auth.trial() returns int language sql as 'select 1'"), "42501");
  assert.equal(await attempt("create index on auth.users (last_sign_in_at)"), "42501");
  assert.equal(await attempt("alter table auth.users add column trial int"), "42501");
});

Deno.test("postgres may refer to auth.users and put a trigger on it", async () => {
  assert.equal(await attempt("create table public.trial (id uuid references auth.users (id))"), "allowed");
  assert.equal(
    await attempt(`create function public.trial() returns trigger language plpgsql as 'begin return new; end';
      create trigger trial after insert on auth.users for each row execute function public.trial()`),
    "allowed",
  );
});

Deno.test("postgres cannot pass on the use of auth", async () => {
  await sql`create role trial_reader nologin`;
  try {
    // Postgres only warns that nothing was granted; what counts is that nothing was.
    await attempt("grant usage on schema auth to trial_reader");
    await sql.unsafe("grant usage on schema auth to trial_reader").catch(() => {});
    const [row] = await sql`select has_schema_privilege('trial_reader', 'auth', 'usage') as may`;
    assert.equal(row!.may, false);
  } finally {
    await sql`drop role trial_reader`;
  }
});

Deno.test("auth belongs to supabase_admin and its tables to supabase_auth_admin, closed by RLS", async () => {
  const [schema] =
    await sql`select nspowner::regrole::text as owner from pg_namespace where nspname = 'auth'`;
  assert.equal(schema!.owner, "supabase_admin");
  const tables = await sql`select distinct relowner::regrole::text as owner, relrowsecurity as closed
    from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'`;
  assert.deepEqual(tables.map((row) => ({ ...row })), [{ owner: "supabase_auth_admin", closed: true }]);
});

Deno.test("extensions are preinstalled in their own schema and pgTAP can be added", async () => {
  const rows = await sql`select extname, extnamespace::regnamespace::text as schema from pg_extension
    where extname in ('pgcrypto', 'uuid-ossp', 'pg_stat_statements') order by extname`;
  assert.deepEqual(rows.map((row) => row.schema), ["extensions", "extensions", "extensions"]);
  assert.equal(await attempt("create extension if not exists pgtap with schema extensions"), "allowed");
});

Deno.test("auth.uid(), role(), jwt() and email() read both of PostgREST's ways of telling who asks", async () => {
  const id = crypto.randomUUID();
  const claims = JSON.stringify({ sub: id, role: "authenticated", email: "a@example.com" });
  const read = async (settings: Record<string, string>) =>
    await sql.begin(async (tx) => {
      for (
        const [name, value] of Object.entries(settings)
      ) await tx`select set_config(${name}, ${value}, true)`;
      const [row] = await tx`select auth.uid() as id, auth.role() as role, auth.email() as email`;
      return { ...row };
    });
  const expected = { id, role: "authenticated", email: "a@example.com" };
  assert.deepEqual(await read({ "request.jwt.claims": claims }), expected);
  assert.deepEqual(
    await read({
      "request.jwt.claim.sub": id,
      "request.jwt.claim.role": "authenticated",
      "request.jwt.claim.email": "a@example.com",
    }),
    expected,
  );
  assert.deepEqual(await read({}), { id: null, role: null, email: null });
});

Deno.test("the admin API creates, finds, changes and deletes a user, with the secret key only", async () => {
  const users = admin(env).auth.admin;
  const email = `${crypto.randomUUID()}@example.com`;
  const created = await users.createUser({ email, password: "correct horse battery", email_confirm: true });
  assert.equal(created.error, null);
  const id = created.data.user!.id;
  assert.equal(
    (await anonymous(env).auth.signInWithPassword({ email, password: "correct horse battery" })).error,
    null,
  );
  assert.equal((await users.createUser({ email, password: "another one" })).error?.code, "email_exists");
  await users.updateUserById(id, { user_metadata: { name: "Ada" } });
  assert.equal((await users.getUserById(id)).data.user?.user_metadata.name, "Ada");
  const { client } = await signUp(env);
  assert.equal((await client.auth.admin.deleteUser(id)).error?.status, 403);
  assert.equal((await users.deleteUser(id)).error, null);
  assert.equal((await users.getUserById(id)).error?.status, 404);
});
