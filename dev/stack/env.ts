// What a running stack tells everybody who uses it, under the names `supabase status` has, plus ours.
import { join } from "node:path";
import { jwks, type Keys } from "./keys.ts";
import { projectRoot } from "./paths.ts";
import type { Ports } from "./ports.ts";
import { databaseUrl } from "./postgres.ts";

export interface StackEnv {
  API_URL: string;
  REST_URL: string;
  AUTH_URL: string;
  FUNCTIONS_URL: string;
  /** As role `postgres`, which is no superuser, like on hosted Supabase. */
  DB_URL: string;
  /** As superuser; only a local stack has this. */
  ADMIN_DB_URL: string;
  PUBLISHABLE_KEY: string;
  SECRET_KEY: string;
  ANON_KEY: string;
  SERVICE_ROLE_KEY: string;
  JWT_SECRET: string;
  /** JSON; verifies users' tokens. */
  JWKS: string;
  MAILPIT_URL: string;
  SMTP_PORT: string;
  /** Absent when a real Stripe key is used. */
  STRIPE_API_URL?: string;
  STRIPE_SECRET_KEY: string;
  REST_ENGINE: "postgrest" | "lite";
}

/** A key of a real Stripe account (test mode) in the environment replaces the simulator. */
export function realStripeKey(): string | null {
  const key = Deno.env.get("STRIPE_SECRET_KEY");
  if (!key || key.startsWith("sk_test_simulator")) return null;
  if (/^[rs]k_live_/.test(key)) {
    throw new Error(
      "STRIPE_SECRET_KEY is a live key. The local stack takes only test keys: nothing was started.",
    );
  }
  return key;
}

export function describe(ports: Ports, keys: Keys, restEngine: "postgrest" | "lite"): StackEnv {
  const api = `http://127.0.0.1:${ports.gateway}`;
  const real = realStripeKey();
  return {
    API_URL: api,
    REST_URL: `${api}/rest/v1`,
    AUTH_URL: `${api}/auth/v1`,
    FUNCTIONS_URL: `${api}/functions/v1`,
    DB_URL: databaseUrl("postgres", ports.postgres),
    ADMIN_DB_URL: databaseUrl("supabase_admin", ports.postgres),
    PUBLISHABLE_KEY: keys.publishable,
    SECRET_KEY: keys.secret,
    ANON_KEY: keys.anon,
    SERVICE_ROLE_KEY: keys.serviceRole,
    JWT_SECRET: keys.jwtSecret,
    JWKS: jwks(keys),
    MAILPIT_URL: `http://127.0.0.1:${ports.mail}`,
    SMTP_PORT: String(ports.smtp),
    ...(real ? {} : { STRIPE_API_URL: `http://127.0.0.1:${ports.stripe}` }),
    STRIPE_SECRET_KEY: real ?? keys.stripeSecret,
    REST_ENGINE: restEngine,
  };
}

/** Takes what `.env` sets and the environment does not. */
export async function loadDotEnv(): Promise<void> {
  const text = await Deno.readTextFile(join(projectRoot, ".env")).catch(() => "");
  for (const line of text.split("\n")) {
    const match = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (!match || Deno.env.has(match[1]!)) continue;
    const value = match[2]!.replace(/^(["'])(.*)\1$/, "$2");
    if (value) Deno.env.set(match[1]!, value);
  }
}
