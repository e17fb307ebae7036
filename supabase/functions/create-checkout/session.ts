// Makes the Checkout Session of a purchase, with what is remembered of price and customer. Either may be gone at Stripe
// by now: then it is forgotten and the session is made without it. Nothing is kept under the idempotency key of a
// request that was refused so, and it may be repeated with other contents.
import type Stripe from "stripe";
import type { Database, NewPurchase } from "../_shared/db.ts";
import { isRefusedForGood } from "../_shared/errors.ts";
import { findPrice } from "./prices.ts";
import { withSessionId } from "../_shared/return_address.ts";

export interface OpenedSession {
  session: Stripe.Checkout.Session;
  customer: string | null;
  /** The price, if it had to be looked up. */
  foundPrice: string | null;
}

type Deps = { db: Database; stripe: Stripe };

export async function openSession(
  purchase: NewPurchase,
  saveCard: boolean,
  { db, stripe }: Deps,
): Promise<OpenedSession> {
  const { lookup_key, stripe_price_id: remembered } = purchase.package;
  let customer = purchase.checkout.customer;
  let foundPrice = remembered === null ? await findPrice(stripe, lookup_key) : null;
  // Each time round one thing is forgotten, so this ends.
  for (;;) {
    const price = foundPrice ?? remembered!;
    try {
      const params = sessionParams(purchase, { price, customer, saveCard });
      const idempotencyKey = `purchase:${purchase.purchase_id}`;
      return {
        session: await stripe.checkout.sessions.create(params, { idempotencyKey }),
        customer,
        foundPrice,
      };
    } catch (error) {
      if (customer !== null && refuses(error, "customer")) {
        await db.forgetStripeCustomer({ user_id: purchase.user_id, customer_id: customer });
        customer = null;
      } else if (foundPrice === null && refuses(error, "line_items")) {
        await db.forgetStripePrice(lookup_key);
        foundPrice = await findPrice(stripe, lookup_key);
      } else throw error;
    }
  }
}

function refuses(error: unknown, param: string): boolean {
  return isRefusedForGood(error) && (error.param ?? "").startsWith(param);
}

interface Choices {
  price: string;
  customer: string | null;
  saveCard: boolean;
}

/** Nothing that changes from one attempt to the next: a retry must send Stripe the very same parameters. */
function sessionParams(
  purchase: NewPurchase,
  { price, customer, saveCard }: Choices,
): Stripe.Checkout.SessionCreateParams {
  const { user_id, purchase_id, package_code, checkout } = purchase;
  const metadata = { user_id, purchase_id, package_code };
  return {
    mode: "payment",
    line_items: [{ price, quantity: 1 }],
    success_url: withSessionId(purchase.success_url, "session_id"),
    cancel_url: purchase.cancel_url,
    client_reference_id: user_id,
    metadata,
    payment_intent_data: { metadata, ...(saveCard ? { setup_future_usage: "off_session" } : {}) },
    // The amount paid must be the package's price in its own currency, whatever the dashboard offers.
    adaptive_pricing: { enabled: false },
    ...(customer === null ? { customer_creation: "always" } : { customer }),
    // Stripe's page asks for consent in its own words.
    ...(saveCard ? { saved_payment_method_options: { payment_method_save: "enabled" } } : {}),
    ...(checkout.automatic_tax ? taxParams(customer) : {}),
    ...(checkout.allow_promotion_codes ? { allow_promotion_codes: true } : {}),
    ...(checkout.invoice_creation ? { invoice_creation: { enabled: true } } : {}),
  };
}

/** Tax depends on where the buyer is. Stripe refuses a customer without an address unless the page may fill it in. */
function taxParams(customer: string | null): Partial<Stripe.Checkout.SessionCreateParams> {
  return {
    automatic_tax: { enabled: true },
    ...(customer === null ? {} : { customer_update: { address: "auto" } }),
  };
}
