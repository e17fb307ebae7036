import type { Micros } from "./money.ts";
import type { Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * Everything a receipt has to state.
 *
 * @example
 * ```ts
 * import type { Receipt } from '@talktime/client';
 *
 * const title = (receipt: Receipt) => `Receipt from ${receipt.seller.name}`;
 * const { data: receipt } = await talktime.receipts.get(purchaseId);
 * if (receipt) console.log(title(receipt)); // → Receipt from Talktime
 * ```
 */
export interface Receipt {
  purchaseId: string;
  /** Short reference for people, such as `TT-0F3A9C21B7D4`. */
  reference: string;
  status: string;
  packageCode: string;
  packageName: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** Price in cents, before tax. */
  priceCents: number;
  /** Tax within {@link Receipt.paidCents}. */
  taxCents: number;
  /** What was taken, in cents, tax included. */
  paidCents: number;
  /** What was given back since, in cents. */
  refundedCents: number;
  /** Credit that was paid for. */
  creditMicros: Micros;
  /** Promotional credit on top. */
  bonusMicros: Micros;
  /** When it was paid (ISO 8601). */
  paidAt: string;
  paymentIntentId: string | null;
  /** Stripe's own receipt; `null` where Stripe made none. */
  receiptUrl: string | null;
  seller: { name: string; address: string[]; email: string | null; taxId: string | null };
}

/**
 * Receipts of paid purchases. Reached as `talktime.receipts`.
 *
 * @example
 * ```ts
 * import type { Receipts } from '@talktime/client';
 *
 * async function paidCents(receipts: Receipts, id: string) {
 *   const { data } = await receipts.get(id);
 *   return data?.paidCents;
 * }
 * console.log(await paidCents(talktime.receipts, purchaseId)); // → 1000
 * ```
 */
export class Receipts {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The receipt of a purchase.
   *
   * @param purchaseId the purchase's id
   * @param options `signal` stops the request
   * @returns the receipt; errors: `purchase_not_found` (also before it is paid), `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: receipt, error } = await talktime.receipts.get(purchaseId);
   * if (error) throw error;
   * console.log(receipt.packageName, receipt.paidCents); // → $10 credit 1000
   * ```
   */
  get(purchaseId: string, options: { signal?: AbortSignal } = {}): Promise<Result<Receipt>> {
    return this.#transport.rpc<Receipt>("get_receipt", { purchase_id: purchaseId }, options.signal);
  }
}
