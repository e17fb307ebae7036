// The database as the functions see it: one typed method for each SQL function they call. Every rule lives behind
// these calls; a function only carries facts between Stripe and them.
import { createClient } from "@supabase/supabase-js";
import type { Env } from "./env.ts";
import { fromDatabase } from "./errors.ts";
import type { SessionFacts } from "./stripe.ts";

export type PurchaseStatus = "created" | "open" | "processing" | "paid" | "expired" | "failed" | "review";

export interface Purchase {
  purchase_id: string;
  user_id: string;
  package_code: string;
  status: PurchaseStatus;
  price_cents: number;
  credit_micros: number;
  bonus_micros: number;
  currency: string;
  stripe_session_id: string | null;
  checkout_url: string | null;
  session_expires_at: string | null;
  payment_intent_id: string | null;
  receipt_url: string | null;
  review_reason: string | null;
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
  package: { code: string; name: string; price_cents: number; lookup_key: string };
}

export interface PurchaseRequest {
  user_id: string;
  package_code: string;
  idempotency_key: string;
  success_url: string;
  cancel_url: string;
}

export interface AttachedSession {
  user_id: string;
  purchase_id: string;
  stripe_session_id: string;
  checkout_url: string;
  session_expires_at: string;
  livemode: boolean;
}

export interface AppliedSession {
  purchase: Purchase;
  balance: Record<string, unknown>;
  /** True only for the one call that wrote the credit. */
  credited: boolean;
}

export interface Database {
  createPurchase(request: PurchaseRequest): Promise<NewPurchase>;
  attachCheckoutSession(session: AttachedSession): Promise<Purchase>;
  findPurchase(by: { user_id: string; purchase_id?: string; stripe_session_id?: string }): Promise<Purchase>;
  applyCheckoutSession(
    application: { user_id: string; purchase_id: string; session: SessionFacts },
  ): Promise<AppliedSession>;
  claimDuePurchases(batchSize: number): Promise<Purchase[]>;
  recordCheckFailure(failure: { user_id: string; purchase_id: string; error: string }): Promise<void>;
  getBalance(userId: string): Promise<Record<string, unknown>>;
}

const TIMEOUT_MILLISECONDS = 10_000;

export function createDatabase(env: Pick<Env, "supabaseUrl" | "secretKey">): Database {
  const client = createClient(env.supabaseUrl, env.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    db: { timeout: TIMEOUT_MILLISECONDS },
  });
  async function call<T>(name: string, parameters: object): Promise<T> {
    const { data, error } = await client.rpc(name, parameters);
    if (error) throw fromDatabase(error);
    return data as T;
  }
  return {
    createPurchase: (request) => call("create_purchase", request),
    attachCheckoutSession: (session) => call("attach_checkout_session", session),
    findPurchase: (by) => call("find_purchase", by),
    applyCheckoutSession: (application) => call("apply_checkout_session", application),
    claimDuePurchases: (batchSize) => call("claim_due_purchases", { batch_size: batchSize }),
    recordCheckFailure: (failure) => call("record_purchase_check_failure", failure),
    getBalance: (userId) => call("get_balance", { user_id: userId }),
  };
}
