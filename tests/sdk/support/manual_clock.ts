// Time that moves only when a test says so.
import type { Clock } from "../../../client-sdk/src/clock.ts";

interface Planned {
  at: number;
  callback: () => void;
}

export class ManualClock implements Clock {
  // An arbitrary start: nothing may take it for a date.
  #now = 5_000_000.25;
  readonly #planned = new Map<number, Planned>();
  #handles = 0;

  now = (): number => this.#now;

  setTimeout = (callback: () => void, ms: number): number => {
    if (!Number.isFinite(ms)) throw new RangeError(`A timer of ${ms} ms would fire at once`);
    this.#planned.set(++this.#handles, { at: this.#now + Math.max(0, ms), callback });
    return this.#handles;
  };

  clearTimeout = (handle: unknown): void => void this.#planned.delete(handle as number);

  /** How many timers wait. */
  get waiting(): number {
    return this.#planned.size;
  }

  /** Moves on, running what becomes due in order, each with the promises it sets off. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      const [handle, { at, callback }] = next;
      this.#planned.delete(handle);
      this.#now = Math.max(this.#now, at);
      callback();
      await settle();
    }
    this.#now = until;
  }

  #next(until: number): [number, Planned] | undefined {
    const due = [...this.#planned].filter(([, { at }]) => at <= until);
    return due.sort(([, a], [, b]) => a.at - b.at)[0];
  }
}

/** Lets everything that already can happen, happen: requests of the scripted server answer within this. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
