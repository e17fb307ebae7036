// Makes the page of a subscription. Its id is the idempotency key, so a double click and a repeated request get one page.
import type Stripe from "stripe";
import type { Database } from "../_shared/db.ts";
import { isRefusedForGood } from "../_shared/errors.ts";
import type { PlanFacts, Subscription } from "../_shared/subscription_db.ts";
import { type Priced, withPrice } from "./prices.ts";
import { withSessionId } from "../_shared/return_address.ts";

type Deps = { db: Database; stripe: Stripe };

export async function openPage(
  begun: Subscription & PlanFacts,
  deps: Deps,
): Promise<Priced<Stripe.Checkout.Session>> {
  const { customer } = begun.checkout;
  const open = (who: string | null) =>
    withPrice(
      begun,
      deps,
      "line_items",
      (price) =>
        deps.stripe.checkout.sessions.create(pageParams(begun, price, who), {
          idempotencyKey: `subscription:${begun.subscription_id}`,
        }),
    );
  try {
    return await open(customer);
  } catch (error) {
    if (customer === null || !isRefusedForGood(error) || !(error.param ?? "").startsWith("customer")) {
      throw error;
    }
    await deps.db.forgetStripeCustomer({ user_id: begun.user_id, customer_id: customer });
    return await open(null);
  }
}

/** Nothing that changes from one attempt to the next: a retry must send Stripe the very same parameters. */
function pageParams(
  { user_id, subscription_id, success_url, cancel_url, checkout }: Subscription & PlanFacts,
  price: string,
  customer: string | null,
): Stripe.Checkout.SessionCreateParams {
  const metadata = { user_id, subscription_id };
  return {
    mode: "subscription",
    line_items: [{ price, quantity: 1 }],
    success_url: withSessionId(success_url, "subscription_session_id"),
    cancel_url,
    client_reference_id: user_id,
    metadata,
    subscription_data: { metadata },
    // The amount paid must be the plan's price in its own currency, whatever the dashboard offers.
    adaptive_pricing: { enabled: false },
    ...(customer === null ? {} : { customer }),
    ...(checkout.automatic_tax ? { automatic_tax: { enabled: true } } : {}),
    // Stripe refuses a customer without an address unless the page may fill it in.
    ...(checkout.automatic_tax && customer !== null ? { customer_update: { address: "auto" } } : {}),
  };
}
