// The whole stack as the edge tests use it: people who buy, the functions over HTTP, Stripe's side, the journal.
import assert from "node:assert/strict";
import { StripeControl } from "../../../dev/stripe/control.ts";
import { signUp, sql as connect, useStack } from "../../support/stack.ts";
import type { AppliedSession, Purchase } from "../../../supabase/functions/_shared/db.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe.ts";

const stack = await useStack();
export const env = stack.env;

/** The simulator's controls: what a person, a bank or bad luck does. */
export const stripe = new StripeControl(env.STRIPE_API_URL!);

export const stripeSettings = {
  stripeSecretKey: env.STRIPE_SECRET_KEY,
  stripeApiUrl: new URL(env.STRIPE_API_URL!),
};

/** Stripe's own client, for looking at what is there. */
export const stripeApi = createStripe(stripeSettings);

export const sql = connect(env);
await sql`select 1`;

Deno.test.beforeEach(() => stripe.clearFaults());
Deno.test.afterAll(async () => {
  await stripe.clearFaults();
  await sql.end();
  await stack.stop();
});

export interface Buyer {
  userId: string;
  accessToken: string;
}

export async function newBuyer(): Promise<Buyer> {
  const { userId, accessToken } = await signUp(env);
  return { userId, accessToken };
}

export interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any -- a test reads whatever came back and asserts on it
  body: any;
  headers: Headers;
}

export interface CallOptions {
  token?: string;
  apikey?: string | null;
  method?: string;
  headers?: Record<string, string>;
}

/** A request as supabase-js would send it; a string body is sent as it is. */
export async function call(name: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
  const headers = new Headers({ "Content-Type": "application/json", ...options.headers });
  if (options.token !== undefined) headers.set("Authorization", `Bearer ${options.token}`);
  if (options.apikey !== null) headers.set("apikey", options.apikey ?? env.PUBLISHABLE_KEY);
  const method = options.method ?? "POST";
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${env.FUNCTIONS_URL}/${name}`, {
    method,
    headers,
    body: ["GET", "HEAD", "OPTIONS"].includes(method) ? undefined : payload,
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
}

export interface CheckoutBody {
  package_code: string;
  success_url: string;
  cancel_url: string;
  idempotency_key: string;
  save_card?: boolean;
}

export function checkoutBody(overrides: Partial<CheckoutBody> = {}): CheckoutBody {
  return {
    package_code: "credit_10",
    success_url: "http://localhost:3000/done",
    cancel_url: "http://localhost:3000/buy",
    idempotency_key: crypto.randomUUID(),
    ...overrides,
  };
}

export function createCheckout(buyer: Buyer, overrides: Partial<CheckoutBody> = {}): Promise<Answer> {
  return call("create-checkout", checkoutBody(overrides), { token: buyer.accessToken });
}

/** A purchase whose page is open and waits for somebody to pay. */
export async function openPurchase(
  buyer: Buyer,
  packageCode = "credit_10",
): Promise<Purchase & { session: string }> {
  const { status, body } = await createCheckout(buyer, { package_code: packageCode });
  assert.equal(status, 200, JSON.stringify(body));
  return { ...body.purchase, session: body.purchase.stripe_session_id };
}

export function verify(buyer: Buyer, by: { session_id: string } | { purchase_id: string }): Promise<Answer> {
  return call("verify-checkout", by, { token: buyer.accessToken });
}

export async function verified(buyer: Buyer, session: string): Promise<AppliedSession> {
  const { status, body } = await verify(buyer, { session_id: session });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

export function reconcile(): Promise<Answer> {
  return call("reconcile-payments", {}, { apikey: env.SECRET_KEY });
}

/** Makes these purchases due for the reconciler now, and no others, so that a run is about them alone. */
export async function makeDue(...purchases: Purchase[]): Promise<void> {
  const ids = purchases.map(({ purchase_id }) => purchase_id);
  await sql`update public.purchases
    set next_check_at = private.clock() + case when id = any(${ids}) then interval '-1 second' else interval '10 minutes' end
    where status in ('open', 'processing') and (id = any(${ids}) or next_check_at < private.clock() + interval '2 minutes')`;
}

/** What the journal holds for a person: the proof that credit was written once, or not at all. */
export async function journal(buyer: Buyer): Promise<{ kind: string; amount: number; purchase: string }[]> {
  const rows = await sql`select kind, amount_micros::float8 as amount, purchase_id as purchase
    from public.transactions where user_id = ${buyer.userId} order by line`;
  return rows.map(({ kind, amount, purchase }) => ({ kind, amount, purchase }));
}

/** Every session at Stripe that was made for a person. */
export async function sessionsOf(buyer: Buyer): Promise<string[]> {
  const found: string[] = [];
  // Newest first, so what this test made is at the front.
  for (const session of (await stripeApi.checkout.sessions.list({ limit: 100 })).data) {
    if (session.client_reference_id === buyer.userId) found.push(session.id);
  }
  return found;
}

export async function purchaseRow(purchase: Purchase): Promise<{ status: string; session: string | null }> {
  const [row] = await sql`select status, stripe_session_id as session from public.purchases
    where user_id = ${purchase.user_id} and id = ${purchase.purchase_id}`;
  return { status: row!.status, session: row!.session };
}

/** Waits until a condition holds, for what the scheduler may do a moment before or after us. */
export async function eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 10_000;) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`Did not happen within 10 s: ${what}`);
}

export function assertRefused(answer: Answer, status: number, code: string): void {
  assert.deepEqual(
    { status: answer.status, code: answer.body?.code },
    { status, code },
    JSON.stringify(answer.body),
  );
  assert.match(answer.body.message, /^[A-Z].*\.$/, "the message is a sentence");
}

/** What a purchase has come to: money at Stripe, credit here. */
export async function standing(purchase: Purchase): Promise<Record<string, unknown>> {
  const [row] =
    await sql`select p.status, p.refunded_cents::int, p.disputed_cents::int, p.clawed_back_micros::float8,
      u.balance_micros::float8
    from public.purchases p join public.users u on u.id = p.user_id where p.id = ${purchase.purchase_id}`;
  return { ...row };
}

/** The open alerts of a kind about a thing. */
export async function alerts(kind: string, key: string): Promise<Record<string, unknown>[]> {
  return await sql`select details from private.alerts where kind = ${kind} and key = ${key} and resolved_at is null`;
}

/** Paid and credited by the buyer's own return. */
export async function boughtPurchase(
  buyer: Buyer,
  packageCode = "credit_10",
): Promise<Purchase & { session: string }> {
  const { session } = await openPurchase(buyer, packageCode);
  await stripe.payCheckout(session);
  const { purchase } = await verified(buyer, session);
  assert.equal(purchase.status, "paid");
  return { ...purchase, session };
}

/** A setting for the length of a test. */
export async function withSetting(name: string, value: string, work: () => Promise<void>): Promise<void> {
  const [before] = await sql`select value::text as value from private.settings where name = ${name}`;
  await sql`update private.settings set value = ${value}::text::jsonb where name = ${name}`;
  try {
    await work();
  } finally {
    await sql`update private.settings set value = ${before!.value}::text::jsonb where name = ${name}`;
  }
}
