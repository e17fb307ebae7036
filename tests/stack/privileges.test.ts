// The catalog's privileges are those the migrations set, before and after the first requests through every engine.
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { admin, anonymous, signUp } from "../support/stack.ts";

/** A project that shows each default: RLS and none, granted and not, in public and in a schema of its own. */
const MIGRATION = `
create table public.shown (id int primary key, note text);
alter table public.shown enable row level security;
create policy shown_to_all on public.shown for select to anon, authenticated using (true);
grant select (id) on public.shown to anon;
grant select on public.shown to authenticated;
insert into public.shown values (1, 'for signed-in people');
create table public.closed (id int primary key);
create sequence public.closed_numbers;
create schema private;
create table private.secrets (id int primary key, owner uuid references auth.users (id));
alter table private.secrets enable row level security;
create function public.open_function() returns text language sql stable set search_path = '' as $$ select current_user::text $$;
create function public.closed_function() returns text language sql stable set search_path = '' as $$ select 'no'::text $$;
revoke execute on function public.closed_function() from public;
`;

async function makeProject(): Promise<string> {
  const workdir = await Deno.makeTempDir({ prefix: "talktime-" });
  await Deno.mkdir(join(workdir, "supabase", "migrations"), { recursive: true });
  await Deno.writeTextFile(join(workdir, "supabase", "migrations", "20260101000000_shown.sql"), MIGRATION);
  return workdir;
}

/** Every access list there is, with the owners: anything granted or revoked by anybody shows here. */
async function privileges(stack: Stack): Promise<string[]> {
  const sql = postgres(stack.env.ADMIN_DB_URL, { max: 1 });
  try {
    const rows = await sql`
      select 'database ' || datname || ' ' || datdba::regrole || ' ' || coalesce(datacl::text, '') as line from pg_database
      union all select 'schema ' || nspname || ' ' || nspowner::regrole || ' ' || coalesce(nspacl::text, '')
        from pg_namespace where nspname !~ '^pg_(toast|temp)'
      union all select 'relation ' || oid::regclass || ' ' || relowner::regrole || ' ' || relrowsecurity || ' '
        || coalesce(relacl::text, '') from pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      union all select 'column ' || attrelid::regclass || '.' || attname || ' ' || attacl::text
        from pg_attribute where attacl is not null
      union all select 'function ' || oid::regprocedure || ' ' || proowner::regrole || ' ' || coalesce(proacl::text, '')
        from pg_proc
      union all select 'type ' || oid::regtype || ' ' || coalesce(typacl::text, '') from pg_type where typacl is not null
      union all select 'default ' || defaclrole::regrole || ' ' || defaclnamespace::regnamespace || ' '
        || defaclobjtype::text || ' ' || defaclacl::text from pg_default_acl
      order by 1`;
    return rows.map((row) => row.line as string);
  } finally {
    await sql.end();
  }
}

/** The first requests of every kind, by everybody. */
async function useEverything(stack: Stack): Promise<void> {
  const user = await signUp(stack.env);
  for (const client of [anonymous(stack.env), user.client, admin(stack.env)]) {
    await client.from("shown").select();
    await client.from("closed").insert({ id: 1 });
    await client.rpc("open_function");
    await client.rpc("closed_function");
  }
}

const workdir = await makeProject();
const stacks: Stack[] = [];
const folders: string[] = [workdir];

for (const restEngine of ["postgrest", "lite"] as const) {
  const dataDir = await Deno.makeTempDir({ prefix: "talktime-" });
  folders.push(dataDir);
  stacks.push(await startStack({ dataDir, workdir, restEngine, ports: "free", scheduler: false }));
}

Deno.test.afterAll(async () => {
  for (const stack of stacks) await stack.stop();
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
});

for (const stack of stacks) {
  const engine = stack.restEngine;

  Deno.test(`with ${engine}, no privilege changes with the first requests`, async () => {
    const before = await privileges(stack);
    assert.ok(
      before.includes("relation shown postgres true {postgres=arwdDxtm/postgres,authenticated=r/postgres}"),
    );
    await useEverything(stack);
    assert.deepEqual(await privileges(stack), before);
  });

  Deno.test(`with ${engine}, each role reaches exactly what it was granted`, async () => {
    const { client: user } = await signUp(stack.env);
    const anon = anonymous(stack.env);
    const service = admin(stack.env);
    assert.deepEqual((await anon.from("shown").select("id")).data, [{ id: 1 }]);
    assert.equal((await anon.from("shown").select("note")).error?.code, "42501");
    assert.deepEqual((await user.from("shown").select("note")).data, [{ note: "for signed-in people" }]);
    assert.equal((await user.from("shown").insert({ id: 2 })).error?.code, "42501");
    for (const client of [anon, user, service]) {
      assert.equal((await client.from("closed").select()).error?.code, "42501");
      assert.equal((await client.rpc("closed_function")).error?.code, "42501");
    }
    assert.equal((await service.from("shown").select()).error?.code, "42501");
  });

  Deno.test(`with ${engine}, a request runs as the role of its token`, async () => {
    const { client: user } = await signUp(stack.env);
    const roles = [];
    for (const client of [anonymous(stack.env), user, admin(stack.env)]) {
      roles.push((await client.rpc("open_function")).data);
    }
    assert.deepEqual(roles, ["anon", "authenticated", "service_role"]);
  });

  Deno.test(`with ${engine}, a changed schema is seen after a reload`, async () => {
    const sql = postgres(stack.env.DB_URL, { max: 1, onnotice: () => {} });
    await sql.unsafe("create table public.later (id int); grant select on public.later to anon");
    await sql.end();
    await stack.reloadSchema();
    assert.deepEqual((await anonymous(stack.env).from("later").select()).data, []);
  });
}

Deno.test("both engines leave the same privileges", async () => {
  const [first, second] = await Promise.all(stacks.map(privileges));
  assert.deepEqual(first, second);
});
