// What the migrations leave is what is committed, and the database's own advisors have nothing to say.
import assert from "node:assert/strict";
import postgres from "postgres";
import { databaseTypes, type Generated, schemaDump } from "../../dev/testing/generated.ts";
import { supabase } from "../../dev/testing/supabase_cli.ts";
import { useStack } from "../support/stack.ts";
import { projectFiles, read } from "./support.ts";

async function withDatabase(work: (databaseUrl: string) => Promise<void>): Promise<void> {
  const used = await useStack();
  try {
    await work(used.env.DB_URL);
  } finally {
    await used.stop();
  }
}

async function assertUpToDate({ path, generate }: Generated, command: string): Promise<void> {
  await withDatabase(async (databaseUrl) => {
    const [committed, now] = [await read(path), await generate(databaseUrl)];
    assert.ok(
      committed === now,
      `${path} is not what the migrations leave: run \`${command}\`.\n${difference(committed, now)}`,
    );
  });
}

/** The first line that differs, for the message. */
function difference(committed: string, now: string): string {
  const [old, fresh] = [committed.split("\n"), now.split("\n")];
  const at = fresh.findIndex((line, index) => line !== old[index]);
  const index = at < 0 ? fresh.length : at;
  return `line ${index + 1}\n- ${old[index] ?? "(end)"}\n+ ${fresh[index] ?? "(end)"}`;
}

Deno.test("Supabase's advisors find nothing to warn of", async () => {
  await withDatabase(async (databaseUrl) => {
    const { code, stdout, stderr } = await supabase([
      "db",
      "advisors",
      "--level",
      "info",
      "--fail-on",
      "warn",
    ], databaseUrl);
    assert.equal(code, 0, stdout + stderr);
  });
});

Deno.test("The SDK's database types are those of the migrations", async () => {
  await assertUpToDate(databaseTypes, "npm run types");
});

Deno.test("The committed schema dump is that of the migrations", async () => {
  await assertUpToDate(schemaDump, "npm run schema");
});

Deno.test("The schema dump has what a reviewer needs to see change", async () => {
  const dump = await read(schemaDump.path);
  for (
    const part of [
      'create table "public"."transactions"',
      'constraint "users_held_is_safe_integer" check',
      "create index call_logs_sweep on public.call_logs",
      'create policy "Users read their own transactions"',
      "create trigger append_only",
      "create trigger open_wallet",
      "create or replace function private.call_cost",
      'view "reporting"."trial_balance"',
      'grant select on table "public"."transactions" to "authenticated"',
      'grant execute on function "public"."get_balance"(uuid) to "authenticated"',
      "alter default privileges",
      'comment on column "public"."users"."balance_micros"',
    ]
  ) {
    assert.ok(dump.includes(part), part);
  }
});

Deno.test("Migrations are named by time and concept, in the order they apply", async () => {
  const files = (await projectFiles(/^supabase\/migrations\//)).map((file) => file.split("/").at(-1)!);
  assert.ok(files.length >= 15, "the migrations are found");
  for (const file of files) assert.match(file, /^20\d{12}_[a-z][a-z0-9_]*\.sql$/);
  const versions = files.map((file) => file.slice(0, 14));
  assert.equal(new Set(versions).size, versions.length, "no two share a version");
});

Deno.test("Every scheduled function is one of the project's", async () => {
  const functions = (await projectFiles(/^supabase\/functions\/[^_/]+\/index\.ts$/)).map((file) =>
    file.split("/")[2]!
  );
  await withDatabase(async (databaseUrl) => {
    const db = postgres(databaseUrl, { max: 1 });
    const targets = await db`select target from private.scheduled_jobs where kind = 'function'`.finally(() =>
      db.end()
    );
    assert.ok(targets.length > 0, "the jobs are found");
    for (const { target } of targets) assert.ok(functions.includes(target), target);
  });
});

Deno.test("Every migration opens by explaining itself", async () => {
  for (const file of await projectFiles(/^supabase\/migrations\//)) {
    assert.match(await read(file), /^-- [A-Z][^\n]+\.\n/, file);
  }
});

Deno.test("Every database test is named by what it proves", async () => {
  const files = await projectFiles(/^supabase\/tests\/database\//);
  const tests = files.filter((file) => file.endsWith(".sql"));
  assert.ok(tests.length > 90, "the tests are found");
  for (const file of tests) {
    assert.match(file, /^supabase\/tests\/database\/[a-z]+\/[a-z0-9]+(-[a-z0-9]+){2,}\.test\.sql$/);
  }
});
