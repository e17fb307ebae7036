// One call on a server whose time, speed and reliability a test decides. It follows the database's rules for seconds:
// holds grow by a quantum as far as credit goes, a begun second counts, the next heartbeat is due at the next warning.
import type { SupabaseClient } from "@supabase/supabase-js";
import type { ManualClock } from "./manual_clock.ts";
import { json, offline, scriptedClient, type ScriptedRequest } from "./scripted_server.ts";

const START = Date.parse("2031-05-04T03:02:01.000Z");
const QUANTUM = 300;
const INTERVAL = 30;
const THRESHOLDS = [60, 30, 10];

export interface Trip {
  /** Milliseconds to the server, and back. */
  there: number;
  back: number;
  /** Whether the request, or only its answer, is lost. */
  lost?: "request" | "answer" | undefined;
}

export class SimulatedCall {
  readonly client: SupabaseClient;
  /** Names of the requests, in the order they were sent. */
  readonly asked: string[] = [];
  /** The numbers of the heartbeats, in the order they were sent. */
  readonly numbers: number[] = [];
  /** How the next requests travel; consulted for each. */
  trip: (name: string) => Trip = () => ({ there: 0, back: 0 });
  /** Talk time the credit pays for, from the answer. */
  affordable: number;
  /** Why it pays for no more: most calls end by credit. */
  limit: "credit" | "time_limit" | "daily_limit" = "credit";
  status: "authorized" | "answered" | "ended" = "authorized";
  endReason: string | null = null;
  authorized = 0;
  answeredAt: number | null = null;
  endedAt: number | null = null;
  #warned: number[] = [];
  #lastNumber = 0;
  #lastAnswer: Record<string, unknown> = {};
  readonly #clock: ManualClock;
  readonly #epoch: number;

  constructor(clock: ManualClock, affordable: number) {
    this.#clock = clock;
    this.#epoch = START - clock.now();
    this.affordable = affordable;
    this.authorized = Math.min(QUANTUM, affordable);
    this.client = scriptedClient((request) => this.#travel(request));
  }

  /** The server's time in milliseconds. */
  get now(): number {
    return this.#clock.now() + this.#epoch;
  }

  get deadline(): number {
    return this.answeredAt === null ? Infinity : this.answeredAt + this.authorized * 1000;
  }

  /** A server's instant on the clock the client reads. */
  localTime(at: number): number {
    return at - this.#epoch;
  }

  /** Ends it as someone else would. */
  end(reason: string): void {
    if (this.status === "ended") return;
    this.status = "ended";
    this.endReason = reason;
    this.endedAt = this.now;
  }

  async #travel({ target, body }: ScriptedRequest): Promise<Response> {
    const name = target.replace("rpc/", "");
    this.asked.push(name);
    if (typeof body.request_number === "number") this.numbers.push(body.request_number);
    const { there, back, lost } = this.trip(name);
    await this.#pass(there);
    if (lost === "request") return await offline();
    const answer = this.#answer(name, body);
    await this.#pass(back);
    return lost === "answer" ? await offline() : answer;
  }

  #pass(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => void this.#clock.setTimeout(resolve, ms));
  }

  #answer(name: string, body: Record<string, unknown>): Response {
    const isLive = this.status !== "ended";
    const number = Number(body.request_number);
    if (number === this.#lastNumber) return json({ ...this.#lastAnswer, replayed: true });
    if (number < this.#lastNumber) return json(this.#state([]));
    if (name === "answer_call" && !isLive) return refused("call_ended", 409);
    if (name === "extend_call" && this.status === "authorized") return refused("call_not_answered", 409);
    if (name === "answer_call" && this.status === "authorized") {
      this.status = "answered";
      this.answeredAt = this.now;
    }
    if (name === "extend_call" && isLive && this.now >= this.deadline) this.end(this.#limitReason());
    if (name === "start_call" && body.answered && this.status === "authorized") {
      this.status = "answered";
      this.answeredAt = this.now;
      return json(this.#state(this.#takeWarnings()));
    }
    if (name === "end_call") {
      this.end(body.reason === "credit_exhausted" ? this.#limitReason() : String(body.reason));
    }
    const speaks = (name === "answer_call" || name === "extend_call") && this.status === "answered";
    if (speaks) {
      this.authorized = Math.max(this.authorized, Math.min(this.#elapsed() + QUANTUM, this.affordable));
    }
    const answer = this.#state(speaks ? this.#takeWarnings() : []);
    if (speaks && name === "extend_call") [this.#lastNumber, this.#lastAnswer] = [number, answer];
    return json(answer);
  }

  #limitReason(): string {
    return this.limit === "credit" ? "credit_exhausted" : this.limit;
  }

  #limitedBy(): string | null {
    const isLimited = this.status === "ended"
      ? this.endReason === this.#limitReason()
      : this.affordable <= this.authorized;
    return isLimited ? this.limit : null;
  }

  #elapsed(): number {
    return this.answeredAt === null ? 0 : Math.ceil(((this.endedAt ?? this.now) - this.answeredAt) / 1000);
  }

  #left(): number {
    return this.status === "ended" ? 0 : Math.max(0, this.affordable - this.#elapsed());
  }

  #takeWarnings(): number[] {
    const reached = THRESHOLDS.filter((threshold) => this.#left() <= threshold);
    const fresh = reached.filter((threshold) => !this.#warned.includes(threshold));
    this.#warned = reached;
    return fresh;
  }

  #state(warnings: number[]): Record<string, unknown> {
    const left = this.#left();
    const limitedBy = this.#limitedBy();
    const nextWarning = Math.max(0, ...THRESHOLDS.filter((threshold) => threshold < left));
    const iso = (at: number | null) => at === null || at === Infinity ? null : new Date(at).toISOString();
    return {
      call_id: "call-1",
      status: this.status,
      authorized_seconds: this.authorized,
      authorized_until: iso(this.deadline),
      answered_at: iso(this.answeredAt),
      ended_at: iso(this.endedAt),
      elapsed_seconds: this.#elapsed(),
      seconds_left: left,
      limited_by: limitedBy,
      final_unit: limitedBy === "credit",
      warnings,
      heartbeat_seconds: Math.max(1, Math.min(INTERVAL, left - nextWarning)),
      duration_seconds: this.status === "ended" ? Math.min(this.#elapsed(), this.authorized) : null,
      end_reason: this.endReason,
      server_time: iso(this.now),
    };
  }
}

const refused = (code: string, status: number): Response =>
  json({ code: `PT${status}`, message: code, details: "{}", hint: "" }, status);
