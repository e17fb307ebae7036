// Carries a refund that the database has begun to Stripe and the outcome back. Its id is the idempotency key, so it may
// be asked for again, by whoever, until an answer is written down.
import type Stripe from "stripe";
import type { AppliedRefund, BegunRefund, Database, Refund } from "./db.ts";
import { isRefusedForGood } from "./errors.ts";
import { PAYMENT_EXPAND, refundFacts } from "./stripe_facts.ts";

export type SentRefund =
  | { outcome: "taken"; applied: AppliedRefund }
  | { outcome: "refused"; code: string; refund: Refund; cause: Stripe.errors.StripeError };

/** What is neither taken nor refused for good is thrown, and the refund stays requested. */
export async function sendRefund(
  { refund, payment_intent_id }: BegunRefund,
  { db, stripe }: { db: Database; stripe: Stripe },
): Promise<SentRefund> {
  const { refund_id, user_id, purchase_id, amount_cents } = refund;
  let made: Stripe.Refund;
  try {
    made = await stripe.refunds.create({
      payment_intent: payment_intent_id,
      ...(amount_cents === null ? {} : { amount: amount_cents }),
      reason: "requested_by_customer",
      metadata: { refund_id, purchase_id, user_id },
      expand: PAYMENT_EXPAND,
    }, { idempotencyKey: `refund:${refund_id}` });
  } catch (error) {
    if (!isRefusedForGood(error)) throw error;
    const code = error.code ?? error.rawType ?? "refused";
    const refused = await db.failRefundRequest({ user_id, refund_id, error: code });
    return { outcome: "refused", code, refund: refused, cause: error };
  }
  return { outcome: "taken", applied: await db.applyRefund(refundFacts(made)) };
}
