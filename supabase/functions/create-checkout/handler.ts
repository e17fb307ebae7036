// Begins a purchase: the row first, then the Checkout Session, then the session's address on the row. Dying between
// any two steps loses nothing, because every step repeats safely: the row by the caller's idempotency key, the
// session by the purchase's id, the attachment by the session's id.
import type Stripe from "stripe";
import { z } from "zod";
import type { Database, Purchase } from "../_shared/db.ts";
import { parseBody } from "../_shared/http.ts";
import { openSession } from "./session.ts";

export interface CreateCheckoutDeps {
  userId: string;
  db: Database;
  stripe: Stripe;
}

export interface CreateCheckoutAnswer {
  purchase: Purchase;
  /** Where to send the person; null when there is nothing left to pay. */
  checkout_url: string | null;
}

const returnAddress = z.url({ protocol: /^https?$/, error: "Must be an http(s) address." }).max(2_000);

const bodySchema = z.object({
  package_code: z.string().min(1).max(64),
  success_url: returnAddress,
  cancel_url: returnAddress,
  idempotency_key: z.string().min(1).max(255),
  /** A promotion code whose bonus is reserved with the purchase. */
  promo_code: z.string().min(1).max(100).optional(),
  /** Whether the person wants the card kept for later charges. */
  save_card: z.boolean().default(false),
});

export async function createCheckout(
  request: Request,
  deps: CreateCheckoutDeps,
): Promise<CreateCheckoutAnswer> {
  const { save_card, ...body } = await parseBody(request, bodySchema);
  const created = await deps.db.createPurchase({ user_id: deps.userId, ...body });
  const { package: _package, checkout: _checkout, expected_livemode: _livemode, ...purchase } = created;
  if (purchase.is_final || purchase.stripe_session_id !== null) return answer(purchase);
  const { session, customer, foundPrice } = await openSession(created, save_card, deps);
  return answer(
    await deps.db.attachCheckoutSession({
      user_id: deps.userId,
      purchase_id: purchase.purchase_id,
      stripe_session_id: session.id,
      checkout_url: session.url!,
      session_expires_at: new Date(session.expires_at * 1000).toISOString(),
      livemode: session.livemode,
      stripe_customer_id: customer,
      stripe_price_id: foundPrice,
    }),
  );
}

function answer(purchase: Purchase): CreateCheckoutAnswer {
  return { purchase, checkout_url: purchase.status === "open" ? purchase.checkout_url : null };
}
