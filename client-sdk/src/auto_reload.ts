import type { Micros } from "./money.ts";
import type { Page, PageOptions } from "./pages.ts";
import type { Checkout, Purchase, Purchases } from "./purchases.ts";
import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * What a person agrees to. `consentText` is what they were shown beside the button they pressed; it is kept.
 *
 * @example
 * ```ts
 * import { type AutoReloadTerms, toMicros } from '@talktime/client';
 *
 * const terms: AutoReloadTerms = {
 *   packageCode: 'credit_20',
 *   thresholdMicros: toMicros(5_000_000),
 *   monthlyCapCents: 10_000,
 *   consent: true,
 *   consentText: 'Buy $20 of credit with my saved card whenever I have less than $5, at most $100 a month.',
 * };
 * console.log((await talktime.autoReload.set(terms)).data?.enabled); // → true
 * ```
 */
export interface AutoReloadTerms {
  /** What is bought. */
  packageCode: string;
  /** Available credit below which it is bought. */
  thresholdMicros: Micros;
  /** What may be charged a calendar month (UTC); at least the price of the package. */
  monthlyCapCents: number;
  /** Set by the person, never by the program. */
  consent: true;
  consentText: string;
  /** The card to charge; whichever is the default unless given. */
  paymentMethodId?: string;
}

/**
 * Auto-reload as it is now.
 *
 * @example
 * ```ts
 * import type { AutoReloadState } from '@talktime/client';
 *
 * const needsAttention = (state: AutoReloadState) => state.enabled && state.suspendedReason !== null;
 * const { data: state } = await talktime.autoReload.get();
 * if (state) console.log(needsAttention(state)); // → false
 * ```
 */
export interface AutoReloadState {
  userId: string;
  /** Whether the person wants it. */
  enabled: boolean;
  thresholdMicros: Micros | null;
  packageCode: string | null;
  /** The price agreed to, in cents; another one is never charged. */
  priceCents: number | null;
  /** ISO 4217 code, lower case. */
  currency: string;
  monthlyCapCents: number | null;
  /** Charged this calendar month (UTC), or about to be. */
  monthCents: number;
  /** The card that was named; `null` means the default. */
  paymentMethodId: string | null;
  /** The card that would be charged now. */
  card: string | null;
  /** When the person agreed (ISO 8601). */
  consentAt: string | null;
  consentText: string | null;
  /**
   * Why it stopped by itself: `card_refused`, `card_removed` (both until the card changes), `too_many_failures`,
   * `authentication_required` (see {@link AutoReload.confirm}), `terms_changed`, `money_returned` or
   * `payment_in_review` (until {@link AutoReload.set} is called again). Newer servers may know more.
   */
  suspendedReason: string | null;
  suspendedAt: string | null;
  /** Refused attempts in a row. */
  failureCount: number;
  /** No attempt is made before this; `null` while none is to be made. */
  nextAttemptAt: string | null;
  /** The purchase that is being charged now. */
  purchaseInFlight: string | null;
}

/**
 * Credit that buys itself when it runs low. Reached as `talktime.autoReload`; loaded when it is first used,
 * and imports nothing.
 *
 * @example
 * ```ts
 * import type { AutoReload } from '@talktime/client';
 *
 * async function isOn(autoReload: AutoReload) {
 *   const { data: state } = await autoReload.get();
 *   return state?.enabled === true && state.suspendedReason === null;
 * }
 * console.log(await isOn(talktime.autoReload)); // → false
 * ```
 */
export class AutoReload {
  readonly #transport: Transport;
  readonly #purchases: Purchases;

  /** @internal */
  constructor(transport: Transport, purchases: Purchases) {
    this.#transport = transport;
    this.#purchases = purchases;
  }

  /**
   * What was agreed to, what was charged this month, and whether it has stopped by itself.
   *
   * @param options `signal` stops the request
   * @returns the state; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: state, error } = await talktime.autoReload.get();
   * if (error) throw error;
   * console.log(state.enabled, state.monthCents); // → false 0
   * ```
   */
  get(options: { signal?: AbortSignal } = {}): Promise<Result<AutoReloadState>> {
    return this.#transport.rpc<AutoReloadState>("get_auto_reload", {}, options.signal);
  }

  /**
   * Switches it on, or changes it. Needs a saved card and the person's consent; also lets it go on after it has stopped
   * by itself, unless the card has to change first.
   *
   * @param terms what the person agrees to
   * @param options `signal` stops the request
   * @returns the state; errors: `auto_reload_not_possible` (`details.problem` says why), `package_not_found`,
   * `payment_method_not_found`, `invalid_request`, `wallet_suspended`, `wallet_closed`
   * @example
   * ```ts
   * import { toMicros } from '@talktime/client';
   *
   * const { data: state, error } = await talktime.autoReload.set({
   *   packageCode: 'credit_10',
   *   thresholdMicros: toMicros(5_000_000),
   *   monthlyCapCents: 5_000,
   *   consent: true, // the person has ticked the box
   *   consentText: 'Buy $10 of credit with my saved card whenever I have less than $5, at most $50 a month.',
   * });
   * if (error) throw error;
   * console.log(state.enabled, state.priceCents); // → true 1000
   * ```
   */
  set(terms: AutoReloadTerms, options: { signal?: AbortSignal } = {}): Promise<Result<AutoReloadState>> {
    return this.#transport.rpc<AutoReloadState>("set_auto_reload", {
      threshold_micros: terms.thresholdMicros,
      package_code: terms.packageCode,
      monthly_cap_cents: terms.monthlyCapCents,
      consent: terms.consent,
      consent_text: terms.consentText,
      payment_method_id: terms.paymentMethodId,
    }, options.signal);
  }

  /**
   * Switches it off. Nothing is charged from then on, but for a charge the payment provider was asked for before, which
   * `purchaseInFlight` names.
   *
   * @param options `signal` stops the request
   * @returns the state; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: state, error } = await talktime.autoReload.disable();
   * if (error) throw error;
   * console.log(state.enabled, state.purchaseInFlight); // → false null
   * ```
   */
  disable(options: { signal?: AbortSignal } = {}): Promise<Result<AutoReloadState>> {
    return this.#transport.rpc<AutoReloadState>("disable_auto_reload", {}, options.signal);
  }

  /**
   * Every attempt to charge the card, newest first, whatever became of it: `failureCode` says why one failed.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `signal`
   * @returns a page; errors: `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.autoReload.attempts({ limit: 20 });
   * if (error) throw error;
   * console.log(page.items.length, page.next); // → 0 null
   * ```
   */
  async attempts(options: PageOptions = {}): Promise<Result<Page<Purchase>>> {
    return await this.#purchases.list({ ...options, origin: "auto_reload" });
  }

  /**
   * The page where the person pays themselves what their bank did not let be charged without them. Once it is paid,
   * auto-reload goes on. The message `payment_action_required` leads to your page with `confirm_purchase` in its address.
   *
   * @param purchaseId the attempt that failed with `authentication_required`
   * @param pages where to return after paying, and without
   * @param options `signal` stops the request
   * @returns a new purchase and its page; errors: `purchase_not_found` and those of `purchases.checkout`
   * @example
   * ```ts
   * const pages = { successUrl: 'http://localhost:3000/paid', cancelUrl: 'http://localhost:3000/' };
   * const { data, error } = await talktime.autoReload.confirm(purchaseId, pages);
   * if (error) throw error;
   * console.log(data.purchase.priceCents); // → 1000
   * ```
   */
  async confirm(
    purchaseId: string,
    pages: { successUrl: string; cancelUrl: string },
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<Checkout>> {
    const attempt = await this.#purchases.get(purchaseId, options);
    if (attempt.error) return attempt;
    // With the card saved anew, the bank knows it as one that may be charged again.
    return this.#purchases.checkout(attempt.data.packageCode!, { ...pages, ...options, saveCard: true });
  }
}
