import type { Micros } from "./money.ts";
import { mapped, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * What a code would give now.
 *
 * @example
 * ```ts
 * import { formatMoney, type PromoOffer } from '@talktime/client';
 *
 * const label = (offer: PromoOffer) => `${formatMoney(offer.amountMicros, { locale: 'en-US' })} with ${offer.code}`;
 * const { data: offer } = await talktime.promotions.check('hello-25');
 * if (offer) console.log(label(offer)); // → $2.50 with HE11025
 * ```
 */
export interface PromoOffer {
  /** The code as it is kept: capitals, no dashes, 0 and 1 for what looks like them. */
  code: string;
  /** `free_credit` is redeemed at once; the others come with a purchase. Newer servers may know more. */
  kind: "free_credit" | "fixed_bonus" | "percent_bonus" | (string & Record<never, never>);
  amountMicros: Micros;
  /** How many days the credit may be spent; `null` means for ever. */
  validDays: number | null;
  /** When the code ends (ISO 8601); `null` while nobody knows. */
  endsAt: string | null;
}

/**
 * A code that was used.
 *
 * @example
 * ```ts
 * import type { Redemption } from '@talktime/client';
 *
 * const isSpendable = (redemption: Redemption) => redemption.status === 'granted';
 * const { data: redemption } = await talktime.promotions.redeem('hello-25');
 * if (redemption) console.log(isSpendable(redemption)); // → true
 * ```
 */
export interface Redemption {
  redemptionId: string;
  campaign: string;
  code: string;
  /** `reserved` until its purchase is paid, `released` if it is not. Newer servers may know more. */
  status: "reserved" | "granted" | "released" | (string & Record<never, never>);
  amountMicros: Micros;
  /** The purchase it came with; `null` for free credit. */
  purchaseId: string | null;
  /** The lot of credit it brought. */
  grantId: number | null;
  /** When it was used (ISO 8601). */
  createdAt: string;
}

const COLUMNS = `user_id,redemptionId:id,campaign,code,status,amountMicros:amount_micros,
purchaseId:purchase_id,grantId:grant_id,createdAt:created_at` as const;

/**
 * Codes for credit. Reached as `talktime.promotions`; loaded when first used. A code that goes with a purchase is given
 * to {@link Purchases.checkout} as `promoCode`.
 *
 * @example
 * ```ts
 * import type { Promotions } from '@talktime/client';
 *
 * async function worth(promotions: Promotions, code: string) {
 *   const { data: offer } = await promotions.check(code);
 *   return offer?.amountMicros ?? 0;
 * }
 * console.log(await worth(talktime.promotions, 'HELLO25')); // → 2500000
 * ```
 */
export class Promotions {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Redeems a code for free credit. Capitals, dashes, and O for 0 do not matter. Once it is used, the same code returns
   * the same redemption.
   *
   * @param code what the person typed
   * @param options `signal` stops the request
   * @returns the redemption; errors: `promo_code_not_valid` (`details.problem` says why: `unknown`, `not_active`,
   * `ended`, `used_up`, `already_redeemed`, `needs_purchase`), `rate_limited`, `wallet_suspended`, `wallet_closed`
   * @example
   * ```ts
   * const { data: redemption, error } = await talktime.promotions.redeem('hello-25');
   * if (error) throw error;
   * console.log(redemption.amountMicros); // → 2500000
   * ```
   */
  redeem(code: string, options: { signal?: AbortSignal } = {}): Promise<Result<Redemption>> {
    return this.#transport.rpc<Redemption>("redeem_code", { code }, options.signal);
  }

  /**
   * What a code would give now, alone or with a package. It reserves nothing; wrong codes count against the attempts.
   *
   * @param code what the person typed
   * @param options `packageCode` for a code that goes with a purchase, `signal`
   * @returns the offer; errors: `promo_code_not_valid` (`details.problem` as of {@link Promotions.redeem}, and
   * `not_for_purchases`, `purchase_too_small`, `other_package`, `first_purchase_only`), `package_not_found`, `rate_limited`
   * @example
   * ```ts
   * const { data: offer, error } = await talktime.promotions.check('extra-20', { packageCode: 'credit_10' });
   * if (error) throw error;
   * console.log(offer.amountMicros, offer.validDays); // → 2000000 90
   * ```
   */
  check(
    code: string,
    options: { packageCode?: string; signal?: AbortSignal } = {},
  ): Promise<Result<PromoOffer>> {
    const args = { code, package_code: options.packageCode };
    return this.#transport.rpc<PromoOffer>("check_promo_code", args, options.signal);
  }

  /**
   * The codes a person has used, newest first; the last hundred.
   *
   * @param options `signal` stops the request
   * @returns the redemptions; errors: `not_authenticated`
   * @example
   * ```ts
   * await talktime.promotions.redeem('HELLO25');
   * const { data: redemptions, error } = await talktime.promotions.redemptions();
   * if (error) throw error;
   * console.log(redemptions.map(({ code, status }) => `${code} ${status}`)); // → [ "HE11025 granted" ]
   * ```
   */
  async redemptions(options: { signal?: AbortSignal } = {}): Promise<Result<Redemption[]>> {
    const rows = await this.#transport.rows(
      (db) => db.from("redemptions").select(COLUMNS).order("created_at", { ascending: false }).limit(100),
      options.signal,
    );
    return mapped(rows, (data) => data.map(({ user_id: _, ...redemption }) => redemption as Redemption));
  }
}

export { Promotions as default };
