// `npm run stripe:prices`: gives every package and every plan on sale a product and a price at Stripe. Run it after the first
// deployment and whenever a package changes; running it again changes nothing.
import { createClient } from "@supabase/supabase-js";
import Stripe from "stripe";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import type { StackEnv } from "../stack/env.ts";
import { findRunning } from "../stack/state.ts";

export interface SoldPackage {
  code: string;
  name: string;
  currency: string;
  price_cents: number;
  lookup_key: string;
  /** How often it is paid; a package is paid once. */
  period?: "month" | "year";
}

export type Outcome = "created" | "found" | "reactivated";

export interface EnsuredPrice {
  package: SoldPackage;
  priceId: string;
  outcome: Outcome;
}

/** Finds or creates, for each package, its product and the price its lookup key names. */
export async function ensurePrices(stripe: Stripe, packages: SoldPackage[]): Promise<EnsuredPrice[]> {
  const ensured: EnsuredPrice[] = [];
  for (const sold of packages) ensured.push(await ensurePrice(stripe, sold));
  return ensured;
}

async function ensurePrice(stripe: Stripe, sold: SoldPackage): Promise<EnsuredPrice> {
  const productId = await ensureProduct(stripe, sold);
  const { data: [found] } = await stripe.prices.list({ lookup_keys: [sold.lookup_key], limit: 1 });
  if (found && fits(found, sold)) {
    // Stripe lets the tax behavior be decided once, for a price that was made without.
    const undecided = found.tax_behavior !== "exclusive";
    if (undecided) await stripe.prices.update(found.id, { tax_behavior: "exclusive" });
    if (found.active) return { package: sold, priceId: found.id, outcome: "found" };
    await stripe.prices.update(found.id, { active: true });
    return { package: sold, priceId: found.id, outcome: "reactivated" };
  }
  const price = await stripe.prices.create({
    product: productId,
    currency: sold.currency,
    unit_amount: sold.price_cents,
    // Prices are without tax: what Stripe Tax adds comes on top, in every currency.
    tax_behavior: "exclusive",
    lookup_key: sold.lookup_key,
    // Somebody may have moved the key to another price by hand; it comes back to one that has the right amount.
    transfer_lookup_key: true,
    ...(sold.period === undefined ? {} : { recurring: { interval: sold.period } }),
    // A plan's invoices name the price, which may lose its key to another one by hand.
    metadata: { ...codeOf(sold), ...(sold.period === undefined ? {} : { lookup_key: sold.lookup_key }) },
  }, { idempotencyKey: `price:${sold.lookup_key}:${found?.id ?? "new"}` });
  return { package: sold, priceId: price.id, outcome: "created" };
}

const fits = (price: Stripe.Price, sold: SoldPackage): boolean =>
  price.unit_amount === sold.price_cents && price.currency === sold.currency &&
  price.tax_behavior !== "inclusive" && price.recurring?.interval === sold.period &&
  (price.recurring?.interval_count ?? 1) === 1;

const codeOf = (sold: SoldPackage): Record<string, string> =>
  sold.period === undefined ? { package_code: sold.code } : { plan_code: sold.code };

/** The product's id is fixed, so creating it twice is impossible; its name follows the package's. */
async function ensureProduct(stripe: Stripe, sold: SoldPackage): Promise<string> {
  const id = sold.period === undefined ? `talktime_${sold.code}` : `talktime_plan_${sold.code}`;
  try {
    const product = await stripe.products.retrieve(id);
    if (!product.active || product.name !== sold.name) {
      await stripe.products.update(id, { active: true, name: sold.name });
    }
  } catch (error) {
    if (!hasCode(error, "resource_missing")) throw error;
    await stripe.products.create({ id, name: sold.name, metadata: codeOf(sold) }).catch(
      (failure) => {
        // Another run was faster by a moment.
        if (!hasCode(failure, "resource_already_exists")) throw failure;
      },
    );
  }
  return id;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError && error.code === code;

/** The packages on sale, read as the deployer through the Data API. */
export function readPackages(supabaseUrl: string, secretKey: string): Promise<SoldPackage[]> {
  return readSold(supabaseUrl, secretKey, "credit_packages", COLUMNS);
}

export function readPlans(supabaseUrl: string, secretKey: string): Promise<SoldPackage[]> {
  return readSold(supabaseUrl, secretKey, "subscription_plans", `${COLUMNS}, period`);
}

const COLUMNS = "code, name, currency, price_cents, lookup_key";

async function readSold(
  supabaseUrl: string,
  secretKey: string,
  table: string,
  columns: string,
): Promise<SoldPackage[]> {
  const client = createClient(supabaseUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.from(table).select(columns).eq("active", true).order("position");
  if (error) throw new Error(`What is on sale could not be read from ${supabaseUrl}: ${error.message}`);
  return data as unknown as SoldPackage[];
}

/** The outcome as an aligned table. */
export function formatPrices(prices: EnsuredPrice[]): string {
  const rows = prices.map(({ package: sold, priceId, outcome }) => [
    sold.code,
    `${(sold.price_cents / 100).toFixed(2)} ${sold.currency.toUpperCase()}`,
    sold.lookup_key,
    priceId,
    outcome,
  ]);
  const table = [["Package", "Price", "Lookup key", "Stripe price", "Outcome"], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row.map((cell, column) => column === 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))
      .join("  ").trimEnd();
  return table.map(line).join("\n");
}

export default async function stripePrices(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.error(
      `✗ Unknown argument "${args[0]}". This command takes none; it reads its settings from the environment.`,
    );
    return 2;
  }
  const settings = await readSettings();
  if (Array.isArray(settings)) {
    console.error(`✗ Not set: ${settings.join(", ")}, and no local stack is running.`);
    console.error(
      "→ Start the stack with npm run dev, or set them for your project; .env.example explains each.",
    );
    return 2;
  }
  try {
    const { supabaseUrl, secretKey } = settings;
    const [packages, plans] = await Promise.all([
      readPackages(supabaseUrl, secretKey),
      readPlans(supabaseUrl, secretKey),
    ]);
    const prices = await ensurePrices(createStripe(settings), [...packages, ...plans]);
    console.log(formatPrices(prices));
    return 0;
  } catch (error) {
    console.error(`✗ ${explain(error)}\n→ What was created stays; run the command again.`);
    return 1;
  }
}

interface Settings {
  supabaseUrl: string;
  secretKey: string;
  stripeSecretKey: string;
  stripeApiUrl: URL | null;
}

/** The settings from the environment, else those of the running local stack, else the names of what is missing. */
async function readSettings(): Promise<Settings | string[]> {
  const get = (name: string) => Deno.env.get(name) || undefined;
  const given = {
    SUPABASE_URL: get("SUPABASE_URL"),
    SUPABASE_SECRET_KEY: get("SUPABASE_SECRET_KEY"),
    STRIPE_SECRET_KEY: get("STRIPE_SECRET_KEY"),
  };
  const local = given.SUPABASE_URL || given.SUPABASE_SECRET_KEY ? null : await findRunning("dev");
  if (local) return settingsOf(local.env);
  const missing = Object.entries(given).filter(([, value]) => !value).map(([name]) => name);
  if (missing.length > 0) return missing;
  const stripeApiUrl = get("STRIPE_API_URL");
  return {
    supabaseUrl: given.SUPABASE_URL!,
    secretKey: given.SUPABASE_SECRET_KEY!,
    stripeSecretKey: given.STRIPE_SECRET_KEY!,
    stripeApiUrl: stripeApiUrl ? new URL(stripeApiUrl) : null,
  };
}

function settingsOf(env: StackEnv): Settings {
  return {
    supabaseUrl: env.API_URL,
    secretKey: env.SECRET_KEY,
    stripeSecretKey: env.STRIPE_SECRET_KEY,
    stripeApiUrl: env.STRIPE_API_URL ? new URL(env.STRIPE_API_URL) : null,
  };
}

function explain(error: unknown): string {
  // Stripe's own text for a refused key quotes part of it.
  if (error instanceof Stripe.errors.StripeAuthenticationError) {
    return "Stripe refused the secret key in STRIPE_SECRET_KEY.";
  }
  if (error instanceof Stripe.errors.StripeError) return `Stripe answered: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
