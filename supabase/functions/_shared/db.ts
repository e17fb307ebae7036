// The database as the payment functions see it: one typed method for each SQL function they call. Every rule lives
// behind these calls; a function only carries facts between Stripe and them.
import type { Env } from "./env.ts";
import { createRpc } from "./rpc.ts";
import { type SubscriptionDatabase, subscriptionDatabase } from "./subscription_db.ts";
import type { DisputeFacts, IntentFacts, RefundFacts, SessionFacts } from "./stripe_facts.ts";

export type PurchaseStatus = "created" | "open" | "processing" | "paid" | "expired" | "failed" | "review";

export interface Purchase {
  purchase_id: string;
  user_id: string;
  package_code: string;
  status: PurchaseStatus;
  origin: "checkout" | "auto_reload" | "subscription";
  price_cents: number;
  credit_micros: number;
  bonus_micros: number;
  currency: string;
  stripe_session_id: string | null;
  checkout_url: string | null;
  session_expires_at: string | null;
  payment_intent_id: string | null;
  receipt_url: string | null;
  invoice_url: string | null;
  review_reason: string | null;
  failure_code: string | null;
  refunded_cents: number;
  disputed_cents: number;
  clawed_back_micros: number;
  success_url: string;
  cancel_url: string;
  created_at: string;
  paid_at: string | null;
  is_final: boolean;
  replayed: boolean;
}

/** What Stripe needs to know on top, to make the session. */
export interface NewPurchase extends Purchase {
  expected_livemode: boolean;
  package: {
    code: string;
    name: string;
    price_cents: number;
    lookup_key: string;
    /** The price at Stripe, once it has been looked up. */
    stripe_price_id: string | null;
  };
  checkout: {
    /** Who the person is at Stripe, once they have paid. */
    customer: string | null;
    automatic_tax: boolean;
    allow_promotion_codes: boolean;
    invoice_creation: boolean;
  };
}

export interface PurchaseRequest {
  user_id: string;
  package_code: string;
  idempotency_key: string;
  success_url: string;
  cancel_url: string;
  promo_code?: string | undefined;
}

export interface AttachedSession {
  user_id: string;
  purchase_id: string;
  stripe_session_id: string;
  checkout_url: string;
  session_expires_at: string;
  livemode: boolean;
  stripe_customer_id: string | null;
  /** The price it was made with, where that had to be looked up. */
  stripe_price_id: string | null;
}

export interface AppliedSession {
  purchase: Purchase;
  balance: Record<string, unknown>;
  /** True only for the one call that wrote the credit. */
  credited: boolean;
}

/** What became of an object met in a list or by an event; not known is another product's. */
export interface Applied {
  known: boolean;
  purchase?: Purchase;
  purchase_id?: string;
  credited?: boolean;
  clawed_back_micros?: number;
  reinstated_micros?: number;
  replayed?: boolean;
}

export type RefundStatus =
  | "requested"
  | "pending"
  | "requires_action"
  | "succeeded"
  | "failed"
  | "canceled"
  | "refused";

export interface Refund {
  refund_id: string;
  user_id: string;
  purchase_id: string;
  stripe_refund_id: string | null;
  origin: "talktime" | "stripe";
  status: RefundStatus;
  /** Null asks for all that is left. */
  amount_cents: number | null;
  currency: string;
  reason: string | null;
  failure_reason: string | null;
  created_at: string;
  replayed: boolean;
}

export interface RefundRequest {
  user_id: string;
  purchase_id: string;
  reason: string;
  idempotency_key: string;
  amount_cents: number | null;
  /** The admin; null for the secret key itself. */
  actor_id: string | null;
}

export interface BegunRefund {
  refund: Refund;
  payment_intent_id: string;
}

export interface AppliedRefund extends Applied {
  refund?: Refund;
}

/** An unfinished purchase to look at; `expire_session` when the person began another one instead. */
export interface DuePurchase extends Purchase {
  expire_session: boolean;
}

export type WalkName =
  | "events"
  | "sessions"
  | "payment_intents"
  | "subscriptions"
  | "invoices"
  | "refunds"
  | "disputes";

/** A list at Stripe to read, newest first, from where the last page ended. */
export interface Walk {
  name: WalkName;
  since: string;
  until: string;
  after: string | null;
}

export interface ReconcileRun {
  /** Null while another run holds the lease. */
  run_id: number | null;
  walks: Walk[];
}

export interface WalkPlace {
  run_id: number;
  name: WalkName;
  after: string | null;
  done: boolean;
}

export interface SeenEvent {
  id: string;
  type: string;
  created: number;
  user_id: string | null;
  failure_code: string | null;
}

export interface Database extends SubscriptionDatabase {
  createPurchase(request: PurchaseRequest): Promise<NewPurchase>;
  attachCheckoutSession(session: AttachedSession): Promise<Purchase>;
  forgetStripePrice(lookupKey: string): Promise<void>;
  forgetStripeCustomer(which: { user_id: string; customer_id: string }): Promise<void>;
  findPurchase(by: { user_id: string; purchase_id?: string; stripe_session_id?: string }): Promise<Purchase>;
  applyCheckoutSession(
    application: { user_id: string; purchase_id: string; session: SessionFacts },
  ): Promise<AppliedSession>;
  getBalance(userId: string): Promise<Record<string, unknown>>;

  applyFoundSession(session: SessionFacts): Promise<Applied>;
  applyPaymentIntent(intent: IntentFacts): Promise<Applied>;
  applyRefund(refund: RefundFacts): Promise<AppliedRefund>;
  applyDispute(dispute: DisputeFacts): Promise<Applied>;

  beginRefund(request: RefundRequest): Promise<BegunRefund>;
  failRefundRequest(refusal: { user_id: string; refund_id: string; error: string }): Promise<Refund>;
  claimDueRefunds(batchSize: number): Promise<BegunRefund[]>;

  beginReconcileRun(): Promise<ReconcileRun>;
  saveWalk(place: WalkPlace): Promise<{ lease: boolean }>;
  finishReconcileRun(
    end: { run_id: number; counts: Record<string, number>; error: string | null },
  ): Promise<void>;
  claimDuePurchases(batchSize: number): Promise<DuePurchase[]>;
  recordCheckFailure(failure: { user_id: string; purchase_id: string; error: string }): Promise<void>;
  filterNewEvents(ids: string[]): Promise<string[]>;
  /** Which of these sessions, payments and invoices the database may still learn something from. */
  filterUnsettled(objectIds: string[]): Promise<string[]>;
  recordEvents(events: SeenEvent[]): Promise<void>;
}

export function createDatabase(env: Pick<Env, "supabaseUrl" | "secretKey">): Database {
  const call = createRpc(env);
  return {
    ...subscriptionDatabase(call),
    createPurchase: (request) => call("create_purchase", request),
    attachCheckoutSession: (session) => call("attach_checkout_session", session),
    forgetStripePrice: (lookupKey) => call("forget_stripe_price", { lookup_key: lookupKey }),
    forgetStripeCustomer: (which) => call("forget_stripe_customer", which),
    findPurchase: (by) => call("find_purchase", by),
    applyCheckoutSession: (application) => call("apply_checkout_session", application),
    getBalance: (userId) => call("get_balance", { user_id: userId }),

    applyFoundSession: (session) => call("apply_found_session", { session }),
    applyPaymentIntent: (intent) => call("apply_payment_intent", { intent }),
    applyRefund: (refund) => call("apply_refund", { refund }),
    applyDispute: (dispute) => call("apply_dispute", { dispute }),

    beginRefund: (request) => call("begin_refund", request),
    failRefundRequest: (refusal) => call("fail_refund_request", refusal),
    claimDueRefunds: (batchSize) => call("claim_due_refunds", { batch_size: batchSize }),

    beginReconcileRun: () => call("begin_reconcile_run"),
    saveWalk: (place) => call("save_walk", place),
    finishReconcileRun: (end) => call("finish_reconcile_run", end),
    claimDuePurchases: (batchSize) => call("claim_due_purchases", { batch_size: batchSize }),
    recordCheckFailure: (failure) => call("record_purchase_check_failure", failure),
    filterNewEvents: (ids) => call("filter_new_events", { event_ids: ids }),
    filterUnsettled: (ids) => call("filter_unsettled", { object_ids: ids }),
    recordEvents: (events) => call("record_events", { events }),
  };
}
