// Calls of database functions with the secret key, or in a signed-in person's own name.
import { createClient } from "@supabase/supabase-js";
import type { Credentials } from "./auth.ts";
import type { Env } from "./env.ts";
import { fromDatabase } from "./errors.ts";
import { currentRequestId, REQUEST_ID } from "./request_id.ts";

/** Calls one database function; what it refuses with is thrown as an ApiError. */
export type Rpc = <T>(name: string, parameters?: object) => Promise<T>;

const TIMEOUT_MILLISECONDS = 10_000;

export function createRpc(env: Pick<Env, "supabaseUrl" | "secretKey">): Rpc {
  return rpcWith(env.supabaseUrl, { apikey: env.secretKey, token: null });
}

/** As whoever called the function: the database then decides what they may. */
export function rpcWith(supabaseUrl: string, { apikey, token }: Pick<Credentials, "apikey" | "token">): Rpc {
  const client = createClient(supabaseUrl, apikey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    db: { timeout: TIMEOUT_MILLISECONDS },
    global: { fetch: fetchWithRequestId },
    ...(token === null ? {} : { accessToken: () => Promise.resolve(token) }),
  });
  return async <T>(name: string, parameters: object = {}) => {
    const { data, error } = await client.rpc(name, parameters);
    if (error) throw fromDatabase(error);
    return data as T;
  };
}

/** The id of the request that is being answered goes along, into the logs of the Data API. */
function fetchWithRequestId(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const id = currentRequestId();
  if (id === undefined) return fetch(input, init);
  const headers = new Headers(init?.headers);
  headers.set(REQUEST_ID, id);
  return fetch(input, { ...init, headers });
}
