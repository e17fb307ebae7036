import type { Clock } from "./clock.ts";

/**
 * The server's time, as a distance from the local monotonic clock.
 *
 * An answer stamped by the server was stamped somewhere between asking and receiving. The newest possible server time
 * is assumed, so a local deadline is never later than the server's. That estimate is kept while later answers agree
 * with it: a slow answer must not make the time left jump.
 */
export class ServerClock {
  readonly #clock: Clock;
  #offset: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Learns from an answer stamped `serverTime` that was asked for at `sentAt` on the local clock. */
  sync(serverTime: string, sentAt: number): void {
    const stamp = Date.parse(serverTime);
    const newest = stamp - sentAt;
    const oldest = stamp - this.#clock.now();
    const current = this.#offset;
    if (current === undefined || current > newest || current < oldest) this.#offset = newest;
  }

  /** The newest time it can be on the server, as an instant. */
  now(): number {
    return this.#clock.now() + (this.#offset ?? 0);
  }

  /** When the server will reach `instant`, on the local clock. */
  localTime(instant: string): number {
    return Date.parse(instant) - (this.#offset ?? 0);
  }
}
