// docs/errors.md lists exactly the codes there are, each with its status.
import assert from "node:assert/strict";
import { errorCodes } from "../../client-sdk/src/index.ts";
import { sql, useStack } from "../support/stack.ts";
import { read } from "./support.ts";

type Codes = Record<string, string>;

/** The tables of a page by the heading above them. */
async function documented(): Promise<Record<string, Codes>> {
  const sections: Record<string, Codes> = {};
  let heading = "";
  for (const line of (await read("docs/errors.md")).split("\n")) {
    heading = /^## (.*)/.exec(line)?.[1] ?? heading;
    const row = /^\| `([a-z_]+)` +\| (\w+) +\| (.+) \|$/.exec(line);
    if (!row) continue;
    const codes = sections[heading] ??= {};
    assert.equal(codes[row[1]!], undefined, `${row[1]} is listed once`);
    assert.match(row[3]!.trim(), /^[A-Z].*\.$/, `the cause of ${row[1]} is a sentence`);
    codes[row[1]!] = row[2]!;
  }
  return sections;
}

async function raisedByDatabase(): Promise<Codes> {
  const used = await useStack();
  const db = sql(used.env);
  try {
    const rows = await db`select code, status from private.error_codes`;
    return Object.fromEntries(rows.map((row) => [row.code as string, String(row.status)]));
  } finally {
    await db.end();
    await used.stop();
  }
}

async function answeredByFunctions(): Promise<Codes> {
  const source = await read("supabase/functions/_shared/errors.ts");
  const catalog = /const CATALOG = \{\n([\s\S]*?)\n\} as const/.exec(source)?.[1] ?? "";
  return Object.fromEntries(
    [...catalog.matchAll(/^ {2}(\w+): \[(\d+),/gm)].map(([, code, status]) => [code!, status!]),
  );
}

Deno.test("The documented database codes are those the database raises", async () => {
  assert.deepEqual((await documented())["From the database"], await raisedByDatabase());
});

Deno.test("The documented function codes are those only the functions answer", async () => {
  const { "From the database": database, "From the Edge Functions": functions } = await documented();
  const answered = await answeredByFunctions();
  assert.ok(Object.keys(answered).length > 10, "the catalogue is found");
  for (const [code, status] of Object.entries(answered)) {
    assert.equal(database![code] ?? functions![code], status, code);
  }
  const own = Object.entries(answered).filter(([code]) => !(code in database!));
  assert.deepEqual(functions, Object.fromEntries(own));
});

Deno.test("The SDK knows every documented code and no other, with the same status", async () => {
  const sections = await documented();
  assert.equal(Object.keys(sections).length, 3);
  const all: Codes = Object.assign({}, ...Object.values(sections));
  const known = Object.fromEntries(
    Object.entries(errorCodes).map(([code, { status }]) => [code, String(status)]),
  );
  assert.deepEqual(Object.keys(known).sort(), Object.keys(all).sort());
  for (const [code, status] of Object.entries(all)) {
    if (status !== "any") assert.equal(known[code], status, code);
  }
});
