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

interface ActiveFault {
  spec: FaultSpec;
  path: RegExp | null;
  left: number;
}

export class Faults {
  #active: ActiveFault[] = [];
  #perSecond: number | null = null;
  #recent: number[] = [];

  add(spec: FaultSpec): void {
    if (!FAULT_KINDS.includes(spec.kind)) throw new TypeError(`There is no fault "${spec.kind}".`);
    const path = spec.match?.path === undefined ? null : new RegExp(spec.match.path);
    this.#active.push({ spec, path, left: spec.times ?? Infinity });
  }

  clear(): void {
    this.#active = [];
  }

  /** Requests a second before 429 is answered; null for no limit. */
  limit(perSecond: number | null): void {
    this.#perSecond = perSecond;
    this.#recent = [];
  }

  overLimit(nowMs: number): boolean {
    if (this.#perSecond === null) return false;
    this.#recent = this.#recent.filter((at) => at > nowMs - 1000);
    if (this.#recent.length >= this.#perSecond) return true;
    this.#recent.push(nowMs);
    return false;
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
