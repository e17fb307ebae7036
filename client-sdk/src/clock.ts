/**
 * The monotonic clock and timer that watching and live calls run on. Replace it in tests (to move time by hand) and
 * in demos whose database runs faster than real time; both must then run at the same speed. Requests keep timing
 * out in real time.
 *
 * @example
 * ```ts
 * import { type Clock, createTalktime } from '@talktime/client';
 *
 * const speed = 100;
 * const fast: Clock = {
 *   now: () => performance.now() * speed,
 *   setTimeout: (callback, ms) => setTimeout(callback, ms / speed),
 *   clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
 * };
 * const accelerated = createTalktime(supabase, { clock: fast });
 * console.log((await accelerated.packages.list()).error); // → null
 * ```
 */
export interface Clock {
  /** Milliseconds since any fixed moment; must never go backwards. */
  now(): number;
  /** Runs the callback once, `ms` of this clock's milliseconds from now, and returns a handle. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Cancels what {@link Clock.setTimeout} planned. */
  clearTimeout(handle: unknown): void;
}

/** Real time. Looked up at each use, so that fake timers installed later are honored. */
export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** Resolves after `ms` on the clock, or at once when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clock.clearTimeout(handle);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const handle = clock.setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

interface PageVisibility {
  visibilityState: string;
  addEventListener(type: "visibilitychange", listener: () => void): void;
  removeEventListener(type: "visibilitychange", listener: () => void): void;
}

const page = () => (globalThis as { document?: PageVisibility }).document;

/** Whether a page exists and nobody can see it. */
export function isPageHidden(): boolean {
  return page()?.visibilityState === "hidden";
}

/** Calls back whenever the page becomes visible again; returns how to stop. Does nothing without a page. */
export function onPageVisible(callback: () => void): () => void {
  const document = page();
  const listener = () => {
    if (!isPageHidden()) callback();
  };
  document?.addEventListener("visibilitychange", listener);
  return () => document?.removeEventListener("visibilitychange", listener);
}
