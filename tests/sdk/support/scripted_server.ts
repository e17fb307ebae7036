// A supabase-js client whose requests a test answers itself: the real client, the real wire format, no network.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";

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

export function scriptedClient(script: Script): SupabaseClient {
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
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: answer as typeof fetch },
    db: { retry: false },
  });
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
