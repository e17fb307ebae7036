// What every test over the stack begins with: a running stack, and clients for it.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { type StackOptions, startStack } from "../../dev/stack/stack.ts";
import type { StackEnv } from "../../dev/stack/env.ts";
import { violations } from "../../dev/testing/shared_stack.ts";

export type { StackEnv };

export interface UsedStack {
  env: StackEnv;
  /** Stops a stack of its own; leaves a shared one running. */
  stop(): Promise<void>;
}

/** The stack named by TALKTIME_STACK (its StackEnv as JSON, set by the test runner), or one of its own. */
export async function useStack(): Promise<UsedStack> {
  const shared = Deno.env.get("TALKTIME_STACK");
  if (shared) return { env: JSON.parse(shared) as StackEnv, stop: () => Promise.resolve() };
  return await ownStack();
}

/** A stack for one test file alone, such as one without Realtime. */
export async function ownStack(options: Pick<StackOptions, "realtime"> = {}): Promise<UsedStack> {
  const dataDir = await Deno.makeTempDir({ prefix: "talktime-" });
  const stack = await startStack({ ...options, dataDir, ports: "free", scheduler: false });
  return {
    env: stack.env,
    // Its books are whole when it goes, like those of the shared one after every suite.
    stop: async () => {
      const found = await violations(stack.env.DB_URL);
      await stack.stop();
      await Deno.remove(dataDir, { recursive: true });
      if (found.length > 0) throw new Error(`The integrity check found\n${found.slice(0, 20).join("\n")}`);
    },
  };
}

// No session kept and no token refreshed behind the test's back.
const quiet = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };

/** A client without a user. */
export const anonymous = (env: StackEnv): SupabaseClient =>
  createClient(env.API_URL, env.PUBLISHABLE_KEY, quiet);

/** A client with the secret key. */
export const admin = (env: StackEnv): SupabaseClient => createClient(env.API_URL, env.SECRET_KEY, quiet);

export interface SignedUp {
  client: SupabaseClient;
  userId: string;
  email: string;
  accessToken: string;
}

/** A new person, signed in. */
export async function signUp(env: StackEnv, email = `${crypto.randomUUID()}@example.com`): Promise<SignedUp> {
  const client = anonymous(env);
  const { data, error } = await client.auth.signUp({ email, password: "correct horse battery" });
  if (error || !data.session || !data.user) throw new Error(`Sign-up of ${email} failed: ${error?.message}`);
  return { client, userId: data.user.id, email, accessToken: data.session.access_token };
}

/** A connection as role `postgres`; end it with `await sql.end()`. */
export function sql(env: StackEnv, options: postgres.Options<Record<string, never>> = {}): postgres.Sql {
  const client = postgres(env.DB_URL, { max: 4, onnotice: () => {}, ...options });
  const end = client.end;
  // Without a limit, the client waits for ever for a connection the server cut off.
  client.end = (limit) => end({ timeout: 2, ...limit });
  return client;
}
