import type { Balance } from "./balance.ts";
import { sleep } from "./clock.ts";
import type { Database } from "./database.types.ts";
import type { Micros } from "./money.ts";
import { newestFirst, pageOf, type PageOptions, PageRequest } from "./pages.ts";
import { failure, mapped, type Result, success } from "./result.ts";
import type { Transport } from "./transport.ts";
import { camelize } from "./wire.ts";

/**
 * Where a purchase stands. `paid`, `expired`, `failed` and `review` are final; `processing` means the buyer is done and
 * a slow payment method is not, which can take days. Newer servers may know more.
 *
 * @example
 * ```ts
 * import type { PurchaseStatus } from '@talktime/client';
 *
 * const said: Partial<Record<PurchaseStatus, string>> = { processing: 'Your bank is still working on it.' };
 * console.log(said.processing); // → Your bank is still working on it.
 * ```
 */
export type PurchaseStatus =
  | "created"
  | "open"
  | "processing"
  | "paid"
  | "expired"
  | "failed"
  | "review"
  | (string & Record<never, never>);

/**
 * One attempt to buy a package.
 *
 * @example
 * ```ts
 * import type { Purchase } from '@talktime/client';
 *
 * const isPaid = (purchase: Purchase) => purchase.status === 'paid';
 * const { data: purchase } = await talktime.purchases.get(purchaseId);
 * if (purchase) console.log(isPaid(purchase)); // → true
 * ```
 */
export interface Purchase {
  purchaseId: string;
  userId: string;
  /** `null` for a payment of a subscription. */
  packageCode: string | null;
  /** The subscription whose invoice it paid; `null` for a package. */
  subscriptionId: string | null;
  status: PurchaseStatus;
  /** `checkout` was paid on the payment provider's page, `auto_reload` by a saved card. Newer servers may know more. */
  origin: "checkout" | "auto_reload" | (string & Record<never, never>);
  /** Price in cents, before tax. */
  priceCents: number;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** Credit it brings once paid. */
  creditMicros: Micros;
  /** Promotional credit on top. */
  bonusMicros: Micros;
  stripeSessionId: string | null;
  /** The page where the buyer pays, while the purchase is open. */
  checkoutUrl: string | null;
  sessionExpiresAt: string | null;
  paymentIntentId: string | null;
  /** Stripe's own receipt. */
  receiptUrl: string | null;
  /** Stripe's invoice, where invoices are made. */
  invoiceUrl: string | null;
  /** Why a person has to look at it, when the status is `review`. */
  reviewReason: string | null;
  /** The payment provider's code for why it `failed`. */
  failureCode: string | null;
  /** Cents given back by refunds. */
  refundedCents: number;
  /** Cents that the buyer's bank has taken back. */
  disputedCents: number;
  /** Credit taken back with them. */
  clawedBackMicros: Micros;
  successUrl: string;
  cancelUrl: string;
  createdAt: string;
  paidAt: string | null;
  /** Whether the payment provider has nothing more to say about it. */
  isFinal: boolean;
}

/**
 * What {@link Purchases.checkout} needs besides the package.
 *
 * @example
 * ```ts
 * import type { CheckoutOptions } from '@talktime/client';
 *
 * const pages: CheckoutOptions = {
 *   successUrl: 'http://localhost:3000/paid?session_id={CHECKOUT_SESSION_ID}',
 *   cancelUrl: 'http://localhost:3000/',
 * };
 * console.log((await talktime.purchases.checkout('credit_5', pages)).error); // → null
 * ```
 */
export interface CheckoutOptions {
  /** Where to return after paying; `session_id={CHECKOUT_SESSION_ID}` is added when it is not there. */
  successUrl: string;
  /** Where to return without paying. */
  cancelUrl: string;
  /** Whether the buyer wants the card kept for later charges; the payment page asks for consent. Default `false`. */
  saveCard?: boolean;
  /** Repeating a checkout with the same key returns the same purchase. Default: a new one for each call. */
  idempotencyKey?: string;
  /** A promotion code that brings a bonus; it is granted once the purchase is paid. */
  promoCode?: string;
  /** Stops the request. */
  signal?: AbortSignal;
}

/**
 * A purchase and the page where the buyer pays for it.
 *
 * @example
 * ```ts
 * import type { Checkout } from '@talktime/client';
 *
 * const isPayable = (checkout: Checkout) => checkout.checkoutUrl !== null;
 * const { data } = await talktime.purchases.checkout('credit_10', {
 *   successUrl: 'http://localhost:3000/paid',
 *   cancelUrl: 'http://localhost:3000/',
 * });
 * if (data) console.log(isPayable(data)); // → true
 * ```
 */
export interface Checkout {
  purchase: Purchase;
  /** `null` only when a repeated idempotency key names a purchase that is no longer open. */
  checkoutUrl: string | null;
}

/**
 * Which purchase to look at: by the session id in the success URL, or by its own id.
 *
 * @example
 * ```ts
 * import type { PurchaseRef } from '@talktime/client';
 *
 * const ref: PurchaseRef = { purchaseId };
 * console.log((await talktime.purchases.verify(ref)).data?.purchase.status); // → paid
 * ```
 */
export type PurchaseRef = { sessionId: string } | { purchaseId: string };

/**
 * What the payment provider says now, applied to the wallet.
 *
 * @example
 * ```ts
 * import type { Verification } from '@talktime/client';
 *
 * const tell = ({ purchase, balance }: Verification) => `${purchase.status}, ${balance.availableMicros} to spend`;
 * const { data } = await talktime.purchases.verify({ purchaseId });
 * if (data) console.log(tell(data)); // → paid, 10000000 to spend
 * ```
 */
export interface Verification {
  purchase: Purchase;
  balance: Balance;
  /** Whether it was this very request that added the credit. */
  credited: boolean;
}

/**
 * How {@link Purchases.waitUntilFinal} waits.
 *
 * @example
 * ```ts
 * import type { WaitOptions } from '@talktime/client';
 *
 * const patient: WaitOptions = { timeoutMs: 30_000, onUpdate: ({ purchase }) => console.log(purchase.status) };
 * await talktime.purchases.waitUntilFinal({ purchaseId }, patient); // → paid
 * ```
 */
export interface WaitOptions {
  /** Milliseconds before the second question; every further wait is half as long again, up to 15 s. Default 1 000. */
  intervalMs?: number;
  /** Gives up after this many milliseconds. Default 120 000. */
  timeoutMs?: number;
  /** Gives up when it aborts. */
  signal?: AbortSignal;
  /** Told of every answer, for example to say that a bank transfer is `processing`. */
  onUpdate?: (verification: Verification) => void;
}

const LONGEST_INTERVAL_MS = 15_000;
const NOT_FINAL =
  "The payment is not final yet. Nothing is lost; a payment already made is credited by itself.";
const FINAL: readonly string[] = ["paid", "expired", "failed", "review"];
const COLUMNS =
  `purchase_id:id,user_id,package_code,subscription_id,status,price_cents,currency,credit_micros,bonus_micros,
stripe_session_id,checkout_url,session_expires_at,payment_intent_id,receipt_url,invoice_url,review_reason,failure_code,
origin,refunded_cents,disputed_cents,clawed_back_micros,
success_url,cancel_url,created_at,paid_at` as const;

type Columns = Database["public"]["Tables"]["purchases"]["Row"];
type Unread =
  | "id"
  | "idempotency_key"
  | "livemode"
  | "stripe_customer_id"
  | "paid_cents"
  | "tax_cents"
  | "stripe_created_at"
  | "superseded_at"
  | "next_check_at"
  | "check_count"
  | "last_check_error"
  | "valid_days"
  | "bonus_valid_days"
  | "credit_expires_at"
  | "plan_code"
  | "stripe_invoice_id";
type PurchaseRow = Omit<Columns, Unread> & { purchase_id: string };

function purchase(row: PurchaseRow): Purchase {
  const { status, checkoutUrl, ...rest } = camelize(row);
  return {
    ...rest,
    status,
    checkoutUrl: status === "open" ? checkoutUrl : null,
    isFinal: FINAL.includes(status),
  };
}

/**
 * Buying credit. Reached as `talktime.purchases`. Every method needs a signed-in user: payments are never started
 * with the secret key.
 *
 * @example
 * ```ts
 * import type { Purchases } from '@talktime/client';
 *
 * async function lastStatus(purchases: Purchases) {
 *   const { data: page } = await purchases.list({ limit: 1 });
 *   return page?.items[0]?.status;
 * }
 * console.log(await lastStatus(talktime.purchases)); // → paid
 * ```
 */
export class Purchases {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Starts a purchase and returns the page to send the buyer to. A lost connection is tried once more under the same
   * idempotency key.
   *
   * @param packageCode a package's code, such as `credit_10`
   * @param options the pages to return to, an idempotency key and a promotion code
   * @returns the purchase and its page; errors: `package_not_found`, `promo_code_not_valid` (`details.problem` says why),
   * `redirect_not_allowed`, `idempotency_conflict`, `rate_limited`, `too_many_failed_payments`, `wallet_suspended`,
   * `wallet_closed`, `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data, error } = await talktime.purchases.checkout('credit_20', {
   *   successUrl: 'http://localhost:3000/paid',
   *   cancelUrl: 'http://localhost:3000/',
   * });
   * if (error) throw error;
   * console.log(data.purchase.priceCents); // → 2000
   * ```
   */
  async checkout(packageCode: string, options: CheckoutOptions): Promise<Result<Checkout>> {
    const body = {
      package_code: packageCode,
      success_url: options.successUrl,
      cancel_url: options.cancelUrl,
      idempotency_key: options.idempotencyKey ?? crypto.randomUUID(),
      promo_code: options.promoCode,
      save_card: options.saveCard,
    };
    const send = () => this.#transport.invoke<Checkout>("create-checkout", body, options.signal);
    const result = await send();
    return result.error?.code === "network_error" ? send() : result;
  }

  /**
   * Asks the payment provider about a purchase now and adds the credit if it is paid. Safe to repeat: credit is added
   * once.
   *
   * @param ref the session id or the purchase id
   * @param options `signal` stops the request
   * @returns purchase and balance; errors: `purchase_not_found`, `session_mismatch`, `rate_limited`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data, error } = await talktime.purchases.verify({ purchaseId });
   * if (error) throw error;
   * console.log(data.purchase.status, data.credited); // → paid false
   * ```
   */
  verify(ref: PurchaseRef, options: { signal?: AbortSignal } = {}): Promise<Result<Verification>> {
    const body = "sessionId" in ref ? { session_id: ref.sessionId } : { purchase_id: ref.purchaseId };
    return this.#transport.invoke<Verification>("verify-checkout", body, options.signal);
  }

  /**
   * Verifies again and again until the purchase is final, riding out lost connections.
   *
   * @param ref the session id or the purchase id
   * @param options interval, timeout, signal and a callback for each answer
   * @returns the final verification; errors: those of {@link Purchases.verify} that repeating cannot mend, `timeout`
   * (with the last known status in `details.status`; credit still arrives by itself), `aborted`
   * @example
   * ```ts
   * const { data, error } = await talktime.purchases.waitUntilFinal({ purchaseId }, { timeoutMs: 60_000 });
   * if (error) throw error;
   * console.log(data.purchase.isFinal); // → true
   * ```
   */
  async waitUntilFinal(ref: PurchaseRef, options: WaitOptions = {}): Promise<Result<Verification>> {
    const { clock } = this.#transport;
    const { signal, timeoutMs = 120_000, intervalMs = 1_000 } = options;
    const giveUpAt = clock.now() + timeoutMs;
    let status = "unknown";
    for (let wait = intervalMs;; wait = Math.min(wait * 1.5, LONGEST_INTERVAL_MS)) {
      const result = await this.verify(ref, signal ? { signal } : {});
      if (result.error && !result.error.retryable) return result;
      if (result.data) {
        options.onUpdate?.(result.data);
        if (result.data.purchase.isFinal) return result;
        status = result.data.purchase.status;
      }
      const left = giveUpAt - clock.now();
      if (left <= 0) {
        return failure("timeout", { message: NOT_FINAL, details: { status } });
      }
      await sleep(clock, Math.min(wait, left), signal);
      if (signal?.aborted) return failure("aborted", { details: { status } });
    }
  }

  /**
   * One purchase as it was last seen, without asking the payment provider.
   *
   * @param purchaseId the purchase's id
   * @param options `signal` stops the request
   * @returns the purchase; errors: `purchase_not_found`, `not_authenticated`, `invalid_request`
   * @example
   * ```ts
   * const { data: purchase, error } = await talktime.purchases.get(purchaseId);
   * if (error) throw error;
   * console.log(purchase.packageCode); // → credit_10
   * ```
   */
  async get(purchaseId: string, options: { signal?: AbortSignal } = {}): Promise<Result<Purchase>> {
    const result = await this.#transport.rows(
      (db) => db.from("purchases").select(COLUMNS).eq("id", purchaseId).limit(2),
      options.signal,
    );
    if (result.error) return result;
    const [row] = result.data;
    return row ? success(purchase(row)) : failure("purchase_not_found");
  }

  /**
   * Purchases, newest first.
   *
   * @param options `limit` (default 50), `cursor` of the page before, `origin` (all unless given), `signal`
   * @returns a page, or with `.all()` every purchase one by one; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: page, error } = await talktime.purchases.list({ limit: 10 });
   * if (error) throw error;
   * console.log(page.items.length, page.next); // → 1 null
   * ```
   */
  list(options: PageOptions & { origin?: "checkout" | "auto_reload" } = {}): PageRequest<Purchase> {
    const { origin } = options;
    return new PageRequest(options, async (limit, cursor, signal) => {
      const rows = await this.#transport.rows((db) => {
        const all = db.from("purchases").select(COLUMNS);
        return newestFirst(origin ? all.eq("origin", origin) : all, "created_at", limit, cursor);
      }, signal);
      return mapped(
        rows,
        (data) => pageOf(data.map(purchase), limit, (last) => `${last.createdAt}~${last.purchaseId}`),
      );
    });
  }
}
