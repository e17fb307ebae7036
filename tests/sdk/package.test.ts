// The package as it is published: what is in it, how its types resolve, and how large it is.
import assert from "node:assert/strict";
import { join } from "node:path";
import { budgetBytes, buildSdk, lazyBudgetBytes, measureSdk } from "../../client-sdk/build.ts";
import { root, run } from "./support/runtimes.ts";

const packageDir = join(root, "client-sdk");
await buildSdk();

const bin = (name: string, file: string) => join(root, "node_modules", name, file);
const onDeno = (script: string, args: string[]) => run(Deno.execPath(), ["run", "-A", script, ...args]);

/** Every built file, by its path in `dist/`. */
async function built(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(join(packageDir, "dist"))) {
    files.set(name, await Deno.readTextFile(join(packageDir, "dist", name)));
  }
  return files;
}

Deno.test("It keeps within its size budget, and so does each part that it loads later", async () => {
  const { gzippedBytes, lazyGzippedBytes } = await measureSdk();
  assert.ok(gzippedBytes <= budgetBytes, `${gzippedBytes} of ${budgetBytes} bytes`);
  assert.ok(
    lazyGzippedBytes > 0 && lazyGzippedBytes <= lazyBudgetBytes,
    `${lazyGzippedBytes} of ${lazyBudgetBytes}`,
  );
});

Deno.test("publint finds nothing to say", async () => {
  const { success, stdout, stderr } = await onDeno(bin("publint", "src/cli.js"), [
    packageDir,
    "--strict",
    "--pack",
    "false",
  ]);
  assert.ok(success, stdout + stderr);
});

Deno.test("Its types resolve for every ESM consumer, and the tarball holds what it should", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: packageDir });
    assert.ok(packed.success, packed.stderr);
    const [{ filename, files }] = Object.values(JSON.parse(packed.stdout)) as [
      { filename: string; files: { path: string }[] },
    ];
    const outside = files.map(({ path }) => path).filter((path) => !path.startsWith("dist/")).sort();
    assert.deepEqual(outside, ["LICENSE", "README.md", "package.json"]);
    const { success, stdout, stderr } = await onDeno(bin("@arethetypeswrong/cli", "dist/index.js"), [
      join(folder, filename),
      ...["--profile", "esm-only", "--format", "table", "--no-color"],
    ]);
    assert.ok(success, stdout + stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("It imports nothing at run time, reads no environment and prints nothing", async () => {
  for (const [name, text] of await built()) {
    if (!name.endsWith(".js")) continue;
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    const imported = [...code.matchAll(/from ["']([^"']+)["']/g)].map((match) => match[1]!);
    assert.deepEqual(imported.filter((from) => !from.startsWith("./")), [], name);
    assert.doesNotMatch(code, /\bconsole\b|\bprocess\b|\bDeno\b|import\.meta/, name);
  }
});

Deno.test("Its declarations depend on supabase-js only and leave nothing untyped", async () => {
  for (const [name, text] of await built()) {
    if (!name.endsWith(".d.ts") || name === "database.types.d.ts") continue;
    const declarations = text.replace(/\/\*[\s\S]*?\*\//g, "");
    const imported = [...declarations.matchAll(/from ["']([^"']+)["']/g)].map((match) => match[1]!);
    const foreign = imported.filter((from) => !from.startsWith("./"));
    assert.deepEqual(foreign.filter((from) => from !== "@supabase/supabase-js"), [], name);
    assert.doesNotMatch(declarations, /\bany\b/, name);
  }
});
