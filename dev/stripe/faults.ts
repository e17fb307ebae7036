import type { LimitReason } from "./errors.ts";

/**
 * What can go wrong between a caller and Stripe. `_after` and `drop_after` happen after the request had its effect:
 * the caller cannot tell them from their twins, and only an idempotency key or a second look can.
 */
export const FAULT_KINDS = [
  "429",
  "500",
  "500_after",
  "503",
  "timeout",
  "timeout_after",
  "slow",
  "drop_before",
  "drop_after",
] as const;
export type FaultKind = typeof FAULT_KINDS[number];

export interface FaultMatch {
  method?: string;
  /** A regular expression over the path, such as `^/v1/checkout/sessions$`. */
  path?: string;
}

export interface FaultSpec {
  match?: FaultMatch;
  kind: FaultKind;
  /**
   * How many requests it hits; without it, every one until `clearFaults`. The official client repeats a cut
   * connection once by itself, so a cut it shall notice takes two.
   */
  times?: number;
  /** How long `slow` waits before it answers (default 1 s), and `timeout` before it hangs up (default 120 s). */
  delayMs?: number;
}

/** Requests a second before 429 is answered; absent or null for no limit. Stripe's own are 25 in a sandbox. */
export interface RateLimits {
  /** Over all requests. */
  perSecond?: number | null;
  /** Over the requests of each operation, such as `GET /v1/payment_intents/:id` for whatever id. */
  perEndpoint?: number | null;
}

interface ActiveFault {
  spec: FaultSpec;
  path: RegExp | null;
  left: number;
}

export class Faults {
  #active: ActiveFault[] = [];
  #limits: RateLimits = {};
  readonly #recent = new Map<string, number[]>();

  add(spec: FaultSpec): void {
    if (!FAULT_KINDS.includes(spec.kind)) throw new TypeError(`There is no fault "${spec.kind}".`);
    const path = spec.match?.path === undefined ? null : new RegExp(spec.match.path);
    this.#active.push({ spec, path, left: spec.times ?? Infinity });
  }

  clear(): void {
    this.#active = [];
  }

  limit(limits: RateLimits): void {
    this.#limits = limits;
    this.#recent.clear();
  }

  /** What limit the request goes beyond, if any; one that passes counts against both. */
  overLimit(endpoint: string, nowMs: number): LimitReason | null {
    const { perSecond, perEndpoint } = this.#limits;
    if (full(this.#window("", nowMs), perSecond)) return "global-rate";
    if (full(this.#window(endpoint, nowMs), perEndpoint)) return "endpoint-rate";
    if (perSecond) this.#window("", nowMs).push(nowMs);
    if (perEndpoint) this.#window(endpoint, nowMs).push(nowMs);
    return null;
  }

  /** The requests of the last second, oldest first. */
  #window(name: string, nowMs: number): number[] {
    const times = this.#recent.get(name) ?? [];
    const kept = times.length > 0 && times[0]! <= nowMs - 1000
      ? times.filter((at) => at > nowMs - 1000)
      : times;
    this.#recent.set(name, kept);
    return kept;
  }

  /** The first fault that matches, one use of it spent. */
  take(method: string, path: string): FaultSpec | null {
    const fault = this.#active.find(({ spec, path: pattern }) =>
      (spec.match?.method === undefined || spec.match.method.toUpperCase() === method) &&
      (pattern === null || pattern.test(path))
    );
    if (!fault) return null;
    fault.left -= 1;
    if (fault.left <= 0) this.#active = this.#active.filter((each) => each !== fault);
    return fault.spec;
  }
}

function full(times: number[], limit: number | null | undefined): boolean {
  return limit !== null && limit !== undefined && times.length >= limit;
}
