// The formatter, the linter and the type checker find nothing to say.
import assert from "node:assert/strict";
import { edgeRuntimeBinary } from "../../dev/stack/paths.ts";
import { deno, occurrences, type Outcome, projectFiles, root, run } from "./support.ts";

function assertQuiet({ code, output }: Outcome): void {
  assert.equal(code, 0, output);
}

Deno.test("Every file is formatted", async () => {
  assertQuiet(await run(deno, ["fmt", "--check"]));
});

Deno.test("The linter finds nothing", async () => {
  assertQuiet(await run(deno, ["lint"]));
});

Deno.test("Every TypeScript file has correct types", async () => {
  const files = await projectFiles(/\.m?ts$/);
  assert.ok(files.length > 50, "the files are found");
  assertQuiet(await run(deno, ["check", "--quiet", ...files]));
});

Deno.test("Every Edge Function has correct types on the hosted runtime's Deno", async () => {
  const functions = await projectFiles(/^supabase\/functions\/[^_/]+\/index\.ts$/);
  assert.ok(functions.length >= 3, "the functions are found");
  const { output } = await run(edgeRuntimeBinary(), ["--version"]);
  assert.match(output, /^deno 2\.1\./);
  assertQuiet(
    await run(edgeRuntimeBinary(), ["check", "--quiet", "--config", `${root}/deno.json`, ...functions]),
  );
});

Deno.test("No file is longer than a reader likes", async () => {
  const generated = new Set(["client-sdk/src/database.types.ts", "supabase/schema.sql", "package-lock.json"]);
  const files = (await projectFiles(/\.(ts|mjs|sql|psql|css|html)$/)).filter((file) => !generated.has(file));
  const long = [];
  for (const file of files) {
    const lines = (await Deno.readTextFile(`${root}/${file}`)).split("\n").length - 1;
    if (lines > 450) long.push(`${file} has ${lines} lines`);
  }
  assert.deepEqual(long, []);
});

Deno.test("Nothing is left undone and no test is skipped", async () => {
  const files = await projectFiles(/\.(ts|mjs|sql|psql|toml)$/);
  const undone = /(\/\/|--|#|\*)\s*(TODO|FIXME|XXX)\b/;
  const skipped = /Deno\.test\.(ignore|only|skip)\(|\b(ignore|only): true|\bselect (skip|todo\w*)\(/;
  assert.deepEqual(await occurrences(undone, files), []);
  assert.deepEqual(
    await occurrences(skipped, files.filter((file) => file !== "tests/gates/code.test.ts")),
    [],
  );
});
