// People whose saved card is charged when their credit runs low, and the worker that does it.
import assert from "node:assert/strict";
import { createStripe } from "../../../supabase/functions/_shared/stripe.ts";
import {
  createReloadDatabase,
  type ReloadDatabase,
} from "../../../supabase/functions/auto-reload/database.ts";
import {
  autoReload,
  type AutoReloadAnswer,
  LIMITS,
} from "../../../supabase/functions/auto-reload/handler.ts";
import {
  type Answer,
  type Buyer,
  call,
  env,
  newBuyer,
  sql,
  stripe,
  stripeApi,
  stripeSettings,
} from "./world.ts";

export const billing = (buyer: Buyer, body: unknown): Promise<Answer> =>
  call("manage-billing", body, { token: buyer.accessToken });

export const PAGES = {
  success_url: "http://localhost:3000/cards",
  cancel_url: "http://localhost:3000/cards",
};

/** Every look sees every wallet, whoever is in a call. */
const [scan] =
  await sql`select value::text as value from private.settings where name = 'auto_reload_scan_seconds'`;
await sql`update private.settings set value = '0' where name = 'auto_reload_scan_seconds'`;
Deno.test.afterAll(async () => {
  await sql`update private.settings set value = ${
    scan!.value
  }::text::jsonb where name = 'auto_reload_scan_seconds'`;
});

/** What other tests have left is not charged any more. */
export async function calm(): Promise<void> {
  await sql`update public.auto_reload_settings set enabled = false where enabled`;
  await sql`update private.reload_attempts set next_look_at = 'infinity' where ended_at is null`;
}

/** Adds a card on Stripe's page and comes back. Answers its id. */
export async function addCard(buyer: Buyer, number = "4242424242424242"): Promise<string> {
  const opened = await billing(buyer, { action: "add_card", ...PAGES });
  assert.equal(opened.status, 200, JSON.stringify(opened.body));
  const session = new URL(opened.body.url).pathname.split("/").at(-1)!;
  const saved = await stripe.payCheckout(session, { card: number });
  assert.equal(saved.kind, "complete");
  const { status, body } = await billing(buyer, { action: "sync", session_id: session });
  assert.equal(status, 200, JSON.stringify(body));
  const card = body.payment_methods.find((each: { is_default: boolean }) => each.is_default);
  assert.equal(card.last4, number.slice(-4), "the new card is the default");
  return card.payment_method_id;
}

export interface Reloader extends Buyer {
  card: string;
  customer: string;
}

/** A person without credit who wants $10 whenever there is less than $5. */
export async function newReloader(card?: string): Promise<Reloader> {
  await calm();
  const buyer = await newBuyer();
  const id = await addCard(buyer, card);
  await agree(buyer);
  const { customer } = await stripeApi.paymentMethods.retrieve(id);
  return { ...buyer, card: id, customer: String(customer) };
}

export async function agree({ userId }: Buyer, capCents = 100_000): Promise<void> {
  await sql`select public.set_auto_reload(5000000, 'credit_10', ${capCents}, true, 'Buy $10 whenever I have less than $5.', null, ${userId})`;
}

export async function switchOff({ userId }: Buyer): Promise<void> {
  await sql`select public.disable_auto_reload(${userId})`;
}

/** The function as deployed. */
export async function reload(): Promise<AutoReloadAnswer> {
  const { status, body } = await call("auto-reload", {}, { apikey: env.SECRET_KEY });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

export const reloadDb: ReloadDatabase = createReloadDatabase({
  supabaseUrl: env.API_URL,
  secretKey: env.SECRET_KEY,
});

const impatient = createStripe(stripeSettings, { maxNetworkRetries: 0, timeoutMilliseconds: 1_000 });

/** The same worker in this process, with a database of our making, and a Stripe that is not waited for. */
export const work = (db: ReloadDatabase = reloadDb): Promise<AutoReloadAnswer> =>
  autoReload({ db, stripe: impatient, now: () => performance.now(), limits: LIMITS });

export const NOTHING: AutoReloadAnswer = { paid: 0, failed: 0, pending: 0, dropped: 0, unknown: 0 };

/** As if so much time had passed since all that has happened to a person's auto-reload. */
export async function letPass({ userId }: Buyer, seconds: number): Promise<void> {
  const by = sql`make_interval(secs => ${seconds})`;
  await sql`update public.purchases set created_at = created_at - ${by}, paid_at = paid_at - ${by} where user_id = ${userId}`;
  await sql`update public.auto_reload_settings set next_attempt_at = next_attempt_at - ${by} where user_id = ${userId}`;
  await sql`update private.reload_attempts set next_look_at = next_look_at - ${by}, first_asked_at = first_asked_at - ${by}
    where user_id = ${userId}`;
}

/** All credit is spent. */
export async function spendAll({ userId }: Buyer): Promise<void> {
  await sql.begin(async (own) => {
    const [user] = await own`select balance_micros from private.lock_user(${userId})`;
    const micros = user!.balance_micros;
    if (BigInt(micros) <= 0n) return;
    const [posted] =
      await own`select line from private.post_transaction(${userId}, 'adjustment', -${micros}::bigint, 'adjustment', 'Spent')`;
    await own`select private.spend_credit(${userId}, ${posted!.line}, ${micros}, private.clock())`;
  });
}

export interface Attempt {
  purchase_id: string;
  status: string;
  failure_code: string | null;
  payment_intent_id: string | null;
}

/** What the person sees of it, oldest first. */
export async function attempts({ userId }: Buyer): Promise<Attempt[]> {
  const rows = await sql<Attempt[]>`select id as purchase_id, status, failure_code, payment_intent_id
    from public.purchases where user_id = ${userId} and origin = 'auto_reload' order by created_at, id`;
  return rows.map((row) => ({ ...row }));
}

export const statuses = async (buyer: Buyer): Promise<string[]> =>
  (await attempts(buyer)).map(({ status, failure_code }) => failure_code ?? status);

export async function stateOf({ userId }: Buyer): Promise<string> {
  const [row] = await sql`select private.auto_reload_json(${userId}) as state`;
  const { enabled, suspended_reason } = row!.state;
  return enabled ? suspended_reason ?? "on" : "off";
}

export async function balanceOf({ userId }: Buyer): Promise<number> {
  const [row] = await sql`select balance_micros::float8 as micros from public.users where id = ${userId}`;
  return row!.micros;
}

/** What Stripe took from the person's cards, in cents, one entry a charge. */
export async function chargesOf({ customer }: Reloader): Promise<number[]> {
  const { data } = await stripeApi.charges.list({ customer, limit: 100 });
  return data.filter(({ paid }) => paid).map(({ amount }) => amount);
}

export async function noticesOf({ userId }: Buyer, kind: string): Promise<Record<string, unknown>[]> {
  const rows =
    await sql`select payload from public.notifications where user_id = ${userId} and kind = ${kind} order by id`;
  return rows.map(({ payload }) => payload);
}

/** How often Stripe was asked to charge. */
export async function timesAsked(): Promise<number> {
  const asked = await stripe.requests();
  return asked.filter(({ method, path }) => method === "POST" && path === "/v1/payment_intents").length;
}
