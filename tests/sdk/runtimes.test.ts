// The built package on every runtime it promises, each with a process of its own, over HTTP.
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildSdk } from "../../client-sdk/build.ts";
import { bunBinary, nodeBinary, type Output, root, run } from "./support/runtimes.ts";
import { env } from "./support/stack.ts";

await buildSdk();
const smoke = join(root, "tests", "sdk", "runtimes", "smoke.mjs");
const where = JSON.stringify({
  url: env.API_URL,
  publishableKey: env.PUBLISHABLE_KEY,
  stripeUrl: env.STRIPE_API_URL,
});

/** A program that something keeps from ending is killed, which fails it. supabase-js takes 10 s to let go of a socket. */
const soon = (): Deno.CommandOptions => ({ signal: AbortSignal.timeout(30_000) });

function assertOk({ success, stdout, stderr }: Output): void {
  assert.ok(success, stdout + stderr);
  assert.equal(stdout.trim(), "ok");
}

Deno.test("It works on Node 22 or newer", async () => {
  assertOk(await run(await nodeBinary(), [smoke, where], soon()));
});

Deno.test("It works on Bun", async () => {
  assertOk(await run(await bunBinary(), [smoke, where], soon()));
});

Deno.test("It works on Deno", async () => {
  const host = [env.API_URL, env.STRIPE_API_URL!].map((url) => new URL(url).host).join(",");
  assertOk(await run(Deno.execPath(), ["run", "--no-prompt", `--allow-net=${host}`, smoke, where], soon()));
});
