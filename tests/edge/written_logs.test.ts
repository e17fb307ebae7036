// What the functions have written down while the whole suite ran: one line for each request, and nobody's secret.
// The last file of the suite, so that there is much to look through.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import postgres from "postgres";
import { withoutSecrets } from "../../supabase/functions/_shared/log.ts";
import {
  assertRefused,
  call,
  checkoutBody,
  createCheckout,
  env,
  eventually,
  newBuyer,
  openPurchase,
  sql,
  stripe,
  verify,
} from "./support/world.ts";

const folder = await stackFolder();

/** The logs lie beside the database of the stack. */
async function stackFolder(): Promise<string> {
  const admin = postgres(env.ADMIN_DB_URL, { max: 1, onnotice: () => {} });
  const [row] = await admin`select current_setting('data_directory') as path`;
  await admin.end();
  return dirname(row!.path);
}

async function logs(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    const functionName = /^function-(.+)\.log$/.exec(name)?.[1];
    if (functionName) found.set(functionName, await Deno.readTextFile(`${folder}/${name}`));
  }
  return found;
}

const linesOf = async (name: string, requestId: string) =>
  ((await logs()).get(name) ?? "").split("\n").filter((line) => line.includes(requestId)).map((line) =>
    JSON.parse(line)
  );

const SECRETS = {
  "a Stripe key": /\b[sr]k_(test|live)_/,
  "a secret key of Supabase": /sb_secret_/,
  "a token": /eyJ[A-Za-z0-9_-]{8,}\./,
  "an address": /[\w.+-]+@[\w-]+\.[a-z]{2,}/i,
  "a page to pay at": /\/c\/pay\//,
};

Deno.test("Each request is one line of JSON: its id, function, outcome and how long it took", async () => {
  const buyer = await newBuyer();
  const id = crypto.randomUUID();
  const headers = { "x-request-id": id };
  await call("create-checkout", checkoutBody(), { token: buyer.accessToken, headers });
  assertRefused(await call("create-checkout", {}, { headers }), 401, "not_authenticated");
  await stripe.fault({ match: { method: "POST", path: "^/v1/checkout/sessions$" }, kind: "503" });
  await call("create-checkout", checkoutBody(), { token: buyer.accessToken, headers });
  await eventually(
    async () => (await linesOf("create-checkout", id)).length === 3,
    "three lines are written",
  );
  const lines = await linesOf("create-checkout", id);
  assert.deepEqual(
    lines.map((
      { level, function: name, request_id, method, status, code },
    ) => [level, name, request_id, method, status, code]),
    [
      ["info", "create-checkout", id, "POST", 200, "ok"],
      ["info", "create-checkout", id, "POST", 401, "not_authenticated"],
      ["error", "create-checkout", id, "POST", 503, "payment_provider_unavailable"],
    ],
  );
  for (const { duration_ms } of lines) assert.ok(duration_ms >= 0 && duration_ms < 60_000);
  assert.ok(lines[2].cause.length > 0, "why, where the fault is on our side");
});

Deno.test("The id goes along to the database", async () => {
  const seen: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    seen.push(request.headers.get("x-request-id"));
    return Response.json(null);
  });
  const { createDatabase } = await import("../../supabase/functions/_shared/db.ts");
  const { withRequestId } = await import("../../supabase/functions/_shared/request_id.ts");
  const db = createDatabase({
    supabaseUrl: `http://127.0.0.1:${server.addr.port}`,
    secretKey: env.SECRET_KEY,
  });
  await Promise.all(["request-one", "request-two"].map((id) => withRequestId(id, () => db.getBalance(id))));
  assert.deepEqual(seen.sort(), ["request-one", "request-two"]);
  await server.shutdown();
});

Deno.test("Nowhere in what the functions wrote is a secret, a token or an address", async () => {
  // Everything that could be repeated is offered once more, in every wrong place.
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  const [person] = await sql`select email from auth.users where id = ${buyer.userId}`;
  const offered = { ...checkoutBody(), package_code: person!.email.slice(0, 60), key: env.STRIPE_SECRET_KEY };
  await call("create-checkout", offered, { token: buyer.accessToken });
  await call("create-checkout", offered, { token: env.SECRET_KEY, apikey: env.STRIPE_SECRET_KEY });
  await call("verify-checkout", `{"${buyer.accessToken}"`, { token: buyer.accessToken });
  await call("reconcile-payments", offered, { apikey: buyer.accessToken });
  await stripe.fault({ match: { path: "/v1/" }, kind: "500" });
  await createCheckout(buyer);
  await verify(buyer, { session_id: purchase.session });

  const written = await logs();
  for (const name of ["create-checkout", "verify-checkout", "reconcile-payments"]) {
    assert.ok((written.get(name) ?? "").length > 0, `${name} has written something`);
  }
  for (const [name, text] of written) {
    for (const [what, pattern] of Object.entries(SECRETS)) {
      assert.equal(text.match(pattern)?.[0], undefined, `${name} has written ${what}`);
    }
    for (const secret of [env.SECRET_KEY, env.STRIPE_SECRET_KEY, env.JWT_SECRET, env.SERVICE_ROLE_KEY]) {
      assert.ok(!text.includes(secret), name);
    }
  }
});

Deno.test("What others say is written down without the secrets in it", () => {
  const text =
    `Invalid API Key provided: sk_test_51Habc****xyz; Bearer ${env.SERVICE_ROLE_KEY}; sb_secret_abc_def; ` +
    `<ada.l+1@example.com> rejected`;
  const left = withoutSecrets(text);
  for (const pattern of Object.values(SECRETS)) assert.doesNotMatch(left, pattern);
  assert.match(
    left,
    /^Invalid API Key provided: \[removed\]; Bearer \[removed\]; \[removed\]; <\[removed\]> rejected$/,
  );
});
