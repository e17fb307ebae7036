// A stack for payments that are disturbed: people, Stripe's side, functions that die, and the comparison at the end.
import assert from "node:assert/strict";
import { startStack } from "../../dev/stack/stack.ts";
import { StripeControl } from "../../dev/stripe/control.ts";
import { type Healed, pass, untilQuiet, type World } from "../support/healing.ts";
import { signUp, sql as connect } from "../support/stack.ts";
import { differences, listed } from "../support/stripe_books.ts";
import { MortalFunctions, type Said } from "./payment_functions.ts";

export const folder = await Deno.makeTempDir({ prefix: "talktime-payment-chaos-" });
export const stack = await startStack({ dataDir: `${folder}/stack`, ports: "free", scheduler: false });
export const { env } = stack;
export const stripe = new StripeControl(env.STRIPE_API_URL!);
export const sql = connect(env);
export const world: World = { env, sql, stripe };
export const functions = await MortalFunctions.start(env, folder);

await sql`update private.settings set value = '1000000' where name in ('checkout_limit_per_hour', 'verify_limit_per_minute')`;
// Every look for a low balance sees everybody.
await sql`update private.settings set value = '0' where name = 'auto_reload_scan_seconds'`;

Deno.test.beforeEach(() => stripe.clearFaults());
Deno.test.afterAll(async () => {
  await functions.close();
  await sql.end();
  await stack.stop();
  await Deno.remove(folder, { recursive: true });
});

export interface Person {
  userId: string;
  token: string;
}

export interface Bought {
  person: Person;
  purchase: string;
  session: string;
}

export async function people(count: number): Promise<Person[]> {
  const made = await Promise.all(Array.from({ length: count }, () => signUp(env)));
  return made.map(({ userId, accessToken }) => ({ userId, token: accessToken }));
}

export const checkout = (overrides: Record<string, unknown> = {}) => ({
  package_code: "credit_10",
  success_url: "http://localhost:3000/done",
  cancel_url: "http://localhost:3000/buy",
  idempotency_key: crypto.randomUUID(),
  ...overrides,
});

export function fine({ status, body }: Said): Said["body"] {
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** A page that waits for somebody to pay. */
export async function opened(person: Person, body = checkout()): Promise<Bought> {
  const { purchase } = fine(await functions.call("create-checkout", body, person.token));
  return { person, purchase: purchase.purchase_id, session: purchase.stripe_session_id };
}

/** Paid on Stripe's page; the browser is closed before it returns. */
export async function paid(person: Person): Promise<Bought> {
  const bought = await opened(person);
  await stripe.payCheckout(bought.session);
  return bought;
}

export async function credited(person: Person): Promise<Bought> {
  const bought = await paid(person);
  const { purchase } = fine(
    await functions.call("verify-checkout", { session_id: bought.session }, person.token),
  );
  assert.equal(purchase.status, "paid");
  return bought;
}

export async function each<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return await Promise.all(items.map(work));
}

export async function statuses(ids: string[]): Promise<Record<string, number>> {
  const rows = await sql`select status, count(*)::int as count from public.purchases
    where user_id = any (${ids}) group by status order by status`;
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** A run that died keeps its lease a while; meanwhile everything else becomes due. */
export const untilNextLook = (): Promise<void> => pass(world, 130);

/** All trouble is over: what is left is done by itself, and then nothing differs from Stripe's books. */
export async function assertHeals(expectedFailures: RegExp = /^$/): Promise<Healed> {
  await stripe.clearFaults();
  const healed = await untilQuiet(world);
  const failed = healed.failed.filter((error) => !expectedFailures.test(error));
  assert.deepEqual(failed, [], "no run fails once everything is well");
  const found = await differences(sql, stripe);
  assert.equal(listed(found), "");
  const alerts = await sql`select kind, details from private.alerts where resolved_at is null
    and kind in ('reconciler_failed', 'reconciler_gap', 'purchase_unconfirmed', 'unmatched_payment')`;
  assert.deepEqual([...alerts], []);
  return healed;
}
