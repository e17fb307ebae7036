/** The simulator's own time. It runs at the speed of the real clock and can be moved forward, never back. */
export class Clock {
  #base: () => number;
  #offsetMs: number;
  #frozenMs: number | null = null;

  constructor(base: () => number = Date.now, offsetMs = 0) {
    this.#base = base;
    this.#offsetMs = offsetMs;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  nowMs(): number {
    return this.#frozenMs ?? this.#base() + this.#offsetMs;
  }

  /** Unix seconds, the unit of every Stripe timestamp. */
  now(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  advance(seconds: number): void {
    if (!(seconds >= 0)) throw new RangeError("The clock only moves forward.");
    this.#offsetMs += Math.round(seconds * 1000);
  }

  /** Runs `work` as of an earlier instant: what fell due in a leap of the clock happened at its own time. */
  during<T>(atSeconds: number, work: () => T): T {
    this.#frozenMs = atSeconds * 1000;
    try {
      return work();
    } finally {
      this.#frozenMs = null;
    }
  }

  restore(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }
}

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
