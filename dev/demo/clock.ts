// A clock that runs faster than real time, for the SDK and the database together: an hour's call fits in seconds,
// and every heartbeat, warning and cut-off still happens at its own second.
import type { Clock } from "../../client-sdk/src/index.ts";
import type postgres from "postgres";

interface Timer {
  callback: () => void;
  dueAt: number;
  handle?: ReturnType<typeof setTimeout>;
}

export class DemoClock implements Clock {
  #speed = 1;
  #anchorReal = performance.now();
  #anchor = 0;
  readonly #timers = new Set<Timer>();

  constructor(private readonly database: postgres.Sql) {}

  now(): number {
    return this.#anchor + (performance.now() - this.#anchorReal) * this.#speed;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer: Timer = { callback, dueAt: this.now() + Math.max(0, ms) };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as Timer | undefined;
    if (!timer) return;
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }

  /** Changes the speed of the database's clock and of this one. */
  async run(speed: number): Promise<void> {
    await this.database`select private.set_clock(private.clock(), ${speed})`;
    this.#anchor = this.now();
    this.#anchorReal = performance.now();
    this.#speed = speed;
    for (const timer of this.#timers) this.#arm(timer);
  }

  /** Lets time pass at once, for what nobody wants to watch. */
  async skip(seconds: number): Promise<void> {
    await this
      .database`select private.set_clock(private.clock() + ${seconds} * interval '1 second', ${this.#speed})`;
    this.#anchor += seconds * 1000;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => {
      this.#timers.delete(timer);
      timer.callback();
    }, Math.max(0, timer.dueAt - this.now()) / this.#speed);
  }
}
