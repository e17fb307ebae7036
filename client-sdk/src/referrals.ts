import type { Micros } from "./money.ts";
import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * A person's own code, what it promises, and what became of it.
 *
 * @example
 * ```ts
 * import type { Referral } from '@talktime/client';
 *
 * const tell = ({ invited, rewarded }: Referral) => `${rewarded} of ${invited} friends have paid`;
 * const { data: mine } = await talktime.referrals.mine();
 * if (mine) console.log(tell(mine)); // → 0 of 0 friends have paid
 * ```
 */
export interface Referral {
  /** To give to friends. */
  code: string;
  /** The app's address with the code; `null` where the operator has set none. */
  link: string | null;
  /** What this person gets for each friend. */
  rewardMicros: Micros;
  /** What the friend gets. */
  welcomeMicros: Micros;
  /** The least first purchase that counts, in cents. */
  minPriceCents: number;
  /** Friends who named the code. */
  invited: number;
  /** Of these, who have not paid yet, or wait for a decision. */
  pending: number;
  /** Of these, for whom both were rewarded. */
  rewarded: number;
  /** What this person got, less what was taken back. */
  rewardedMicros: Micros;
}

/**
 * Who was brought by whom, as the friend sees it.
 *
 * @example
 * ```ts
 * import type { Claim } from '@talktime/client';
 *
 * const isOpen = (claim: Claim) => claim.status === 'pending';
 * console.log(isOpen({ status: 'rewarded' })); // → false
 * ```
 */
export interface Claim {
  /** `pending` until the first payment counts. Newer servers may know more. */
  status: "pending" | "rewarded" | "reversed" | "refused" | (string & Record<never, never>);
}

/**
 * Friends who bring friends. Reached as `talktime.referrals`; loaded when first used.
 *
 * @example
 * ```ts
 * import type { Referrals } from '@talktime/client';
 *
 * async function reward(referrals: Referrals) {
 *   const { data: mine } = await referrals.mine();
 *   return mine?.rewardMicros;
 * }
 * console.log(await reward(talktime.referrals)); // → 5000000
 * ```
 */
export class Referrals {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The person's own code and how it fares. The code is made when it is first asked for.
   *
   * @param options `signal` stops the request
   * @returns code, link, promises and counts; errors: `not_authenticated`, `wallet_suspended`, `wallet_closed`
   * @example
   * ```ts
   * const { data: mine, error } = await talktime.referrals.mine();
   * if (error) throw error;
   * console.log(mine.code.length, mine.minPriceCents); // → 8 1000
   * ```
   */
  mine(options: { signal?: AbortSignal } = {}): Promise<Result<Referral>> {
    return this.#transport.rpc<Referral>("get_referral_code", {}, options.signal);
  }

  /**
   * Names who brought this person: once, soon after the sign-up and before the first payment. Both are rewarded when
   * that payment has been taken.
   *
   * @param code the friend's code
   * @param options `signal` stops the request
   * @returns the claim; errors: `promo_code_not_valid` (`details.problem` says why: `unknown`, `own_code`,
   * `already_referred`, `not_active`, `too_late`), `rate_limited`, `wallet_suspended`, `wallet_closed`
   * @example
   * ```ts
   * const { data: mine } = await talktime.referrals.mine();
   * const { error } = await talktime.referrals.claim(mine!.code);
   * console.log(error?.code, error?.details.problem); // → promo_code_not_valid own_code
   * ```
   */
  claim(code: string, options: { signal?: AbortSignal } = {}): Promise<Result<Claim>> {
    return this.#transport.rpc<Claim>("claim_referral", { code }, options.signal);
  }
}

export { Referrals as default };
