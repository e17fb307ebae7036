// What manage-billing asks the database.
import type { Env } from "../_shared/env.ts";
import { createRpc } from "../_shared/rpc.ts";

/** A saved card as the API shows it. */
export interface SavedCard {
  user_id: string;
  payment_method_id: string;
  type: string;
  brand: string | null;
  last4: string | null;
  exp_month: number | null;
  exp_year: number | null;
  is_default: boolean;
  livemode: boolean;
  created_at: string;
}

/** A card as Stripe has it. */
export interface CardFacts {
  id: string;
  livemode: boolean;
  type: string;
  brand: string | null;
  last4: string | null;
  exp_month: number | null;
  exp_year: number | null;
  created: number;
}

export interface BillingRequest {
  user_id: string;
  action: "add_card" | "sync" | "list" | "set_default" | "remove" | "portal";
  /** Pages the person may be sent to, by the names of their parameters. */
  urls?: Record<string, string>;
  /** Must be a saved card of this person. */
  payment_method_id?: string;
}

export interface Billing {
  user_id: string;
  expected_livemode: boolean;
  currency: string;
  /** Who the person, or the owner of the named card, is at Stripe; null before anything was saved. */
  customer_id: string | null;
  /** Every customer the person has been, the present one first. */
  customers: string[];
  payment_methods: SavedCard[];
}

export interface BillingDatabase {
  beginBilling(request: BillingRequest): Promise<Billing>;
  saveStripeCustomer(
    customer: { user_id: string; customer_id: string },
  ): Promise<void>;
  /** Replaces what is known of a customer's cards. */
  savePaymentMethods(
    saved: {
      user_id: string;
      customer_id: string;
      methods: CardFacts[];
      default_id: string | null;
    },
  ): Promise<SavedCard[]>;
  forgetStripeCustomer(
    which: { user_id: string; customer_id: string },
  ): Promise<void>;
}

export function createBillingDatabase(
  env: Pick<Env, "supabaseUrl" | "secretKey">,
): BillingDatabase {
  const call = createRpc(env);
  return {
    beginBilling: (request) => call("begin_billing", request),
    saveStripeCustomer: (customer) => call("save_stripe_customer", customer),
    savePaymentMethods: (saved) => call("save_payment_methods", saved),
    forgetStripeCustomer: (which) => call("forget_stripe_customer", which),
  };
}
