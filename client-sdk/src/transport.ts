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
  readonly #supabase: SupabaseClient<Database>;
  readonly #timeoutMs: number;

  constructor(supabase: SupabaseClient<Database>, options: TransportOptions) {
    this.#supabase = supabase;
    this.userId = options.userId;
    this.clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Our schema, whichever one the caller's client is set to. */
  get tables(): Tables {
    return this.#supabase.schema("public");
  }

  /** Calls an SQL function that answers with a JSON object. Undefined arguments are left to their SQL defaults. */
  async rpc<T>(name: FunctionName, args: Record<string, unknown>, signal?: AbortSignal): Promise<Result<T>> {
    const named = { ...args, user_id: this.userId };
    return decoded<T>(
      await this.request((abort) => this.tables.rpc(name, named as never).abortSignal(abort), signal),
    );
  }

  /** Posts to an Edge Function that answers with a JSON object. */
  async invoke<T>(name: string, body: Record<string, unknown>, signal?: AbortSignal): Promise<Result<T>> {
    const send = (abort: AbortSignal) =>
      this.#supabase.functions.invoke<unknown>(name, { body, signal: abort });
    return decoded<T>(await this.request(send, signal));
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
      return failure(
        new TalktimeError("forbidden", {
          hint: "This key reads every wallet: name one with the option userId.",
        }),
      );
    }
    return result;
  }

  /** Sends one request of supabase-js; never rejects. */
  async request<T>(
    send: (abort: AbortSignal) => PromiseLike<Answer<T>>,
    signal?: AbortSignal,
  ): Promise<Result<T>> {
    const limit = deadline(this.#timeoutMs, signal);
    try {
      const answer = await Promise.race([Promise.resolve(send(limit.signal)), limit.expired]);
      if (!answer.error) return success(answer.data as T);
      return failure(limit.cause() ?? await toTalktimeError(answer.error, answer.status));
    } catch (thrown) {
      return failure(limit.cause() ?? await toTalktimeError(thrown));
    } finally {
      limit.clear();
    }
  }
}

/** Aborts after `ms` real milliseconds or with the caller's signal, and remembers which of the two it was. */
function deadline(ms: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  let cause: TalktimeError | undefined;
  let reject: (reason: unknown) => void;
  // Raced against the request, because reading the session before it cannot be aborted.
  const expired = new Promise<never>((_, no) => (reject = no));
  expired.catch(() => {});
  const stop = (code: "timeout" | "aborted") => {
    cause ??= new TalktimeError(code);
    controller.abort();
    reject(cause);
  };
  const onAbort = () => stop("aborted");
  const timer = setTimeout(() => stop("timeout"), ms);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  const clear = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, expired, cause: () => cause, clear };
}

function decoded<T>(result: Result<unknown>): Result<T> {
  if (result.error) return result;
  if (typeof result.data === "object" && result.data !== null) return success(camelize(result.data) as T);
  return failure(new TalktimeError("unexpected_response", { details: { answer: result.data } }));
}
