import type { Balance } from "./balance.ts";
import { type Clock, isPageHidden, onPageVisible } from "./clock.ts";
import type { TalktimeError } from "./errors.ts";
import type { Result } from "./result.ts";

/**
 * How {@link BalanceApi.watch} behaves.
 *
 * @example
 * ```ts
 * import type { WatchOptions } from '@talktime/client';
 *
 * const options: WatchOptions = { intervalMs: 2_000, onError: (error) => console.log(error.message) };
 * talktime.balance.watch((balance) => console.log(balance.asOf), options).stop();
 * ```
 */
export interface WatchOptions {
  /** Milliseconds between two questions, at least 100. Default 5 000. */
  intervalMs?: number;
  /** Ends the watch when it aborts. */
  signal?: AbortSignal;
  /** Told of each question that failed; the watch goes on by itself, more slowly. */
  onError?: (error: TalktimeError) => void;
}

const DEFAULT_INTERVAL_MS = 5_000;
const LONGEST_BACKOFF = 8;

/**
 * A running watch of the balance.
 *
 * @example
 * ```ts
 * import type { BalanceWatch } from '@talktime/client';
 *
 * const watch: BalanceWatch = talktime.balance.watch(() => {}, { intervalMs: 10_000 });
 * const { data: balance } = await watch.refresh();
 * console.log(balance?.currency); // → usd
 * watch.stop();
 * ```
 */
export class BalanceWatch {
  readonly #ask: (signal: AbortSignal) => Promise<Result<Balance>>;
  readonly #clock: Clock;
  readonly #callback: (balance: Balance) => void;
  readonly #options: WatchOptions;
  readonly #stopped = new AbortController();
  readonly #forgetPage: () => void;
  #timer: unknown;
  #failures = 0;
  #question = 0;
  #shown = "";

  /** @internal */
  constructor(
    ask: (signal: AbortSignal) => Promise<Result<Balance>>,
    clock: Clock,
    callback: (balance: Balance) => void,
    options: WatchOptions,
  ) {
    this.#ask = ask;
    this.#clock = clock;
    this.#callback = callback;
    this.#options = options;
    this.#forgetPage = onPageVisible(() => void this.refresh());
    options.signal?.addEventListener("abort", this.stop);
    if (options.signal?.aborted) this.stop();
    else if (!isPageHidden()) void this.refresh();
  }

  /**
   * Asks now, for example after a purchase or a call, and calls back if the balance changed.
   *
   * @returns the balance; errors as of {@link BalanceApi.get}, `aborted` once the watch has stopped
   * @example
   * ```ts
   * const watch = talktime.balance.watch((balance) => console.log(balance.currency)); // → usd
   * const { error } = await watch.refresh();
   * console.log(error); // → null
   * watch.stop();
   * ```
   */
  async refresh(): Promise<Result<Balance>> {
    this.#clock.clearTimeout(this.#timer);
    const question = ++this.#question;
    const result = await this.#ask(this.#stopped.signal);
    // A newer question was asked meanwhile: its answer is the one to show, and it plans what follows.
    if (question !== this.#question || this.#stopped.signal.aborted) return result;
    this.#failures = result.error ? this.#failures + 1 : 0;
    this.#plan();
    if (result.error) this.#options.onError?.(result.error);
    else this.#show(result.data);
    return result;
  }

  /**
   * Ends the watch; nothing is called back afterwards.
   *
   * @example
   * ```ts
   * const watch = talktime.balance.watch(() => {});
   * watch.stop();
   * console.log((await watch.refresh()).error?.code); // → aborted
   * ```
   */
  readonly stop = (): void => {
    this.#stopped.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#forgetPage();
    this.#options.signal?.removeEventListener("abort", this.stop);
  };

  /** `using watch = …` stops it at the end of the block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #plan(): void {
    // A hidden page asks again when it is seen.
    if (isPageHidden()) return;
    const interval = Math.max(100, this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    const wait = interval * Math.min(2 ** this.#failures, LONGEST_BACKOFF);
    this.#timer = this.#clock.setTimeout(() => void this.refresh(), wait);
  }

  #show(balance: Balance): void {
    const { asOf: _, ...shown } = balance;
    const text = JSON.stringify(shown);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#callback(balance);
  }
}
