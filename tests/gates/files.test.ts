// What is committed works on any machine, says what it reads, and is pinned.
import assert from "node:assert/strict";
import { usualPorts } from "../../dev/stack/ports.ts";
import { ENV_NAMES } from "../../supabase/functions/_shared/env.ts";
import { occurrences, projectFiles, read } from "./support.ts";

const TEXT =
  /\.(ts|mjs|js|sql|psql|json|md|toml|css|html|ya?ml|sh)$|(^|\/)(\.ci\/run|\.npmrc|\.gitignore|\.env\.example|LICENSE)$/;

Deno.test("No file names a place on somebody's machine or a package registry", async () => {
  // Written so that this file does not find itself.
  const places = new RegExp(
    ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/[a-z]"].join("|"),
  );
  const registries = new RegExp(
    [
      "registry\\.npm" + "js",
      "registry\\.yarn" + "pkg",
      "npm\\.pk" + "g\\.",
      "npm\\.j" + "sr\\.io",
      "art" + "ifactory",
    ].join("|"),
    "i",
  );
  const files = await projectFiles(TEXT);
  assert.ok(files.length > 100, "the files are found");
  assert.deepEqual(await occurrences(places, files), []);
  assert.deepEqual(await occurrences(registries, files), []);
});

Deno.test("The lockfile pins every package without naming where it came from", async () => {
  const { packages } = JSON.parse(await read("package-lock.json")) as {
    packages: Record<
      string,
      { version?: string; integrity?: string; resolved?: string; link?: boolean; optional?: boolean }
    >;
  };
  const installed = Object.entries(packages).filter(([path, entry]) =>
    path.includes("node_modules/") && !entry.link
  );
  assert.ok(installed.length > 100, "the packages are found");
  assert.deepEqual(
    installed.filter(([, entry]) => !entry.version || !(entry.integrity || entry.optional)).map(([path]) =>
      path
    ),
    [],
  );
  assert.deepEqual(
    installed.filter(([, entry]) => /^https?:/.test(entry.resolved ?? "")).map(([path]) => path),
    [],
  );
});

Deno.test("Every dependency of the project is pinned to one version", async () => {
  const manifest = JSON.parse(await read("package.json"));
  const all: [string, string][] = Object.entries({
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  });
  for (const [name, version] of all) assert.match(version, /^(npm:[a-z-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/, name);
});

/** Set by the project itself for the processes it starts, or by npm and the shell. */
const HANDED_DOWN = [
  "TALKTIME_STACK",
  "TALKTIME_PARENT",
  "PATH",
  "HOME",
  "TMPDIR",
  "npm_execpath",
  "npm_lifecycle_event",
];

async function namesReadInSource(): Promise<string[]> {
  const names = new Set<string>(ENV_NAMES);
  for (const part of ["gateway", "postgres", "mail", "smtp", "stripe"] as const) {
    assert.ok(part in usualPorts);
    names.add(`TALKTIME_PORT_${part.toUpperCase()}`);
  }
  for (const file of await projectFiles(/^(dev|supabase|tests|client-sdk)\/.*\.(ts|mjs)$/)) {
    const source = await read(file);
    const reads = source.matchAll(/\b(?:Deno\.env\.get\("|process\.env\.|env\.get\(")([A-Za-z_]+)/g);
    // In a test that hands the code a string to run, the name stands within another string.
    for (const [, name] of reads) {
      if (!new RegExp(`'Deno\\.env\\.get\\("${name}`).test(source)) names.add(name!);
    }
  }
  return [...names].filter((name) => !HANDED_DOWN.includes(name)).sort();
}

Deno.test(".env.example explains exactly the variables that are read", async () => {
  const lines = (await read(".env.example")).split("\n");
  const listed = lines.flatMap((line) => /^#? ?([A-Z][A-Z_]+)=/.exec(line)?.[1] ?? []);
  assert.deepEqual(listed.toSorted(), await namesReadInSource());
  for (const name of listed) {
    const at = lines.findIndex((line) => new RegExp(`^#? ?${name}=`).test(line));
    assert.match(
      lines.slice(0, at).findLast((line) => !/=/.test(line)) ?? "",
      /^# \S.*\.$/,
      `${name} is explained above it`,
    );
  }
});

interface FunctionConfig {
  imports: Record<string, string>;
}

Deno.test("Every Edge Function pins its imports to the versions the project tests", async () => {
  const { devDependencies } = JSON.parse(await read("package.json"));
  const functions = await projectFiles(/^supabase\/functions\/[^_/]+\/index\.ts$/);
  assert.ok(functions.length >= 3, "the functions are found");
  for (const index of functions) {
    const config = index.replace("index.ts", "deno.json");
    const { imports } = JSON.parse(await read(config)) as FunctionConfig;
    for (const [name, target] of Object.entries(imports)) {
      const pinned = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)(\/.*)?$/.exec(target);
      assert.ok(pinned, `${config}: ${name}`);
      assert.equal(pinned[2], devDependencies[pinned[1]!], `${config}: ${name}`);
      assert.equal(name, pinned[1]! + (pinned[3] ?? ""), `${config}: ${name} means what it says`);
    }
  }
});

Deno.test("Every Edge Function lists every package it imports", async () => {
  const shared = await projectFiles(/^supabase\/functions\/_shared\/.*\.ts$/);
  for (const config of await projectFiles(/^supabase\/functions\/[^_/]+\/deno\.json$/)) {
    const own = await projectFiles(new RegExp(`^${config.replace("deno.json", "")}.*\\.ts$`));
    const { imports } = JSON.parse(await read(config)) as FunctionConfig;
    for (const file of [...own, ...shared]) {
      for (const [, name] of (await read(file)).matchAll(/^(?:import|export)[^"']*?from "([^".][^"]*)"/gm)) {
        assert.ok(
          name! in imports || name!.startsWith("node:"),
          `${config} lacks ${name}, imported by ${file}`,
        );
      }
    }
  }
});

Deno.test("Every Edge Function is configured, and verifies its callers itself", async () => {
  const config = await read("supabase/config.toml");
  for (const index of await projectFiles(/^supabase\/functions\/[^_/]+\/index\.ts$/)) {
    const name = index.split("/")[2]!;
    assert.ok(config.includes(`[functions.${name}]\nverify_jwt = false\n`), name);
  }
});

Deno.test("Every npm script is a command of the project", async () => {
  const { scripts } = JSON.parse(await read("package.json")) as { scripts: Record<string, string> };
  const commands = (await projectFiles(/^dev\/commands\/[a-z-]+\.ts$/)).map((file) =>
    /([a-z-]+)\.ts$/.exec(file)![1]!
  );
  const called = Object.values(scripts).map((script) =>
    /^node dev\/run\.mjs ([a-z-]+)/.exec(script)?.[1] ?? script
  );
  assert.deepEqual([...new Set(called)].sort(), commands.sort());
});
