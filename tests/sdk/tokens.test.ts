// Who is let in: by the data API and by the functions, with good, bad and borrowed tokens.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import { createTalktime, type Talktime } from "../../client-sdk/src/index.ts";
import { anonymous } from "../support/stack.ts";
import { newPerson, returnPages } from "./support/people.ts";
import { env } from "./support/stack.ts";

interface Claims {
  sub: string;
  role?: string;
  expiresIn?: number;
  secret?: string;
}

/** A token like the ones Auth gives, and whatever is wrong with it. */
function token(
  { sub, role = "authenticated", expiresIn = 3600, secret = env.JWT_SECRET }: Claims,
): Promise<string> {
  const [{ kid }] = JSON.parse(env.JWKS).keys as [{ kid: string }];
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ role, email: "someone@example.com" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid })
    .setSubject(sub)
    .setAudience("authenticated")
    .setIssuer(env.AUTH_URL)
    .setIssuedAt(now - 7200)
    .setExpirationTime(now + expiresIn)
    .sign(new TextEncoder().encode(secret));
}

function talktimeWith(accessToken: string): Talktime {
  const client = createClient(env.API_URL, env.PUBLISHABLE_KEY, {
    accessToken: () => Promise.resolve(accessToken),
  });
  return createTalktime(client);
}

/** What each way to the server answers: an SQL function, a table, an Edge Function. */
async function codes({ balance, history, purchases }: Talktime): Promise<(string | undefined)[]> {
  const results = await Promise.all([
    balance.get(),
    history.transactions(),
    purchases.checkout("credit_5", returnPages),
  ]);
  return results.map(({ error }) => error?.code);
}

const refused = ["not_authenticated", "not_authenticated", "not_authenticated"];

Deno.test("A token signed by Auth's own key is let in", async () => {
  const { userId } = await newPerson(env);
  assert.deepEqual(await codes(talktimeWith(await token({ sub: userId }))), [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("A forged token is refused everywhere", async () => {
  const { userId } = await newPerson(env);
  const forged = await token({ sub: userId, secret: "a guess that is long enough to be a key" });
  assert.deepEqual(await codes(talktimeWith(forged)), refused);
});

Deno.test("A forged token that claims to be the server is refused everywhere", async () => {
  const { userId } = await newPerson(env);
  const forged = await token({
    sub: userId,
    role: "service_role",
    secret: "another guess of a suitable length",
  });
  assert.deepEqual(await codes(talktimeWith(forged)), refused);
});

Deno.test("An expired token is refused everywhere", async () => {
  const { userId } = await newPerson(env);
  assert.deepEqual(await codes(talktimeWith(await token({ sub: userId, expiresIn: -60 }))), refused);
});

Deno.test("A token whose payload was changed is refused everywhere", async () => {
  const [one, other] = await Promise.all([newPerson(env), newPerson(env)]);
  const [header, payload, signature] = one.accessToken.split(".") as [string, string, string];
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const changed = btoa(JSON.stringify({ ...claims, sub: other.userId })).replaceAll("=", "");
  assert.deepEqual(await codes(talktimeWith([header, changed, signature].join("."))), refused);
});

Deno.test("Without signing in nothing about money can be asked", async () => {
  assert.deepEqual(await codes(createTalktime(anonymous(env))), refused);
});

Deno.test("A token of a person without a wallet opens nobody's", async () => {
  const nobody = talktimeWith(await token({ sub: crypto.randomUUID() }));
  assert.equal((await nobody.balance.get()).error?.code, "user_not_found");
  assert.deepEqual((await nobody.history.transactions()).data?.items, []);
  assert.equal((await nobody.purchases.checkout("credit_5", returnPages)).error?.code, "user_not_found");
});
