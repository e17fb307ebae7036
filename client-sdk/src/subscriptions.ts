import type { Balance } from "./balance.ts";
import type { Micros } from "./money.ts";
import { mapped, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/**
 * A plan on sale: credit every month or year.
 *
 * @example
 * ```ts
 * import { formatMoney, type Plan } from '@talktime/client';
 *
 * const label = (plan: Plan) => `${plan.name}: ${formatMoney(plan.creditMicros, { locale: 'en-US' })} a ${plan.period}`;
 * const { data: plans } = await talktime.subscriptions.plans();
 * console.log(plans?.map(label)[0]); // → Example plan: $12.00 a month
 * ```
 */
export interface Plan {
  /** Stable name; what {@link Subscriptions.subscribe} takes. */
  code: string;
  /** Name a buyer sees. */
  name: string;
  /** ISO 4217 code, lower case. */
  currency: string;
  /** Price a period in whole cents, before tax. */
  priceCents: number;
  /** How often it is paid. */
  period: "month" | "year";
  /** Credit each period. */
  creditMicros: Micros;
  /** What becomes of what is left when the period ends: nothing stays, some of it, or all. */
  rollover: "none" | "capped" | "all";
  /** How much stays at most, where it is capped. */
  rolloverCapMicros: Micros | null;
}

/**
 * A subscription, as the payment provider last said.
 *
 * @example
 * ```ts
 * import type { Subscription } from '@talktime/client';
 *
 * const needsCard = (subscription: Subscription) => ['past_due', 'unpaid'].includes(subscription.status);
 * const { data: subscription } = await talktime.subscriptions.current();
 * console.log(subscription !== null && needsCard(subscription)); // → false
 * ```
 */
export interface Subscription {
  subscriptionId: string;
  /** The plan of the last paid period. */
  planCode: string;
  /** The plan from the next period on, if another. */
  nextPlanCode: string | null;
  /**
   * `open` until it is paid on its page, `expired` if it never was; `active`; `past_due` while the payment of a renewal
   * is tried again, `unpaid` after that; `canceled`. Newer servers may know more.
   */
  status:
    | "created"
    | "open"
    | "active"
    | "past_due"
    | "unpaid"
    | "canceled"
    | "expired"
    | (string & Record<never, never>);
  currentPeriodStart: string | null;
  /** When the next payment is due (ISO 8601). */
  currentPeriodEnd: string | null;
  /** Whether it ends with the period. */
  cancelAtPeriodEnd: boolean;
  createdAt: string;
  endedAt: string | null;
}

/**
 * What {@link Subscriptions.subscribe} needs besides the plan.
 *
 * @example
 * ```ts
 * import type { SubscribeOptions } from '@talktime/client';
 *
 * const pages: SubscribeOptions = { successUrl: 'http://localhost:3000/plan', cancelUrl: 'http://localhost:3000/' };
 * console.log((await talktime.subscriptions.subscribe('example_monthly', pages)).error); // → null
 * ```
 */
export interface SubscribeOptions {
  /** Where to return after paying; `subscription_session_id={CHECKOUT_SESSION_ID}` is added unless the address names it. */
  successUrl: string;
  /** Where to return without paying. */
  cancelUrl: string;
  /** Repeating it with the same key returns the same subscription. Default: a new one for each call. */
  idempotencyKey?: string;
  /** Stops the request. */
  signal?: AbortSignal;
}

const PLAN = `code,name,currency,priceCents:price_cents,period,creditMicros:credit_micros,rollover,
rolloverCapMicros:rollover_cap_micros` as const;
const SUBSCRIPTION = `user_id,subscriptionId:id,planCode:plan_code,nextPlanCode:next_plan_code,status,
currentPeriodStart:current_period_start,currentPeriodEnd:current_period_end,cancelAtPeriodEnd:cancel_at_period_end,
createdAt:created_at,endedAt:ended_at` as const;
const RUNNING = ["active", "past_due", "unpaid"];

type Changed = { subscription: Subscription };

/**
 * Credit every month or year. Reached as `talktime.subscriptions`; loaded when first used.
 *
 * @example
 * ```ts
 * import type { Subscriptions } from '@talktime/client';
 *
 * async function isSubscriber(subscriptions: Subscriptions) {
 *   const { data } = await subscriptions.current();
 *   return data?.status === 'active';
 * }
 * console.log(await isSubscriber(talktime.subscriptions)); // → false
 * ```
 */
export class Subscriptions {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The plans on sale, in the order to show them. Needs no sign-in.
   *
   * @param options `signal` stops the request
   * @returns the plans; errors: `network_error`, `timeout`
   * @example
   * ```ts
   * const { data: plans, error } = await talktime.subscriptions.plans();
   * if (error) throw error;
   * for (const { code, priceCents, period } of plans) console.log(code, priceCents, period);
   * ```
   */
  plans(options: { signal?: AbortSignal } = {}): Promise<Result<Plan[]>> {
    const { tables } = this.#transport;
    return this.#transport.request<Plan[]>(
      (abort) =>
        tables.from("subscription_plans").select(PLAN).eq("active", true).order("position").abortSignal(abort)
          .overrideTypes<Plan[], { merge: false }>(),
      options.signal,
    );
  }

  /**
   * The person's running subscription, else their last one; `null` for who never had one.
   *
   * @param options `signal` stops the request
   * @returns the subscription; errors: `not_authenticated`
   * @example
   * ```ts
   * const { data: subscription, error } = await talktime.subscriptions.current();
   * if (error) throw error;
   * console.log(subscription?.currentPeriodEnd ?? 'No subscription'); // → No subscription
   * ```
   */
  async current(options: { signal?: AbortSignal } = {}): Promise<Result<Subscription | null>> {
    const rows = await this.#transport.rows(
      (db) =>
        db.from("subscriptions").select(SUBSCRIPTION).in("status", [...RUNNING, "canceled", "open"])
          .order("created_at", { ascending: false }).limit(50),
      options.signal,
    );
    return mapped(rows, (data) => {
      const found = data.find(({ status }) => RUNNING.includes(status)) ?? data[0];
      if (!found) return null;
      const { user_id: _, ...subscription } = found;
      return subscription;
    });
  }

  /**
   * Begins a subscription and returns the page to send the person to. Back on `successUrl`, hand the
   * `subscription_session_id` of its address to {@link Subscriptions.verify}.
   *
   * @param planCode a plan's code
   * @param options the pages to return to and an idempotency key
   * @returns the subscription and its page; errors: `plan_not_found`, `subscription_exists`, `redirect_not_allowed`,
   * `idempotency_conflict`, `rate_limited`, `too_many_failed_payments`, `wallet_suspended`, `wallet_closed`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data, error } = await talktime.subscriptions.subscribe('example_monthly', {
   *   successUrl: 'http://localhost:3000/plan',
   *   cancelUrl: 'http://localhost:3000/',
   * });
   * if (error) throw error;
   * console.log(data.subscription.status); // → open
   * location.assign(data.checkoutUrl!);
   * ```
   */
  async subscribe(
    planCode: string,
    options: SubscribeOptions,
  ): Promise<Result<{ subscription: Subscription; checkoutUrl: string | null }>> {
    const body = {
      action: "subscribe",
      plan_code: planCode,
      success_url: options.successUrl,
      cancel_url: options.cancelUrl,
      idempotency_key: options.idempotencyKey ?? crypto.randomUUID(),
    };
    const send = () =>
      this.#ask<{ subscription: Subscription; checkoutUrl: string | null }>(body, options.signal);
    const result = await send();
    return result.error?.code === "network_error" ? send() : result;
  }

  /**
   * Asks the payment provider about a subscription now and adds the credit of its latest payment. Safe to repeat: credit
   * is added once.
   *
   * @param ref the session id or the subscription id
   * @param options `signal` stops the request
   * @returns subscription and balance; errors: `subscription_not_found`, `session_mismatch`, `rate_limited`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data } = await talktime.subscriptions.subscribe('example_monthly', {
   *   successUrl: 'http://localhost:3000/plan',
   *   cancelUrl: 'http://localhost:3000/',
   * });
   * const { subscriptionId } = data!.subscription;
   * const { data: verified, error } = await talktime.subscriptions.verify({ subscriptionId });
   * if (error) throw error;
   * console.log(verified.subscription.status, verified.credited); // → open false
   * ```
   */
  verify(
    ref: { sessionId: string } | { subscriptionId: string },
    options: { signal?: AbortSignal } = {},
  ): Promise<Result<{ subscription: Subscription; balance: Balance; credited: boolean }>> {
    const by = "sessionId" in ref ? { session_id: ref.sessionId } : { subscription_id: ref.subscriptionId };
    return this.#ask({ action: "verify", ...by }, options.signal);
  }

  /**
   * Changes to another plan of the same period when the present period ends; to the present plan takes that back.
   *
   * @param planCode the plan
   * @param options `signal` stops the request
   * @returns the subscription; errors: `subscription_not_found`, `plan_not_found`, `subscription_not_changeable`,
   * `rate_limited`, `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data: subscription, error } = await talktime.subscriptions.change('example_monthly');
   * if (error) console.log(error.code); // → subscription_not_found
   * else console.log(subscription.nextPlanCode);
   * ```
   */
  change(planCode: string, options: { signal?: AbortSignal } = {}): Promise<Result<Subscription>> {
    return this.#change({ action: "change", plan_code: planCode }, options.signal);
  }

  /**
   * Ends it with the present period. What was paid for stays.
   *
   * @param options `signal` stops the request
   * @returns the subscription; errors: `subscription_not_found`, `subscription_not_changeable`, `rate_limited`,
   * `payment_provider_unavailable`, `payment_provider_error`
   * @example
   * ```ts
   * const { data: subscription, error } = await talktime.subscriptions.cancel();
   * if (error) console.log(error.code); // → subscription_not_found
   * else console.log(subscription.currentPeriodEnd);
   * ```
   */
  cancel(options: { signal?: AbortSignal } = {}): Promise<Result<Subscription>> {
    return this.#change({ action: "cancel" }, options.signal);
  }

  /**
   * Takes {@link Subscriptions.cancel} back, while the period lasts.
   *
   * @param options `signal` stops the request
   * @returns the subscription; errors: those of {@link Subscriptions.cancel}
   * @example
   * ```ts
   * const { data: subscription, error } = await talktime.subscriptions.resume();
   * if (error) console.log(error.code); // → subscription_not_found
   * else console.log(subscription.cancelAtPeriodEnd);
   * ```
   */
  resume(options: { signal?: AbortSignal } = {}): Promise<Result<Subscription>> {
    return this.#change({ action: "resume" }, options.signal);
  }

  /**
   * Charges it to another saved card from now on. A payment that is overdue is tried at once; if that is declined, the
   * status stays as it was.
   *
   * @param paymentMethodId one of {@link Billing.list}
   * @param options `signal` stops the request
   * @returns the subscription; errors: `payment_method_not_found`, and those of {@link Subscriptions.cancel}
   * @example
   * ```ts
   * const { data: cards } = await talktime.billing.list();
   * const { data: subscription, error } = await talktime.subscriptions.payWith(cards![0]!.paymentMethodId);
   * if (error) console.log(error.code); // → subscription_not_found
   * else console.log(subscription.status);
   * ```
   */
  payWith(paymentMethodId: string, options: { signal?: AbortSignal } = {}): Promise<Result<Subscription>> {
    return this.#change({ action: "pay_with", payment_method_id: paymentMethodId }, options.signal);
  }

  async #change(body: Record<string, unknown>, signal?: AbortSignal): Promise<Result<Subscription>> {
    return mapped(await this.#ask<Changed>(body, signal), ({ subscription }) => subscription);
  }

  #ask<T>(body: Record<string, unknown>, signal?: AbortSignal): Promise<Result<T>> {
    return this.#transport.invoke<T>("manage-subscription", body, signal);
  }
}

export { Subscriptions as default };
