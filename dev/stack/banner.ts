// What a person sees when the stack is up: where things are, the keys, and what to try next.
import type { StackEnv } from "./env.ts";
import { accent, columns, quiet, strong } from "./terminal.ts";

const engineName = (env: StackEnv): string =>
  env.REST_ENGINE === "postgrest" ? "PostgREST" : "@supabase/lite";

export function addresses(env: StackEnv): string {
  return columns([
    ["API", env.API_URL],
    ["Mail", env.MAILPIT_URL],
    ["Stripe", env.STRIPE_API_URL ? `${env.STRIPE_API_URL} (simulator)` : "your own test account"],
    ["Database", env.DB_URL],
    ["Publishable key", env.PUBLISHABLE_KEY],
    ["Secret key", env.SECRET_KEY],
  ]);
}

const NEXT = [
  ["See the whole story", "npm run demo"],
  ["Settings for your app's .env", "npm run status -- -o env"],
] as const;

export interface BannerOptions {
  env: StackEnv;
  seconds: number;
  notes: string[];
  logFolder: string;
}

export function banner({ env, seconds, notes, logFolder }: BannerOptions): string {
  const engines = `Postgres 17 and ${engineName(env)}, ready in ${seconds.toFixed(1)} s`;
  return [
    "",
    `${accent("✓")} ${strong("Talktime is running")}  ${quiet(engines)}`,
    "",
    addresses(env),
    "",
    ...notes.map((note) => `  ${note}`),
    ...(notes.length > 0 ? [""] : []),
    `  ${quiet("Try next, in another terminal")}`,
    ...NEXT.map(([what, command]) => `  ${accent("→")} ${what.padEnd(30)}   ${command}`),
    `  ${accent("→")} ${"Look at the tables".padEnd(30)}   psql "${env.DB_URL}"`,
    "",
    `  ${quiet(`Ctrl-C stops it. Logs are in ${logFolder}.`)}`,
    "",
  ].join("\n");
}
