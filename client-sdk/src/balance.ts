import { BalanceStore } from "./balance_store.ts";
import { BalanceWatch, type WatchOptions } from "./balance_watch.ts";
import type { Micros } from "./money.ts";
import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * A wallet's balance: `available = balance − held − expired + credit limit`. For showing; whether a call can be paid is
 * decided by the server.
 *
 * @example
 * ```ts
 * import { type Balance, formatDuration } from '@talktime/client';
 *
 * const talk = ({ talkSeconds }: Balance) => talkSeconds === null ? 'unknown' : formatDuration(talkSeconds);
 * const { data: balance } = await talktime.balance.get();
 * if (balance) console.log(talk(balance)); // → 1:06:00
 * ```
 */
export interface Balance {
  userId: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** Everything in the wallet; negative is debt. */
  balanceMicros: Micros;
  /** Reserved for live calls. */
  heldMicros: Micros;
  /** Still in the balance, but past its expiry. */
  expiredMicros: Micros;
  /** What can be spent now. */
  availableMicros: Micros;
  /** What is owed; 0 without debt. */
  debtMicros: Micros;
  /** What may be owed: it counts as available. 0 unless the operator allows more. */
  creditLimitMicros: Micros;
  status: "active" | "suspended" | "closed";
  ratePlan: string | null;
  /** About how many seconds can be talked at the plan's general rate; `null` when it has none. */
  talkSeconds: number | null;
  /** What expires next and when, soonest first; at most ten instants. Empty when nothing does. */
  expiring: { expiresAt: string; amountMicros: Micros }[];
  /** The server's instant of this answer (ISO 8601). */
  asOf: string;
}

/**
 * The signed-in user's money. Reached as `talktime.balance`.
 *
 * @example
 * ```ts
 * import type { BalanceApi } from '@talktime/client';
 *
 * async function canTalk(balance: BalanceApi) {
 *   const { data } = await balance.get();
 *   return (data?.talkSeconds ?? 0) > 0;
 * }
 * console.log(await canTalk(talktime.balance)); // → true
 * ```
 */
export class BalanceApi {
  readonly #store: BalanceStore;

  /** @internal */
  constructor(transport: Transport) {
    this.#store = new BalanceStore(transport);
  }

  /**
   * The balance now. Questions at the same time are sent as one.
   *
   * @param options `signal` stops the request
   * @returns the balance; errors: `not_authenticated`, `forbidden`, `user_not_found`
   * @example
   * ```ts
   * import { formatMoney } from '@talktime/client';
   *
   * const { data: balance, error } = await talktime.balance.get();
   * if (error) throw error;
   * console.log(formatMoney(balance.availableMicros, { locale: 'en-US' })); // → $10.00
   * ```
   */
  get(options: { signal?: AbortSignal } = {}): Promise<Result<Balance>> {
    return this.#store.get(options.signal);
  }

  /**
   * Calls back with the balance at once and whenever it has changed. Where Supabase Realtime is there, the server says so
   * when it changes; elsewhere, and while that is interrupted, it is asked for every `intervalMs`, more slowly while
   * requests fail. Nothing is asked while the page is hidden. All watches of one Talktime share one balance: further
   * ones cost no requests and begin with what is known.
   *
   * @param callback gets the balance, only when something in it changed
   * @param options `intervalMs` (default 5 000 ms), `signal`, `onError`
   * @returns the watch; `stop()` ends it, `refresh()` asks at once
   * @example
   * ```ts
   * const watch = talktime.balance.watch((balance) => console.log(balance.availableMicros)); // → 10000000
   * await watch.refresh();
   * watch.stop();
   * ```
   */
  watch(callback: (balance: Balance) => void, options: WatchOptions = {}): BalanceWatch {
    return new BalanceWatch(this.#store, callback, options);
  }
}
