// What auto-reload asks the database. Every rule lives there; here are only names and shapes.
import type { Purchase } from "../_shared/db.ts";
import type { Env } from "../_shared/env.ts";
import { createRpc } from "../_shared/rpc.ts";
import type { IntentFacts } from "../_shared/stripe_facts.ts";

export interface ReloadRef {
  user_id: string;
  purchase_id: string;
}

/** What Stripe needs, whether it is asked to charge or only looked at. */
export interface ReloadCharge extends ReloadRef {
  action: "charge" | "read";
  package_code: string;
  /** The payment, where Stripe has told of it. */
  payment_intent_id: string | null;
  customer: string;
  payment_method: string;
  amount_cents: number;
  currency: string;
  /** Why the attempt ends, should Stripe have no payment of it. */
  give_up_code: string;
}

export interface AppliedIntent {
  known: boolean;
  purchase?: Purchase;
  credited?: boolean;
}

export interface ReloadDatabase {
  claimDueReloads(batchSize: number): Promise<ReloadRef[]>;
  /** The last word before Stripe is asked. */
  beginReloadCharge(
    which: ReloadRef,
  ): Promise<ReloadCharge | { action: "none" }>;
  applyPaymentIntent(intent: IntentFacts): Promise<AppliedIntent>;
  failReload(failure: ReloadRef & { error: string }): Promise<Purchase>;
}

export function createReloadDatabase(
  env: Pick<Env, "supabaseUrl" | "secretKey">,
): ReloadDatabase {
  const call = createRpc(env);
  return {
    claimDueReloads: (batchSize) => call("claim_due_reloads", { batch_size: batchSize }),
    beginReloadCharge: ({ user_id, purchase_id }) => call("begin_reload_charge", { user_id, purchase_id }),
    applyPaymentIntent: (intent) => call("apply_payment_intent", { intent }),
    failReload: (failure) => call("fail_reload", failure),
  };
}
