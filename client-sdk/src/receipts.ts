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
  /** Counts up by one without gaps: `TT-000123`, or `TT-TEST-000123` for a test payment. */
  number: string;
  /** When the number was given (ISO 8601). */
  issuedAt: string;
  /** Whether real money was paid. */
  livemode: boolean;
  purchaseId: string;
  userId: string;
  /** Short reference of the purchase, such as `TT-0F3A9C21B7D4`; not the receipt's number. */
  reference: string;
  status: string;
  /** `checkout`, or `auto_reload` where a saved card was charged. */
  origin: string;
  packageCode: string;
  packageName: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** When it was paid (ISO 8601). */
  paidAt: string;
  /** The seller as it was when the number was given. */
  seller: { name: string; address: string[]; email: string | null; taxId: string | null };
  /** The address of the login; `null` once that is deleted. */
  buyer: { email: string | null };
  lines: { description: string; quantity: number; amountCents: number }[];
  /** Price in cents, before tax. */
  priceCents: number;
  /** Sum of the lines, before discount and tax. */
  subtotalCents: number;
  /** Taken off by a promotion code. */
  discountCents: number;
  taxLines: { description: string; amountCents: number }[];
  /** Tax within {@link Receipt.paidCents}. */
  taxCents: number;
  /** What was taken, in cents, tax included. */
  paidCents: number;
  /** What was given back since, in cents. */
  refundedCents: number;
  /** What disputes have taken back since, less what was paid back to the seller. */
  disputedCents: number;
  /** What stays paid after both. */
  netPaidCents: number;
  refunds: { refundId: string; amountCents: number; status: string; createdAt: string }[];
  disputes: {
    disputeId: string;
    amountCents: number;
    status: string;
    withdrawnCents: number;
    reinstatedCents: number;
    createdAt: string;
  }[];
  /** Credit that was paid for. */
  creditMicros: Micros;
  /** Promotional credit on top. */
  bonusMicros: Micros;
  /** Credit taken back for what was returned. */
  clawedBackMicros: Micros;
  paymentIntentId: string | null;
  /** Stripe's own receipt; `null` where Stripe made none. */
  receiptUrl: string | null;
  /** Stripe's invoice; `null` where Stripe made none. */
  invoiceUrl: string | null;
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

  /**
   * The receipt as a page to read and print. Open it by an object URL: a Supabase project without a domain of its own
   * serves pages as plain text.
   *
   * @param purchaseId the purchase's id
   * @param options `signal` stops the request
   * @returns the page; errors: as of {@link Receipts.get}
   * @example
   * ```ts
   * const { data: page, error } = await talktime.receipts.html(purchaseId);
   * if (error) throw error;
   * const address = URL.createObjectURL(page); // for window.open(address)
   * console.log(page.type); // → text/html;charset=utf-8
   * ```
   */
  html(purchaseId: string, options: { signal?: AbortSignal } = {}): Promise<Result<Blob>> {
    return this.#file("html", purchaseId, options.signal);
  }

  /**
   * The receipt as a PDF.
   *
   * @param purchaseId the purchase's id
   * @param options `signal` stops the request
   * @returns the file; errors: as of {@link Receipts.get}
   * @example
   * ```ts
   * const { data: pdf, error } = await talktime.receipts.pdf(purchaseId);
   * if (error) throw error;
   * console.log(pdf.type, (await pdf.text()).slice(0, 5)); // → application/pdf %PDF-
   * ```
   */
  pdf(purchaseId: string, options: { signal?: AbortSignal } = {}): Promise<Result<Blob>> {
    return this.#file("pdf", purchaseId, options.signal);
  }

  #file(format: "html" | "pdf", id: string, signal?: AbortSignal): Promise<Result<Blob>> {
    const transport = this.#transport;
    return transport.request(
      async (abort) => (await import("./receipt_files.ts")).receiptFile(transport, format, id, abort),
      signal,
    );
  }
}

export { Receipts as default };
