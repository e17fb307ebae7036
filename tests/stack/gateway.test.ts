// The gateway lets in who hosted Supabase would let in, as the role hosted Supabase would give them.
import assert from "node:assert/strict";
import { signJwt } from "../../dev/stack/jwt.ts";
import { signUp, useStack } from "../support/stack.ts";

const { env, stop } = await useStack();
Deno.test.afterAll(stop);

const keyId = JSON.parse(env.JWKS).keys[0].kid as string;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** What the data API says to a request with these headers; `credit_packages` is readable without a user. */
async function ask(headers: Record<string, string>, query = ""): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${env.REST_URL}/credit_packages?select=code&limit=1${query}`, { headers });
  return { status: response.status, body: await response.json() };
}

/** `get_balance` names its caller: the user's id, or the refusal of somebody without one. */
async function whoAmI(
  headers: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${env.REST_URL}/rpc/get_balance`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });
  return { status: response.status, body: await response.json() };
}

Deno.test("a request without a key is refused with hosted Supabase's words", async () => {
  const { status, body } = await ask({});
  assert.equal(status, 401);
  assert.equal((body as { message: string }).message, "No API key found in request");
});

Deno.test("a key of another project is refused", async () => {
  for (const apikey of ["sb_publishable_someone_else", "sb_secret_someone_else", "nonsense"]) {
    const { status, body } = await ask({ apikey });
    assert.equal(status, 401);
    assert.equal((body as { message: string }).message, "Invalid API key");
  }
});

Deno.test("each of the four keys opens the data API, in the header or the query", async () => {
  for (const key of [env.PUBLISHABLE_KEY, env.SECRET_KEY, env.ANON_KEY, env.SERVICE_ROLE_KEY]) {
    assert.equal((await ask({ apikey: key })).status, 200);
    assert.equal((await ask({}, `&apikey=${key}`)).status, 200);
    assert.equal((await ask({ apikey: key, authorization: `Bearer ${key}` })).status, 200);
  }
});

Deno.test("a publishable key is role anon and a secret key role service_role", async () => {
  const purchases = (apikey: string) =>
    fetch(`${env.REST_URL}/rpc/sweep_calls`, {
      method: "POST",
      headers: { apikey, "content-type": "application/json" },
      body: "{}",
    }).then(async (response) => [response.status, await response.text()] as const);
  const [refused, why] = await purchases(env.PUBLISHABLE_KEY);
  assert.equal(refused, 401, why);
  assert.match(why, /permission denied/);
  const [allowed, answer] = await purchases(env.SECRET_KEY);
  assert.equal(allowed, 200, answer);
});

Deno.test("a secret key does not work from a browser", async () => {
  const { status, body } = await ask({
    apikey: env.SECRET_KEY,
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64)",
  });
  assert.equal(status, 401);
  assert.equal((body as { message: string }).message, "Forbidden use of secret API key in browser");
});

Deno.test("a user's token passes through and makes them themselves", async () => {
  const { accessToken, userId } = await signUp(env);
  const { status, body } = await whoAmI({
    apikey: env.PUBLISHABLE_KEY,
    authorization: `Bearer ${accessToken}`,
  });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.user_id, userId);
});

Deno.test("a user's token without a key is refused", async () => {
  const { accessToken } = await signUp(env);
  const { status } = await whoAmI({ authorization: `Bearer ${accessToken}` });
  assert.equal(status, 401);
});

Deno.test("a forged, an expired and an unsigned token are refused", async () => {
  const claims = { sub: crypto.randomUUID(), role: "authenticated", aud: "authenticated" };
  const forged = signJwt(
    { ...claims, exp: inSeconds(600) },
    "another secret of at least 32 characters",
    keyId,
  );
  const expired = signJwt({ ...claims, exp: inSeconds(-60) }, env.JWT_SECRET, keyId);
  const [, payload] = signJwt({ ...claims, exp: inSeconds(600) }, env.JWT_SECRET, keyId).split(".");
  const unsigned = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${payload}.`;
  for (const token of [forged, expired, unsigned, "not.a.token"]) {
    const { status, body } = await whoAmI({ apikey: env.PUBLISHABLE_KEY, authorization: `Bearer ${token}` });
    assert.equal(status, 401, JSON.stringify(body));
  }
});

Deno.test("a token for a role that is no API role is refused", async () => {
  const token = signJwt({ role: "postgres", exp: inSeconds(600) }, env.JWT_SECRET, keyId);
  const { status } = await ask({ apikey: env.PUBLISHABLE_KEY, authorization: `Bearer ${token}` });
  assert.ok(status >= 400, String(status));
});

Deno.test("the token Auth issues names its key and is accepted by Auth itself", async () => {
  const { accessToken, client, userId } = await signUp(env);
  const header = JSON.parse(atob(accessToken.split(".")[0]!));
  assert.deepEqual(header, { alg: "HS256", typ: "JWT", kid: keyId });
  const { data } = await client.auth.getUser();
  assert.equal(data.user?.id, userId);
});

Deno.test("signing out ends the session: its refresh token stops working", async () => {
  const { client } = await signUp(env);
  const { data: { session } } = await client.auth.getSession();
  const refreshed = await client.auth.refreshSession(session!);
  assert.equal(refreshed.error, null);
  await client.auth.signOut();
  const { error } = await client.auth.refreshSession({
    refresh_token: refreshed.data.session!.refresh_token,
  });
  assert.ok(error);
});

Deno.test("a browser's preflight is answered without a key, with the headers it asks for", async () => {
  for (const path of ["/rest/v1/rpc/get_balance", "/auth/v1/token?grant_type=password"]) {
    const response = await fetch(env.API_URL + path, {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey,authorization,content-type,x-client-info,prefer",
      },
    });
    await response.body?.cancel();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.match(response.headers.get("access-control-allow-methods")!, /POST/);
    assert.match(response.headers.get("access-control-allow-headers")!, /x-client-info/);
  }
});

Deno.test("every answer, a refusal too, can be read across origins", async () => {
  for (
    const headers of [{ apikey: env.PUBLISHABLE_KEY }, { apikey: "wrong" }] as Array<Record<string, string>>
  ) {
    const response = await fetch(`${env.REST_URL}/credit_packages`, {
      headers: { ...headers, origin: "http://localhost:3000" },
    });
    await response.body?.cancel();
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.match(response.headers.get("access-control-expose-headers")!, /Content-Range/);
  }
});

Deno.test("a path nobody serves and a function that does not exist are 404", async () => {
  const unrouted = await fetch(`${env.API_URL}/storage/v1/bucket`, { headers: { apikey: env.SECRET_KEY } });
  assert.equal(unrouted.status, 404);
  await unrouted.body?.cancel();
  const missing = await fetch(`${env.FUNCTIONS_URL}/no-such-function`, { method: "POST" });
  assert.equal(missing.status, 404);
  assert.equal((await missing.json()).code, "NOT_FOUND");
});
