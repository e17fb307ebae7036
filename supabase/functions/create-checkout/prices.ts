// The Stripe price of a package. The database remembers it, so an ordinary purchase does not ask.
import type Stripe from "stripe";
import { ApiError } from "../_shared/errors.ts";

/** Looks a price up by its lookup key. A price never changes its amount: a new amount has a new key. */
export async function findPrice(stripe: Stripe, lookupKey: string): Promise<string> {
  const found = await stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 });
  const price = found.data[0];
  if (price !== undefined) return price.id;
  throw new ApiError("payment_provider_error", {
    details: { provider: "stripe", lookup_key: lookupKey },
    hint: "The package has no price at Stripe yet: run `npm run stripe:prices`.",
  });
}
