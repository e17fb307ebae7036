import type { Micros } from "./money.ts";
import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * A credit package on sale.
 *
 * @example
 * ```ts
 * import { type CreditPackage, formatMoney } from '@talktime/client';
 *
 * const label = (item: CreditPackage) => `${item.name}: ${formatMoney(item.creditMicros, { locale: 'en-US' })} to talk`;
 * const { data: packages } = await talktime.packages.list();
 * console.log(packages?.map(label)[0]); // → $5 credit: $5.00 to talk
 * ```
 */
export interface CreditPackage {
  /** Stable name, for example `credit_10`; what {@link Purchases.checkout} takes. */
  code: string;
  /** Name a buyer sees. */
  name: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** Price in whole cents, before tax. */
  priceCents: number;
  /** Credit it brings. */
  creditMicros: Micros;
  /** Promotional credit on top, volume discount included. */
  bonusMicros: Micros;
  /** How many days the paid credit may be spent; `null` means for ever. */
  validDays: number | null;
  /** The same for the promotional credit. */
  bonusValidDays: number | null;
}

/**
 * What is for sale. Reached as `talktime.packages`; needs no sign-in.
 *
 * @example
 * ```ts
 * import type { Packages } from '@talktime/client';
 *
 * async function cheapest(packages: Packages) {
 *   const { data } = await packages.list();
 *   return data?.[0]?.code;
 * }
 * console.log(await cheapest(talktime.packages)); // → credit_5
 * ```
 */
export class Packages {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The packages on sale, in the order to show them. Browsers remember the answer for a few minutes.
   *
   * @param options `signal` stops the request
   * @returns the packages; errors: `network_error`, `timeout`
   * @example
   * ```ts
   * const { data: packages, error } = await talktime.packages.list();
   * if (error) throw error;
   * for (const { code, priceCents } of packages) console.log(code, priceCents);
   * ```
   */
  list(options: { signal?: AbortSignal } = {}): Promise<Result<CreditPackage[]>> {
    return this.#transport.catalog<CreditPackage[]>("list_packages", {}, options.signal);
  }
}
