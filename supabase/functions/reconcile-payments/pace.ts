// Spaces requests evenly, whoever asks and however many at once.

/** Resolves when the next request may start. */
export type Pace = () => Promise<void>;

export function createPace(
  perSecond: number,
  now: () => number = () => performance.now(),
  sleep: (milliseconds: number) => Promise<void> = (milliseconds) =>
    new Promise((done) => setTimeout(done, milliseconds)),
): Pace {
  const interval = 1000 / perSecond;
  let next = 0;
  return async () => {
    const start = Math.max(now(), next);
    next = start + interval;
    const wait = start - now();
    if (wait > 0) await sleep(wait);
  };
}
