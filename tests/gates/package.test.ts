// The npm package: small, and read correctly by every tool that will import it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { formatMessage } from "publint/utils";
import { publint } from "publint";
import { budgetBytes, buildSdk, measureSdk } from "../../client-sdk/build.ts";
import { deno, read, root, run } from "./support.ts";

const packageDir = join(root, "client-sdk");

Deno.test("The SDK adds at most 8 kB gzipped to a page", async () => {
  assert.equal(budgetBytes, 8192);
  const { gzippedBytes } = await measureSdk();
  assert.ok(gzippedBytes > 1000, "it is measured");
  assert.ok(gzippedBytes <= budgetBytes, `${gzippedBytes} bytes`);
});

Deno.test("The SDK needs nothing but supabase-js", async () => {
  const manifest = JSON.parse(await read("client-sdk/package.json"));
  assert.deepEqual(Object.keys(manifest.peerDependencies), ["@supabase/supabase-js"]);
  assert.equal(manifest.dependencies, undefined);
});

Deno.test("publint and attw find nothing wrong with the packed SDK", async (t) => {
  await buildSdk();
  const folder = await Deno.makeTempDir({ prefix: "talktime-pack-" });
  try {
    const packed = await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: packageDir });
    assert.equal(packed.code, 0, packed.output);
    const tarball = join(folder, packed.output.trim().split("\n").at(-1)!);
    await t.step("publint", () => assertPublintClean(tarball));
    await t.step("attw", () => assertTypesResolve(tarball));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function assertPublintClean(tarball: string): Promise<void> {
  const bytes = await Deno.readFile(tarball);
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes.buffer } });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
}

/** ESM only: CommonJS and the node10 resolution are not promised. */
async function assertTypesResolve(tarball: string): Promise<void> {
  const cli = join(root, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const args = [
    "run",
    "-A",
    "--no-prompt",
    cli,
    tarball,
    "--profile",
    "esm-only",
    "--no-color",
    "--no-emoji",
  ];
  const { code, output } = await run(deno, args);
  assert.equal(code, 0, output);
  assert.match(output, /node16 \(from ESM\) │ OK \(ESM\)/);
}
