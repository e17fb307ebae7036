// Begins a purchase: the row first, then the Checkout Session, then the session's address on the row. Dying between
// any two steps loses nothing, because every step repeats safely: the row by the caller's idempotency key, the
// session by the purchase's id, the attachment by the session's id.
import type Stripe from "stripe";
import { z } from "zod";
import type { Database, NewPurchase, Purchase } from "../_shared/db.ts";
import { parseBody } from "../_shared/http.ts";
import { type Prices, refusesPrice } from "./prices.ts";

export interface CreateCheckoutDeps {
  userId: string;
  db: Database;
  stripe: Stripe;
  prices: Prices;
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
});

export async function createCheckout(
  request: Request,
  deps: CreateCheckoutDeps,
): Promise<CreateCheckoutAnswer> {
  const body = await parseBody(request, bodySchema);
  const created = await deps.db.createPurchase({ user_id: deps.userId, ...body });
  const { package: _package, expected_livemode: _livemode, ...purchase } = created;
  if (purchase.is_final || purchase.stripe_session_id !== null) return answer(purchase);
  const session = await openSession(created, deps);
  return answer(
    await deps.db.attachCheckoutSession({
      user_id: deps.userId,
      purchase_id: purchase.purchase_id,
      stripe_session_id: session.id,
      checkout_url: session.url!,
      session_expires_at: new Date(session.expires_at * 1000).toISOString(),
      livemode: session.livemode,
    }),
  );
}

function answer(purchase: Purchase): CreateCheckoutAnswer {
  return { purchase, checkout_url: purchase.status === "open" ? purchase.checkout_url : null };
}

/** A price remembered from an earlier request may be gone or switched off by now; then it is looked up afresh, once. */
async function openSession(purchase: NewPurchase, { stripe, prices }: CreateCheckoutDeps) {
  const key = purchase.package.lookup_key;
  const create = async () =>
    await stripe.checkout.sessions.create(sessionParams(purchase, await prices.find(key)), {
      idempotencyKey: `purchase:${purchase.purchase_id}`,
    });
  const remembered = prices.isRemembered(key);
  try {
    return await create();
  } catch (error) {
    if (!remembered || !refusesPrice(error)) throw error;
    prices.forget(key);
    return await create();
  }
}

/** Only what the purchase row says: a retry must send Stripe the very same parameters. */
function sessionParams(purchase: NewPurchase, priceId: string): Stripe.Checkout.SessionCreateParams {
  const metadata = {
    user_id: purchase.user_id,
    purchase_id: purchase.purchase_id,
    package_code: purchase.package_code,
  };
  return {
    mode: "payment",
    line_items: [{ price: priceId, quantity: 1 }],
    success_url: withSessionId(purchase.success_url),
    cancel_url: purchase.cancel_url,
    client_reference_id: purchase.user_id,
    metadata,
    payment_intent_data: { metadata },
    // The amount paid must be the package's price in its own currency, whatever the dashboard offers.
    adaptive_pricing: { enabled: false },
  };
}

const PLACEHOLDER = "{CHECKOUT_SESSION_ID}";

/** Stripe fills the placeholder in when it sends the person back. */
export function withSessionId(successUrl: string): string {
  if (successUrl.includes(PLACEHOLDER)) return successUrl;
  const [address, ...fragment] = successUrl.split("#");
  const separator = address!.includes("?") ? "&" : "?";
  return [`${address}${separator}session_id=${PLACEHOLDER}`, ...fragment].join("#");
}
