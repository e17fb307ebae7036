// The keys of one stack: made at random with its state folder and kept across `--reset`, so that an app's .env stays good.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { signJwt } from "./jwt.ts";

export interface Keys {
  jwtSecret: string;
  /** Names the secret in a token's header, as hosted signing keys do. */
  keyId: string;
  publishable: string;
  secret: string;
  /** Legacy keys: long-lived tokens whose role is what they open. */
  anon: string;
  serviceRole: string;
  /** What the Stripe simulator expects; never a key of a Stripe account. */
  stripeSecret: string;
}

const random = (bytes: number): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");

function makeKeys(): Keys {
  const jwtSecret = random(32);
  const keyId = crypto.randomUUID();
  const iat = Math.floor(Date.now() / 1000);
  const legacy = (role: string) =>
    signJwt({ iss: "supabase", ref: "local", role, iat, exp: iat + 10 * 365 * 86_400 }, jwtSecret, keyId);
  return {
    jwtSecret,
    keyId,
    publishable: `sb_publishable_${random(17).slice(0, 22)}_${random(6)}`,
    secret: `sb_secret_${random(17).slice(0, 22)}_${random(6)}`,
    anon: legacy("anon"),
    serviceRole: legacy("service_role"),
    stripeSecret: `sk_test_simulator${random(12).replace(/[^A-Za-z0-9]/g, "0")}`,
  };
}

export async function loadKeys(stateDir: string): Promise<Keys> {
  const file = join(stateDir, "keys.json");
  try {
    return JSON.parse(await Deno.readTextFile(file)) as Keys;
  } catch {
    const keys = makeKeys();
    await Deno.writeTextFile(file, JSON.stringify(keys, null, 2) + "\n", { mode: 0o600 });
    return keys;
  }
}

/** What `SUPABASE_JWKS` holds: the one key that verifies users' tokens. */
export function jwks(keys: Keys): string {
  const k = Buffer.from(keys.jwtSecret).toString("base64url");
  return JSON.stringify({ keys: [{ kty: "oct", alg: "HS256", use: "sig", kid: keys.keyId, k }] });
}
