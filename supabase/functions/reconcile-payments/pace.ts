// Spaces requests evenly, whoever asks and however many at once.

export interface Pace {
  /** Resolves when the next request may start. */
  next(): Promise<void>;
  /** How long that would take now, in milliseconds. */
  wait(): number;
  /** Lets nothing start for so long, because Stripe asked for it. */
  pause(milliseconds: number): void;
}

export function createPace(
  perSecond: number,
  now: () => number = () => performance.now(),
  sleep: (milliseconds: number) => Promise<void> = (milliseconds) =>
    new Promise((done) => setTimeout(done, milliseconds)),
): Pace {
  const interval = 1000 / perSecond;
  let free = 0;
  const wait = () => Math.max(0, free - now());
  return {
    wait,
    async next() {
      const turn = wait();
      free = Math.max(now(), free) + interval;
      if (turn > 0) await sleep(turn);
    },
    pause(milliseconds) {
      free = Math.max(free, now() + milliseconds);
    },
  };
}
