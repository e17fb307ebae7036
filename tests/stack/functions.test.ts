// A function that works here works deployed: it has its own process, its own few permissions, and nothing newer.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ApiKeys } from "../../dev/stack/api_keys.ts";
import { Functions } from "../../dev/stack/functions.ts";
import { startGateway } from "../../dev/stack/gateway.ts";
import { loadKeys } from "../../dev/stack/keys.ts";
import { choosePorts } from "../../dev/stack/ports.ts";
import { Processes } from "../../dev/stack/processes.ts";

/** Tries one thing a function must not do, and answers with what became of it. */
const TRIES = {
  readFile: 'Deno.readTextFile("/etc/hosts")',
  writeFile: 'Deno.writeTextFile("/tmp/talktime-trial", "x")',
  run: 'new Deno.Command("/bin/sh").output()',
  otherHost: 'fetch("http://127.0.0.1:9/")',
  otherName: 'Deno.env.get("HOME")',
  allNames: "Deno.env.toObject()",
  remoteCode: 'import("http://127.0.0.1:9/code.ts")',
} as const;

const SOURCE = `
const tries = { ${
  Object.entries(TRIES).map(([name, code]) => `${name}: async () => await ${code}`).join(", ")
} };
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname.endsWith("/crash")) setTimeout(() => Deno.exit(3), 10);
    const attempt = tries[url.searchParams.get("try")];
    const outcome = attempt ? await attempt().then(() => "allowed", (error) => error.name) : "none";
    return Response.json({
      outcome, path: url.pathname, deno: Deno.version.deno, pid: Deno.pid, body: await request.text(),
      names: ["SUPABASE_URL", "SUPABASE_SECRET_KEYS", "STRIPE_SECRET_KEY"].filter((name) => Deno.env.get(name)),
    });
  },
};`;

const folder = await Deno.makeTempDir({ prefix: "talktime-" });
const functionsFolder = join(folder, "functions");
for (const name of ["trial", "_shared"]) await Deno.mkdir(join(functionsFolder, name), { recursive: true });
await Deno.writeTextFile(join(functionsFolder, "trial", "index.ts"), SOURCE);
await Deno.writeTextFile(join(functionsFolder, "trial", "deno.json"), "{}");
await Deno.writeTextFile(join(functionsFolder, "_shared", "index.ts"), "");

const processes = new Processes();
const keys = await loadKeys(folder);
const { ports } = await choosePorts("free");
const apiUrl = `http://127.0.0.1:${ports.gateway}`;
const environment = {
  SUPABASE_URL: apiUrl,
  SUPABASE_SECRET_KEYS: "{}",
  STRIPE_SECRET_KEY: "sk_test_simulator",
  STRIPE_API_URL: `http://127.0.0.1:${ports.stripe}`,
};
const functions = new Functions(processes, folder, environment, functionsFolder);
const names = await functions.discover();
const gateway = startGateway({
  port: ports.gateway,
  restUrl: "http://127.0.0.1:9",
  authUrl: "http://127.0.0.1:9",
  apiKeys: new ApiKeys(keys),
  functions,
  jwtSecret: keys.jwtSecret,
});

Deno.test.afterAll(async () => {
  await gateway.shutdown();
  await processes.close();
  await Deno.remove(folder, { recursive: true });
});

interface Answer {
  outcome: string;
  path: string;
  deno: string;
  pid: number;
  body: string;
  names: string[];
}

async function call(rest = "", init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${keys.anon}` };
  const response = await fetch(`${apiUrl}/functions/v1/trial${rest}`, { method: "POST", headers, ...init });
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test("each folder with an index.ts is a function, those that begin with _ are none", () => {
  assert.deepEqual(names, ["trial"]);
});

for (const name of Object.keys(TRIES)) {
  Deno.test(`a function may not do more than it needs: ${name}`, async () => {
    const { outcome } = await call(`?try=${name}`);
    assert.ok(["NotCapable", "PermissionDenied", "TypeError"].includes(outcome), outcome);
    if (name !== "remoteCode") assert.equal(outcome, "NotCapable");
  });
}

Deno.test("a function runs on Deno 2.1, sees its path without the prefix, its body and its own settings", async () => {
  const answer = await call("/some/where", { body: "hello" });
  assert.match(answer.deno, /^2\.1\./);
  assert.equal(answer.path, "/trial/some/where");
  assert.equal(answer.body, "hello");
  assert.deepEqual(answer.names, ["SUPABASE_URL", "SUPABASE_SECRET_KEYS", "STRIPE_SECRET_KEY"]);
});

Deno.test("a function that verifies no tokens itself is called with a valid one only", async () => {
  for (
    const [headers, code] of [
      [{}, "UNAUTHORIZED_NO_AUTH_HEADER"],
      [{ authorization: "Bearer not.a.token" }, "UNAUTHORIZED_INVALID_JWT_FORMAT"],
    ] as Array<[Record<string, string>, string]>
  ) {
    const response = await fetch(`${apiUrl}/functions/v1/trial`, { method: "POST", headers });
    assert.equal(response.status, 401);
    assert.equal((await response.json()).code, code);
  }
});

Deno.test("a crashed function is there again at the next request", async () => {
  const first = await call("/crash");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const second = await call();
  assert.notEqual(second.pid, first.pid);
});

Deno.test("a part that is down is answered for with 503, readable across origins", async () => {
  const response = await fetch(`${apiUrl}/rest/v1/anything`, { headers: { apikey: keys.publishable } });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal((await response.json()).code, "unavailable");
});
