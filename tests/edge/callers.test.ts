import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from "jose";
import { assertRefused, call, checkoutBody, env, makeDue, newBuyer, sql } from "./support/world.ts";

const buyer = await newBuyer();

const USER_FUNCTIONS = ["create-checkout", "verify-checkout"];

interface Changes {
  secret?: string;
  claims?: JWTPayload;
  header?: Record<string, unknown>;
}

/** A token like a real one, with its claims, header or signing secret changed. */
async function tokenLike(
  token: string,
  { secret = env.JWT_SECRET, claims = {}, header = {} }: Changes,
): Promise<string> {
  const alg = decodeProtectedHeader(token).alg!;
  return await new SignJWT({ ...decodeJwt(token), ...claims })
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg, ...header })
    .sign(new TextEncoder().encode(secret));
}

async function assertNobodyIsLetIn(token: string | undefined, status = 401, code = "not_authenticated") {
  for (const name of USER_FUNCTIONS) assertRefused(await call(name, checkoutBody(), { token }), status, code);
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

Deno.test("A token made the same way as the tests make theirs is accepted", async () => {
  const token = await tokenLike(buyer.accessToken, {});
  assert.equal((await call("create-checkout", checkoutBody(), { token })).status, 200);
});

Deno.test("Without a token nobody is let in", async () => {
  await assertNobodyIsLetIn(undefined);
});

Deno.test("A publishable or secret key is no user's token", async () => {
  await assertNobodyIsLetIn(env.PUBLISHABLE_KEY);
  await assertNobodyIsLetIn(env.SECRET_KEY);
  const answer = await call("create-checkout", checkoutBody(), { apikey: env.SECRET_KEY });
  assertRefused(answer, 401, "not_authenticated");
});

Deno.test("A forged token, its claims changed under the old signature, is refused", async () => {
  const [attacker, victim] = [buyer, await newBuyer()];
  const [header, , signature] = attacker.accessToken.split(".");
  const claims = base64url({ ...decodeJwt(attacker.accessToken), sub: victim.userId });
  await assertNobodyIsLetIn(`${header}.${claims}.${signature}`);
  assert.equal((await sql`select from public.purchases where user_id = ${victim.userId}`).length, 0);
});

Deno.test("A token that claims to need no signature is refused", async () => {
  const { accessToken } = buyer;
  const { kid } = decodeProtectedHeader(accessToken);
  const [, claims] = accessToken.split(".");
  await assertNobodyIsLetIn(`${base64url({ alg: "none", typ: "JWT", kid })}.${claims}.`);
});

Deno.test("An expired token is refused", async () => {
  const { accessToken } = buyer;
  const now = Math.floor(Date.now() / 1000);
  await assertNobodyIsLetIn(await tokenLike(accessToken, { claims: { iat: now - 7200, exp: now - 3600 } }));
});

Deno.test("A foreign token, signed with another project's secret, is refused", async () => {
  const { accessToken } = buyer;
  await assertNobodyIsLetIn(
    await tokenLike(accessToken, { secret: "another-project-with-a-long-enough-secret" }),
  );
  await assertNobodyIsLetIn(await tokenLike(accessToken, { header: { kid: "another-key" } }));
});

Deno.test("A token for another audience or another role is refused", async () => {
  const { accessToken } = buyer;
  await assertNobodyIsLetIn(await tokenLike(accessToken, { claims: { aud: "elsewhere" } }));
  await assertNobodyIsLetIn(
    await tokenLike(accessToken, { claims: { role: "service_role" } }),
    403,
    "forbidden",
  );
  await assertNobodyIsLetIn(await tokenLike(accessToken, { claims: { role: "anon" } }), 403, "forbidden");
});

Deno.test("Noise in place of a token is refused", async () => {
  for (const token of ["x", "a.b.c", "null", "e30.e30.e30"]) await assertNobodyIsLetIn(token);
});

Deno.test("Reconciliation is only for the secret key", async () => {
  await makeDue();
  const run = (options: Parameters<typeof call>[2]) => call("reconcile-payments", {}, options);
  assertRefused(await run({ apikey: null }), 401, "not_authenticated");
  assertRefused(await run({ apikey: env.PUBLISHABLE_KEY }), 403, "forbidden");
  assertRefused(await run({ apikey: env.PUBLISHABLE_KEY, token: buyer.accessToken }), 403, "forbidden");
  assertRefused(await run({ apikey: null, token: buyer.accessToken }), 403, "forbidden");
  assertRefused(await run({ apikey: "sb_secret_guess" }), 403, "forbidden");
  assert.equal((await run({ apikey: env.SECRET_KEY })).status, 200);
});
