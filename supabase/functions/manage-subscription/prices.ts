// The recurring price of a plan. What the database remembers of it may be gone at Stripe: then it is looked up again.
import type Stripe from "stripe";
import type { Database } from "../_shared/db.ts";
import { ApiError, isRefusedForGood } from "../_shared/errors.ts";
import type { PlanFacts } from "../_shared/subscription_db.ts";

type Deps = { db: Database; stripe: Stripe };

export interface Priced<T> {
  made: T;
  /** The price, if it had to be looked up. */
  foundPrice: string | null;
}

/** Does something with the plan's price. `param` is what Stripe names when it refuses the price. */
export async function withPrice<T>(
  { plan }: PlanFacts,
  { db, stripe }: Deps,
  param: string,
  work: (price: string) => Promise<T>,
): Promise<Priced<T>> {
  if (plan.stripe_price_id !== null) {
    try {
      return { made: await work(plan.stripe_price_id), foundPrice: null };
    } catch (error) {
      if (!isRefusedForGood(error) || !(error.param ?? "").startsWith(param)) throw error;
      await db.forgetStripePrice(plan.lookup_key);
    }
  }
  const foundPrice = await findPrice(stripe, plan.lookup_key);
  return { made: await work(foundPrice), foundPrice };
}

async function findPrice(stripe: Stripe, lookupKey: string): Promise<string> {
  const { data: [price] } = await stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 });
  if (price !== undefined) return price.id;
  throw new ApiError("payment_provider_error", {
    details: { provider: "stripe", lookup_key: lookupKey },
    hint: "The plan has no price at Stripe yet: run `npm run stripe:prices`.",
  });
}
