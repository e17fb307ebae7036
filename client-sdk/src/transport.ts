import type { SupabaseClient } from "@supabase/supabase-js";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.types.ts";
import { TalktimeError, toTalktimeError } from "./errors.ts";
import { failure, type Result, success } from "./result.ts";
import { camelize } from "./wire.ts";

/** What supabase-js resolves to, whichever part of it was asked. */
interface Answer<T> {
  data: T | null;
  error: unknown;
  status?: number;
}

interface RowQuery<Row> extends PromiseLike<Answer<Row[]>> {
  eq(column: "user_id", value: string): RowQuery<Row>;
  abortSignal(signal: AbortSignal): RowQuery<Row>;
}

type Tables = ReturnType<SupabaseClient<Database>["schema"]>;
type Arguments = Record<string, unknown>;
type Send<T> = (abort: AbortSignal) => PromiseLike<Answer<T>>;
type FunctionName = keyof Database["public"]["Functions"] & string;

export interface TransportOptions {
  userId: string | undefined;
  clock: Clock;
  timeoutMs: number;
}

/** Every request of the package passes through here: one timeout, one mapping of errors, one place that names the user. */
export class Transport {
  readonly clock: Clock;
  readonly userId: string | undefined;
  readonly supabase: SupabaseClient<Database>;
  /** Told of every JSON answer, for whoever keeps what it says. */
  onAnswer: (answer: Record<string, never>) => void = () => {};
  readonly #timeoutMs: number;

  constructor(supabase: SupabaseClient<Database>, options: TransportOptions) {
    this.supabase = supabase;
    this.userId = options.userId;
    this.clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Our schema, whichever one the caller's client is set to. */
  get tables(): Tables {
    return this.supabase.schema("public");
  }

  /** Calls an SQL function that answers with a JSON object. Undefined arguments are left to their SQL defaults. */
  rpc<T>(name: FunctionName, args: Arguments, signal?: AbortSignal): Promise<Result<T>> {
    return this.#call(name, { ...args, user_id: this.userId }, false, signal);
  }

  /** Calls an SQL function that is the same for everyone, by GET: its answer may come from an HTTP cache. */
  catalog<T>(name: FunctionName, args: Arguments, signal?: AbortSignal): Promise<Result<T>> {
    return this.#call(name, args, true, signal);
  }

  #call<T>(name: FunctionName, args: Arguments, get: boolean, signal?: AbortSignal): Promise<Result<T>> {
    return this.#decoded((abort) => this.tables.rpc(name, args as never, { get }).abortSignal(abort), signal);
  }

  /** Posts to an Edge Function that answers with a JSON object. */
  invoke<T>(name: string, body: Arguments, signal?: AbortSignal): Promise<Result<T>> {
    return this.#decoded(
      (abort) => this.supabase.functions.invoke<unknown>(name, { body, signal: abort }),
      signal,
    );
  }

  async #decoded<T>(send: Send<unknown>, signal?: AbortSignal): Promise<Result<T>> {
    const result = await this.request(send, signal);
    if (result.error) return result;
    const { data } = result;
    if (typeof data !== "object" || !data) {
      return failure("unexpected_response", { details: { answer: data } });
    }
    const answer = camelize(data);
    this.onAnswer(answer as Record<string, never>);
    return success(answer as T);
  }

  /** Reads rows of one wallet: the named user's, else what row level security lets the signed-in user see. */
  async rows<Row extends { user_id: string }>(
    build: (tables: Tables) => RowQuery<Row>,
    signal?: AbortSignal,
  ): Promise<Result<Row[]>> {
    const { userId } = this;
    const result = await this.request((abort) => {
      const query = build(this.tables);
      return (userId ? query.eq("user_id", userId) : query).abortSignal(abort);
    }, signal);
    if (result.data?.some((row) => row.user_id !== result.data[0]?.user_id)) {
      return failure("forbidden", {
        hint: "This key reads every wallet: name one by userId.",
      });
    }
    return result;
  }

  /** Sends one request of supabase-js; never rejects. Ends after the timeout, or with the caller's signal. */
  async request<T>(send: Send<T>, signal?: AbortSignal): Promise<Result<T>> {
    const limit = new AbortController();
    const stop = (code: "timeout" | "aborted") => limit.abort(new TalktimeError(code));
    const onAbort = () => stop("aborted");
    const timer = setTimeout(stop, this.#timeoutMs, "timeout");
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    let answer: Answer<T>;
    try {
      limit.signal.throwIfAborted();
      // Raced against the request, because reading the session before it cannot be aborted.
      answer = await Promise.race([send(limit.signal), rejection(limit.signal)]);
    } catch (error) {
      answer = { data: null, error };
    }
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    if (!answer.error) return success(answer.data as T);
    return { data: null, error: await toTalktimeError(limit.signal.reason ?? answer.error, answer.status) };
  }
}

/** Rejects with the signal's reason when it aborts. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
