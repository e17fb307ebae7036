import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * A card that is saved at the payment provider. Its number is never known here.
 *
 * @example
 * ```ts
 * import type { SavedCard } from '@talktime/client';
 *
 * const label = (card: SavedCard) => `${card.brand} •••• ${card.last4}, until ${card.expMonth}/${card.expYear}`;
 * const { data: cards } = await talktime.billing.list();
 * console.log(cards?.map(label)[0]?.slice(0, 14)); // → visa •••• 4242
 * ```
 */
export interface SavedCard {
  userId: string;
  paymentMethodId: string;
  /** `card`. Newer servers may know more. */
  type: string;
  /** Such as `visa`. */
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  /** Charged where no card is named. */
  isDefault: boolean;
  livemode: boolean;
  /** When it was saved (ISO 8601). */
  createdAt: string;
}

/**
 * A page of the payment provider to send the person to.
 *
 * @example
 * ```ts
 * import type { BillingPage } from '@talktime/client';
 *
 * const isSafe = (page: BillingPage) => page.url.startsWith('https:') || page.url.startsWith('http://127.0.0.1');
 * const { data: page } = await talktime.billing.portal({ returnUrl: 'http://localhost:3000/cards' });
 * if (page) console.log(isSafe(page)); // → true
 * ```
 */
export interface BillingPage {
  url: string;
}

/**
 * Saved cards. Reached as `talktime.billing`; loaded when it is first used, and imports nothing. All but {@link Billing.list} need a
 * signed-in user.
 *
 * @example
 * ```ts
 * import type { Billing } from '@talktime/client';
 *
 * async function hasCard(billing: Billing) {
 *   const { data: cards } = await billing.list();
 *   return cards !== null && cards.length > 0;
 * }
 * console.log(await hasCard(talktime.billing)); // → true
 * ```
 */
export class Billing {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Saved cards as they were last seen, the default first.
   *
   * @param options `signal` stops the request
   * @returns the cards; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: cards, error } = await talktime.billing.list();
   * if (error) throw error;
   * console.log(cards[0]?.last4, cards[0]?.isDefault); // → 4242 true
   * ```
   */
  list(options: { signal?: AbortSignal } = {}): Promise<Result<SavedCard[]>> {
    return this.#transport.rpc<SavedCard[]>("list_payment_methods", {}, options.signal);
  }

  /**
   * The payment provider's page where the person saves a card; nothing is charged. Back on `successUrl`, hand the
   * `setup_session_id` of its address to {@link Billing.sync}, which makes the new card the default.
   *
   * @param pages where to return with a card saved, and without
   * @param options `signal` stops the request
   * @returns the page; errors: `redirect_not_allowed`, `rate_limited`, `too_many_failed_payments`, `wallet_suspended`,
   * `wallet_closed`, `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.billing.addCard({
   *   successUrl: 'http://localhost:3000/cards',
   *   cancelUrl: 'http://localhost:3000/cards',
   * });
   * if (error) throw error;
   * location.assign(page.url);
   * ```
   */
  addCard(
    pages: { successUrl: string; cancelUrl: string },
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<BillingPage>> {
    const { successUrl: success_url, cancelUrl: cancel_url } = pages;
    return this.#ask<BillingPage>({ action: "add_card", success_url, cancel_url }, options.signal);
  }

  /**
   * Asks the payment provider which cards there are: after a return from one of its pages.
   *
   * @param options `sessionId` of the page a card was added on, `signal`
   * @returns the cards; errors: `rate_limited`, `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const sessionId = new URL(location.href).searchParams.get('setup_session_id') ?? undefined;
   * const { data: cards, error } = await talktime.billing.sync({ sessionId });
   * if (error) throw error;
   * console.log(cards.length); // → 1
   * ```
   */
  sync(options: { sessionId?: string | undefined; signal?: AbortSignal } = {}): Promise<Result<SavedCard[]>> {
    return this.#cards({ action: "sync", session_id: options.sessionId }, options.signal);
  }

  /**
   * Makes a card the one that is charged where none is named.
   *
   * @param paymentMethodId the card
   * @param options `signal` stops the request
   * @returns all cards as they are now; errors: `payment_method_not_found`, `rate_limited`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data: cards } = await talktime.billing.list();
   * const { data: now } = await talktime.billing.setDefault(cards![0]!.paymentMethodId);
   * console.log(now?.[0]?.isDefault); // → true
   * ```
   */
  setDefault(
    paymentMethodId: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<SavedCard[]>> {
    return this.#cards({ action: "set_default", payment_method_id: paymentMethodId }, options.signal);
  }

  /**
   * Removes a card. Auto-reload that charges it is switched off.
   *
   * @param paymentMethodId the card
   * @param options `signal` stops the request
   * @returns the cards that are left; errors: `payment_method_not_found`, `rate_limited`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data: cards } = await talktime.billing.list();
   * const { data: left, error } = await talktime.billing.remove(cards![0]!.paymentMethodId);
   * if (error) throw error;
   * console.log(left.length); // → 0
   * ```
   */
  remove(
    paymentMethodId: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<SavedCard[]>> {
    return this.#cards({ action: "remove", payment_method_id: paymentMethodId }, options.signal);
  }

  /**
   * The payment provider's own page for saved cards. Call {@link Billing.sync} after the return.
   *
   * @param pages where to return
   * @param options `signal` stops the request
   * @returns the page; errors: those of {@link Billing.addCard}
   * @example
   * ```ts
   * const { data: page, error } = await talktime.billing.portal({ returnUrl: 'http://localhost:3000/cards' });
   * if (error) throw error;
   * console.log(new URL(page.url).pathname.startsWith('/p/session/')); // → true
   * ```
   */
  portal(
    pages: { returnUrl: string },
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<BillingPage>> {
    return this.#ask<BillingPage>({ action: "portal", return_url: pages.returnUrl }, options.signal);
  }

  async #cards(body: Record<string, unknown>, signal?: AbortSignal): Promise<Result<SavedCard[]>> {
    const result = await this.#ask<{ paymentMethods: SavedCard[] }>(body, signal);
    return result.error ? result : { data: result.data.paymentMethods, error: null };
  }

  #ask<T>(body: Record<string, unknown>, signal?: AbortSignal): Promise<Result<T>> {
    return this.#transport.invoke<T>("manage-billing", body, signal);
  }
}
