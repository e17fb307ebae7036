// The database functions for subscriptions.
import type { Applied } from "./db.ts";
import type { Rpc } from "./rpc.ts";
import type { InvoiceFacts, SubscriptionFacts } from "./subscription_facts.ts";

export interface Subscription {
  subscription_id: string;
  user_id: string;
  plan_code: string;
  /** The plan from the next invoice on, if another. */
  next_plan_code: string | null;
  status:
    | "created"
    | "open"
    | "active"
    | "past_due"
    | "unpaid"
    | "canceled"
    | "expired"
    | "duplicate";
  stripe_session_id: string | null;
  checkout_url: string | null;
  stripe_subscription_id: string | null;
  current_period_start: string | null;
  current_period_end: string | null;
  cancel_at_period_end: boolean;
  success_url: string;
  cancel_url: string;
  created_at: string;
  ended_at: string | null;
  replayed: boolean;
}

/** What Stripe needs to know on top, to sell a plan. */
export interface PlanFacts {
  expected_livemode: boolean;
  plan: {
    code: string;
    name: string;
    price_cents: number;
    period: "month" | "year";
    lookup_key: string;
    /** The price at Stripe, once it has been looked up. */
    stripe_price_id: string | null;
  };
  checkout: { customer: string | null; automatic_tax: boolean };
}

export interface SubscriptionRequest {
  user_id: string;
  plan_code: string;
  idempotency_key: string;
  success_url: string;
  cancel_url: string;
}

export interface AttachedSubscriptionSession {
  user_id: string;
  subscription_id: string;
  stripe_session_id: string;
  checkout_url: string;
  livemode: boolean;
  stripe_price_id: string | null;
}

export interface AppliedSubscription {
  known: boolean;
  /** Another one runs already: this one is to be ended at Stripe. */
  cancel?: boolean;
  subscription?: Subscription;
}

/** One to look at; `expire_session` when the person opened another page instead. */
export interface DueSubscription extends Subscription {
  expire_session: boolean;
}

type Which = { user_id: string; subscription_id: string };

export interface SubscriptionDatabase {
  createSubscription(request: SubscriptionRequest): Promise<Subscription & PlanFacts>;
  attachSubscriptionSession(session: AttachedSubscriptionSession): Promise<Subscription>;
  findSubscriptionPage(
    by: { user_id: string; subscription_id?: string; stripe_session_id?: string },
  ): Promise<Subscription>;
  /** The running one; with a plan, also what Stripe needs to change to it. */
  findSubscription(userId: string): Promise<Subscription>;
  findSubscriptionFor(userId: string, planCode: string): Promise<Subscription & PlanFacts>;
  applySubscription(subscription: SubscriptionFacts): Promise<AppliedSubscription>;
  applyInvoice(invoice: InvoiceFacts): Promise<Applied>;
  expireSubscriptionSession(which: Which): Promise<Subscription>;
  claimDueSubscriptions(batchSize: number): Promise<DueSubscription[]>;
}

export function subscriptionDatabase(call: Rpc): SubscriptionDatabase {
  return {
    createSubscription: (request) => call("create_subscription", request),
    attachSubscriptionSession: (session) => call("attach_subscription_session", session),
    findSubscriptionPage: (by) => call("find_subscription_page", by),
    findSubscription: (userId) => call("find_subscription", { user_id: userId }),
    findSubscriptionFor: (userId, planCode) =>
      call("find_subscription", { user_id: userId, plan_code: planCode }),
    applySubscription: (subscription) => call("apply_subscription", { subscription }),
    applyInvoice: (invoice) => call("apply_invoice", { invoice }),
    expireSubscriptionSession: (which) => call("expire_subscription_session", which),
    claimDueSubscriptions: (batchSize) => call("claim_due_subscriptions", { batch_size: batchSize }),
  };
}
