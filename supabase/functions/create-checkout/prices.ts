// Finds the Stripe price of a package by its lookup key. A price never changes its amount (a new amount gets a new
// key), so an isolate may remember what it found.
import Stripe from "stripe";
import { ApiError } from "../_shared/errors.ts";

export interface Prices {
  find(lookupKey: string): Promise<string>;
  isRemembered(lookupKey: string): boolean;
  forget(lookupKey: string): void;
}

export function createPrices(stripe: Stripe): Prices {
  const remembered = new Map<string, string>();
  return {
    async find(lookupKey) {
      const known = remembered.get(lookupKey);
      if (known !== undefined) return known;
      const found = await stripe.prices.list({ lookup_keys: [lookupKey], active: true, limit: 1 });
      const price = found.data[0];
      if (price === undefined) throw missingPrice(lookupKey);
      remembered.set(lookupKey, price.id);
      return price.id;
    },
    isRemembered: (lookupKey) => remembered.has(lookupKey),
    forget: (lookupKey) => void remembered.delete(lookupKey),
  };
}

/** Whether Stripe objects to the price itself: it does not exist (any more) or is not active. Nothing is kept under
 * the idempotency key of a request that fails so, and it may be repeated with another price. */
export function refusesPrice(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.param ?? "").startsWith("line_items");
}

function missingPrice(lookupKey: string): ApiError {
  return new ApiError("payment_provider_error", {
    details: { provider: "stripe", lookup_key: lookupKey },
    hint: "The package has no price at Stripe yet: run `npm run stripe:prices`.",
  });
}
