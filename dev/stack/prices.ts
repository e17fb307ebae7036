// A new stack can sell at once: each package and plan gets its product and price at Stripe, as `npm run stripe:prices` gives it
// to a deployed project.
import postgres from "postgres";
import type { SoldPackage } from "../commands/stripe-prices.ts";
import type { StackEnv } from "./env.ts";

async function onSale(databaseUrl: string): Promise<SoldPackage[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const [known] = await sql`select to_regclass('public.credit_packages') is not null as there`;
    if (!known?.there) return [];
    const packages = await sql<
      SoldPackage[]
    >`select code, name, currency, price_cents::int as price_cents, lookup_key
      from public.credit_packages where active order by position`;
    const plans = await sql<
      SoldPackage[]
    >`select code, name, currency, price_cents::int as price_cents, lookup_key, period
      from public.subscription_plans where active order by position`;
    return [...packages, ...plans];
  } finally {
    await sql.end();
  }
}

/** A real Stripe out of reach must not keep the stack from starting. */
function withinLimit<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("Stripe did not answer within 5 seconds")), 5000);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Answers what went wrong, in words for the banner; the stack is useful without prices. */
export async function ensureStripePrices(env: StackEnv): Promise<string | null> {
  try {
    const sold = await onSale(env.DB_URL);
    if (sold.length === 0) return null;
    const { ensurePrices } = await import("../commands/stripe-prices.ts");
    const { createStripe } = await import("../../supabase/functions/_shared/stripe.ts");
    const stripeApiUrl = env.STRIPE_API_URL ? new URL(env.STRIPE_API_URL) : null;
    const stripe = createStripe({ stripeSecretKey: env.STRIPE_SECRET_KEY, stripeApiUrl });
    await withinLimit(ensurePrices(stripe, sold));
    return null;
  } catch (error) {
    return `Stripe has no prices yet (${(error as Error).message}). → npm run stripe:prices makes them.`;
  }
}
