// What these tests know of Stripe is its API and its page, as anybody sees them: so they run against Stripe's own test mode and, by the same
// steps, against the simulator.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { runJob } from "../support/healing.ts";
import { pause } from "../support/load.ts";
import { signUp, sql as connect, useStack } from "../support/stack.ts";

const stack = await useStack();
export const { env } = stack;
export const sql = connect(env);
export const stripe = createStripe({
  stripeSecretKey: env.STRIPE_SECRET_KEY,
  stripeApiUrl: env.STRIPE_API_URL === undefined ? null : new URL(env.STRIPE_API_URL),
}, { maxNetworkRetries: 2 });

await sql`update private.settings set value = '0' where name = 'auto_reload_scan_seconds'`;

/** Where Stripe sends people back to. */
const shop = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("Thank you."));
const SUCCESS = `http://127.0.0.1:${shop.addr.port}/done`;

Deno.test.afterAll(async () => {
  await shop.shutdown();
  await sql.end();
  await stack.stop();
});

export interface Buyer {
  userId: string;
  token: string;
}

export async function newBuyer(): Promise<Buyer> {
  const { userId, accessToken } = await signUp(env);
  return { userId, token: accessToken };
}

// deno-lint-ignore no-explicit-any -- an answer's shape is the function's
export async function call(name: string, body: unknown, token?: string): Promise<any> {
  const response = await fetch(`${env.FUNCTIONS_URL}/${name}`, {
    method: "POST",
    headers: token === undefined
      ? { apikey: env.SECRET_KEY }
      : { apikey: env.PUBLISHABLE_KEY, Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, `${name}: ${JSON.stringify(answer)}`);
  return answer;
}

export interface Opened {
  purchase: string;
  session: string;
  url: string;
}

export async function opened({ token }: Buyer, key: string = crypto.randomUUID()): Promise<Opened> {
  const { purchase, checkout_url } = await call("create-checkout", {
    package_code: "credit_10",
    success_url: SUCCESS,
    cancel_url: "http://localhost:3000/buy",
    idempotency_key: key,
  }, token);
  return { purchase: purchase.purchase_id, session: purchase.stripe_session_id, url: checkout_url };
}

/** Runs the reconciler as often as it takes: what has just happened shows in Stripe's lists a little later. */
export async function untilReconciled(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; await pause(1_000)) {
    await runJob(env, "reconcile-payments");
    if (await condition()) return;
  }
  assert.fail(`Did not happen within two minutes: ${what}`);
}

export async function makeDue({ purchase }: Opened): Promise<void> {
  await sql`update public.purchases set next_check_at = private.clock() - interval '1 second' where id = ${purchase}`;
}

export async function statusOf(purchase: string): Promise<string> {
  const [row] = await sql`select status from public.purchases where id = ${purchase}`;
  return row!.status;
}

export async function balanceOf({ userId }: Buyer): Promise<number> {
  const [row] = await sql`select balance_micros::float8 as balance from public.users where id = ${userId}`;
  return row!.balance;
}

/** Fills Stripe's payment page in, whichever of the two it is, and comes back. */
export async function pay(page: Page, url: string, number: string): Promise<string> {
  await page.goto(url);
  const field = (ours: string, theirs: string) => page.locator(`input[name=${ours}], #${theirs}`).first();
  // Where several ways to pay are offered, Stripe shows the card's fields once it is chosen.
  const card = page.getByTestId("card-accordion-item-button");
  await field("email", "email").fill("buyer@example.com");
  if (await card.isVisible()) await card.click({ force: true });
  await field("card_number", "cardNumber").fill(number);
  await field("card_expiry", "cardExpiry").fill("12 / 40");
  await field("card_cvc", "cardCvc").fill("123");
  await field("card_name", "billingName").fill("Ada Lovelace");
  const postal = page.locator("#billingPostalCode");
  if (await postal.isVisible()) await postal.fill("94107");
  // Stripe offers to remember the card for other shops, and then wants a telephone number.
  const remember = page.locator("#enableStripePass");
  if (await remember.isVisible() && await remember.isChecked()) await remember.uncheck({ force: true });
  await page.getByRole("button", { name: /^Pay/ }).or(page.locator(".SubmitButton")).first().click();
  await page.waitForURL((address) => address.href.startsWith(SUCCESS), { timeout: 60_000 });
  return new URL(page.url()).searchParams.get("session_id")!;
}
