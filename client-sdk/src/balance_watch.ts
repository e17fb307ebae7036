import type { Balance } from "./balance.ts";
import type { BalanceStore, Watcher } from "./balance_store.ts";
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
  /** Milliseconds between two questions where the server pushes no changes, at least 100. Default 5 000. */
  intervalMs?: number;
  /** Ends the watch when it aborts. */
  signal?: AbortSignal;
  /** Told of each question that failed; the watch goes on by itself, more slowly. */
  onError?: (error: TalktimeError) => void;
}

const DEFAULT_INTERVAL_MS = 5_000;

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
  readonly #store: BalanceStore;
  readonly #watcher: Watcher;
  readonly #stopped = new AbortController();

  /** @internal */
  constructor(store: BalanceStore, callback: (balance: Balance) => void, options: WatchOptions) {
    const { intervalMs = DEFAULT_INTERVAL_MS, signal, onError } = options;
    let shown = "";
    const told = ({ data, error }: Result<Balance>) => {
      if (this.#stopped.signal.aborted) return;
      if (error) return onError?.(error);
      const text = JSON.stringify({ ...data, asOf: 0 });
      if (text === shown) return;
      shown = text;
      callback(data);
    };
    this.#store = store;
    this.#watcher = { intervalMs, told };
    signal?.addEventListener("abort", this.stop, { signal: this.#stopped.signal });
    if (signal?.aborted) this.stop();
    else store.add(this.#watcher);
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
  refresh(): Promise<Result<Balance>> {
    return this.#store.get(this.#stopped.signal, true);
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
    this.#store.remove(this.#watcher);
  };

  /** `using watch = …` stops it at the end of the block. */
  [Symbol.dispose](): void {
    this.stop();
  }
}
