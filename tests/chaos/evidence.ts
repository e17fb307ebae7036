// What must be true of the database after a death: all that was answered is there, whole.
import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { MINUTE_MICROS } from "../support/wallets.ts";
import type { Client, Deed } from "./clients.ts";

interface Found {
  purchases: Map<string, { status: string; session: string | null; credits: number }>;
  calls: Map<
    string,
    { status: string; answered: boolean; extended: boolean; cost: number | null; charges: number }
  >;
}

async function find(sql: Sql, userId: string): Promise<Found> {
  const purchases = await sql`select p.id, p.status, p.stripe_session_id as session,
      (select count(*)::integer from public.transactions t where t.user_id = p.user_id and t.purchase_id = p.id) as credits
    from public.purchases p where p.user_id = ${userId}`;
  const calls =
    await sql`select c.id, c.status, c.answered_at is not null as answered, c.cost_micros::integer as cost,
      c.last_heartbeat_at > c.answered_at as extended,
      (select count(*)::integer from public.transactions t where t.user_id = c.user_id and t.call_id = c.id) as charges
    from public.call_logs c where c.user_id = ${userId}`;
  return {
    purchases: new Map(purchases.map(({ id, ...rest }) => [id, rest as never])),
    calls: new Map(calls.map(({ id, ...rest }) => [id, rest as never])),
  };
}

/** Every deed that was answered is in the database as it was answered. */
export async function assertAcknowledgedIsThere(sql: Sql, client: Client): Promise<number> {
  const found = await find(sql, client.userId);
  for (const deed of client.acknowledged) assertThere(found, deed);
  return client.acknowledged.length;
}

function assertThere(found: Found, { name, arguments: asked, answer }: Deed): void {
  const what = `${name} ${JSON.stringify(asked)} was answered`;
  const purchase = found.purchases.get(answer.purchase_id ?? answer.purchase?.purchase_id);
  const call = found.calls.get(asked.call_id as string);
  switch (name) {
    case "create_purchase":
      return assert.ok(purchase, what);
    case "attach_checkout_session":
      return assert.equal(purchase?.session, asked.stripe_session_id, what);
    case "create-checkout":
      return assert.equal(purchase?.session, answer.purchase.stripe_session_id, what);
    case "apply_checkout_session":
    case "verify-checkout":
      return assert.deepEqual([purchase?.status, purchase?.credits], ["paid", 1], what);
    case "start_call":
      return assert.ok(call, what);
    case "answer_call":
      return assert.equal(call?.answered, true, what);
    case "extend_call":
      return assert.equal(call?.extended, true, what);
    case "end_call":
      return assert.deepEqual(call, { ...call, status: "ended", cost: answer.cost_micros, charges: 1 }, what);
    case "pay": // between the buyer and Stripe
      return;
    default:
      throw new Error(`Nothing is known about ${name}.`);
  }
}

/** With everything finished: each purchase credited once, each call charged once, and the sum is the balance. */
export async function assertSettled(sql: Sql, client: Client, creditMicros: number): Promise<void> {
  const count = (...names: string[]) =>
    client.acknowledged.filter((deed) => names.includes(deed.name)).length;
  const bought = count("create_purchase", "create-checkout");
  const called = count("start_call");
  const { purchases, calls } = await find(sql, client.userId);
  assert.deepEqual(
    [purchases.size, calls.size],
    [bought, called],
    "nothing was made twice or without being asked for",
  );
  for (const purchase of purchases.values()) {
    assert.deepEqual([purchase.status, purchase.credits], ["paid", 1]);
  }
  for (const call of calls.values()) {
    assert.deepEqual([call.status, call.cost, call.charges], ["ended", MINUTE_MICROS, 1]);
  }
  const [wallet] =
    await sql`select balance_micros::float8 as balance, held_micros::float8 as held from public.users
    where id = ${client.userId}`;
  assert.deepEqual({ ...wallet }, { balance: bought * creditMicros - called * MINUTE_MICROS, held: 0 });
}
