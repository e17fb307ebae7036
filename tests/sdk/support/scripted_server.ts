// A supabase-js client whose requests a test answers itself: the real client, the real wire format, no network.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
// Loaded beforehand, so that a test's own turn of events does not wait for the disk.
import "../../../client-sdk/src/wallet_live.ts";
import { ScriptedRealtime } from "./scripted_realtime.ts";

export interface ScriptedRequest {
  method: string;
  /** `rpc/<name>`, a table's name, or `functions/<name>`. */
  target: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  signal: AbortSignal;
}

/** Answers with a response, or rejects as `fetch` does when nothing answers. */
export type Script = (request: ScriptedRequest) => Response | Promise<Response>;

export interface ScriptedOptions {
  /** Default: none that could be reached. */
  realtime?: ScriptedRealtime;
  /** Who is signed in. */
  userId?: string;
}

export function scriptedClient(script: Script, options: ScriptedOptions = {}): SupabaseClient {
  const realtime = options.realtime ?? Object.assign(new ScriptedRealtime(), { isUp: false });
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    const target = url.pathname.replace("/rest/v1/", "").replace("/functions/v1/", "functions/");
    const body = init?.body ? JSON.parse(String(init.body)) as Record<string, unknown> : {};
    const signal = init?.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const response = script({ method: init?.method ?? "GET", target, query: url.searchParams, body, signal });
    return await Promise.race([response, aborted(signal)]);
  };
  return createClient("http://scripted.invalid", "sb_publishable_scripted", {
    auth: {
      ...{ autoRefreshToken: false, detectSessionInUrl: false, persistSession: options.userId !== undefined },
      ...(options.userId === undefined ? {} : { storage: sessionOf(options.userId) }),
    },
    realtime: { transport: realtime.transport },
    global: { fetch: answer as typeof fetch },
    db: { retry: false },
  });
}

/** A browser's storage with somebody's session in it. */
function sessionOf(userId: string) {
  const hour = 3_600;
  const session = {
    access_token: "header.payload.signature",
    refresh_token: "refresh",
    token_type: "bearer",
    expires_in: hour,
    expires_at: Math.floor(Date.now() / 1000) + hour,
    user: { id: userId },
  };
  const kept = new Map([["sb-scripted-auth-token", JSON.stringify(session)]]);
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

export const json = (body: unknown, status = 200): Response => Response.json(body, { status });

/** What `fetch` rejects with when the network is down. */
export const offline = (): Promise<Response> => Promise.reject(new TypeError("network is down"));
