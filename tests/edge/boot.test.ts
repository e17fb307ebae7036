import assert from "node:assert/strict";
import { functionsDir, projectRoot } from "../../dev/stack/paths.ts";
import { EnvironmentError, readEnv } from "../../supabase/functions/_shared/env.ts";
import { completeEnv, type FunctionEnv, startFunction } from "./support/function_process.ts";
import { makeDue, newBuyer } from "./support/world.ts";

const FOR_SERVERS = ["reconcile-payments", "auto-reload"];
const FOR_PEOPLE = [
  "create-checkout",
  "verify-checkout",
  "refund-purchase",
  "manage-billing",
  "manage-subscription",
];
const NAMES = [...FOR_PEOPLE, ...FOR_SERVERS];

const read = (env: FunctionEnv) => readEnv((name) => env[name as keyof FunctionEnv]);

Deno.test("A function with an empty environment refuses to start and lists all that is missing", async () => {
  const { url, output } = await startFunction("create-checkout", {});
  assert.equal(url, null);
  for (
    const name of ["SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_SECRET_KEYS", "STRIPE_SECRET_KEY"]
  ) {
    assert.match(await output, new RegExp(`${name} is missing`));
  }
});

Deno.test("Each function runs with access to Supabase and Stripe and nothing else", async () => {
  const { accessToken } = await newBuyer();
  await makeDue();
  for (const name of NAMES) {
    const running = await startFunction(name, completeEnv);
    assert.notEqual(running.url, null, `${name} did not start`);
    const headers: Record<string, string> = FOR_SERVERS.includes(name)
      ? { apikey: JSON.parse(completeEnv.SUPABASE_SECRET_KEYS!).default }
      : { Authorization: `Bearer ${accessToken}` };
    const response = await fetch(running.url!, { method: "POST", headers, body: "{}" });
    await response.body?.cancel();
    assert.equal(response.status, FOR_SERVERS.includes(name) ? 200 : 400, name);
    await running.kill();
    assert.doesNotMatch(await running.output, /NotCapable|PermissionDenied/);
  }
});

Deno.test("Malformed values are named without being repeated", () => {
  const broken = {
    ...completeEnv,
    SUPABASE_SECRET_KEYS: "sb_secret_bare",
    STRIPE_SECRET_KEY: "pk_test_wrong",
  };
  assert.throws(() => read(broken), (error: Error) => {
    assert.ok(error instanceof EnvironmentError);
    assert.match(error.message, /SUPABASE_SECRET_KEYS is not valid JSON/);
    assert.match(error.message, /STRIPE_SECRET_KEY is not a Stripe secret key/);
    assert.doesNotMatch(error.message, /sb_secret_bare|pk_test_wrong/);
    return true;
  });
});

Deno.test("A live key never goes to a simulator", () => {
  assert.throws(
    () => read({ ...completeEnv, STRIPE_SECRET_KEY: "sk_live_x" }),
    /must not be set together with a live Stripe key/,
  );
});

Deno.test("Without inline keys, a function asks Supabase Auth for them", () => {
  const env = read({ ...completeEnv, SUPABASE_URL: "https://project.supabase.co", SUPABASE_JWKS: "" });
  assert.equal(String(env.jwks), "https://project.supabase.co/auth/v1/.well-known/jwks.json");
});

Deno.test("Every function is deployed with the exact versions the project was tested with", async () => {
  const { devDependencies } = JSON.parse(await Deno.readTextFile(`${projectRoot}/package.json`));
  for (const name of [...NAMES, "send-notifications", "unsubscribe"]) {
    const { imports } = JSON.parse(await Deno.readTextFile(`${functionsDir}/${name}/deno.json`)) as {
      imports: Record<string, string>;
    };
    for (const [specifier, target] of Object.entries(imports)) {
      const [, packageName, version] = /^npm:((?:@[^/]+\/)?[^@/]+)@(\d+\.\d+\.\d+)(?:\/|$)/.exec(target) ??
        [];
      assert.ok(packageName, `${name}: ${target} names no exact version`);
      assert.equal(version, devDependencies[packageName!], `${name}: ${specifier}`);
    }
  }
});
