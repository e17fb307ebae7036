// Wallets, purchases and calls as a race needs them: brought into a state quickly, by the functions that are tested elsewhere.
import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { literal } from "./load.ts";

export const DESTINATION = "+14155552671";

/** $0.15 a minute, billed by the minute: what the standard plan charges for a begun minute. */
export const MINUTE_MICROS = 150_000;

/** What the first hold reserves when there is enough: five minutes. */
export const HOLD_MICROS = 5 * MINUTE_MICROS;

/** New wallets, opened as a sign-up opens them. */
export async function openWallets(sql: Sql, count: number): Promise<string[]> {
  const rows =
    await sql`insert into auth.users (id) select gen_random_uuid() from generate_series(1, ${count}) returning id`;
  return rows.map((row) => row.id);
}

/** A new wallet with credit that cost nothing. */
export async function fundedWallet(sql: Sql, micros: number): Promise<string> {
  const [userId] = await openWallets(sql, 1);
  await addCredit(sql, userId!, micros);
  return userId!;
}

export async function addCredit(sql: Sql, userId: string, micros: number): Promise<void> {
  await sql.begin(async (own) => {
    await own`select private.lock_user(${userId})`;
    await own`select private.grant_credit(${userId}, 'adjustment', 'adjustment', ${micros}, 'adjustment', 'Credit for a test')`;
  });
}

export interface OpenPurchase {
  userId: string;
  purchaseId: string;
  sessionId: string;
  priceCents: number;
}

/** Names the arguments of a purchase whose page will return to this machine. */
export const purchaseArguments = (userId: string, key: string, packageCode = "credit_10") => ({
  user_id: userId,
  package_code: packageCode,
  idempotency_key: key,
  success_url: "http://localhost:3000/done",
  cancel_url: "http://localhost:3000/buy",
});

/** A purchase with its session, waiting to be paid, without asking Stripe. */
export async function openPurchase(
  sql: Sql,
  userId: string,
  packageCode = "credit_10",
): Promise<OpenPurchase> {
  const asked = purchaseArguments(userId, crypto.randomUUID(), packageCode);
  const [created] = await sql`select public.create_purchase(${asked.user_id}, ${asked.package_code},
    ${asked.idempotency_key}, ${asked.success_url}, ${asked.cancel_url}) as answer`;
  const { purchase_id: purchaseId, price_cents: priceCents } = created!.answer;
  const sessionId = sessionOf(purchaseId);
  await sql`select public.attach_checkout_session(${userId}, ${purchaseId}, ${sessionId},
    ${"https://checkout.example/" + sessionId}, private.clock() + interval '24 hours', false)`;
  return { userId, purchaseId, sessionId, priceCents };
}

export const sessionOf = (purchaseId: string): string => `cs_test_${purchaseId.replaceAll("-", "")}`;

/** What Stripe says of the session once it is paid. */
export const paidFacts = (purchase: OpenPurchase) => ({
  id: purchase.sessionId,
  status: "complete",
  payment_status: "paid",
  mode: "payment",
  livemode: false,
  currency: "usd",
  amount_subtotal: purchase.priceCents,
  amount_total: purchase.priceCents,
  amount_discount: 0,
  amount_tax: 0,
  client_reference_id: purchase.userId,
  metadata: { purchase_id: purchase.purchaseId },
  payment_intent: purchase.sessionId.replace("cs_", "pi_"),
});

/** A call that is being talked. */
export async function answeredCall(sql: Sql, userId: string, callId: string): Promise<void> {
  await sql`select public.start_call(${callId}, ${DESTINATION}, ${userId})`;
  await sql`select public.answer_call(${callId}, ${userId})`;
}

/** Moves a call into the past, as if it had begun that much earlier; the clock itself is everybody's. */
export async function ageCall(sql: Sql, userId: string, callId: string, seconds: number): Promise<void> {
  await sql`update public.call_logs set
      started_at = started_at - make_interval(secs => ${seconds}),
      answered_at = answered_at - make_interval(secs => ${seconds}),
      last_heartbeat_at = last_heartbeat_at - make_interval(secs => ${seconds}),
      authorized_until = authorized_until - make_interval(secs => ${seconds}),
      sweep_at = sweep_at - make_interval(secs => ${seconds})
    where user_id = ${userId} and id = ${callId}`;
}

/** A call that was talked for some seconds and is over. */
export async function endedCall(sql: Sql, userId: string, callId: string, seconds: number): Promise<void> {
  await answeredCall(sql, userId, callId);
  await ageCall(sql, userId, callId, seconds);
  await sql`select public.end_call(${callId}, 'completed', ${seconds}, ${userId})`;
}

/** What a telephony system reports afterwards: a call that ended a minute ago. */
export const callRecord = (userId: string, callId: string, seconds: number) => ({
  user_id: userId,
  call_id: callId,
  destination: DESTINATION,
  started_at: new Date(Date.now() - (60 + seconds) * 1000).toISOString(),
  duration_seconds: seconds,
});

/** The statement that imports records. */
export const importing = (records: ReturnType<typeof callRecord>[]): string =>
  `select public.import_call_records(${literal(JSON.stringify(records))}::jsonb) as answer`;

export interface Wallet {
  balance: number;
  held: number;
  available: number;
}

export async function walletOf(sql: Sql, userId: string): Promise<Wallet> {
  const [row] = await sql`select public.get_balance(${userId}) as balance`;
  const { balance_micros, held_micros, available_micros } = row!.balance;
  return { balance: balance_micros, held: held_micros, available: available_micros };
}

/** The journal of a wallet, oldest first. */
export async function journalOf(sql: Sql, userId: string): Promise<{ kind: string; amount: number }[]> {
  const rows = await sql`select kind, amount_micros::float8 as amount from public.transactions
    where user_id = ${userId} order by line`;
  return rows.map(({ kind, amount }) => ({ kind, amount }));
}

/** Every invariant of the books holds. */
export async function assertIntegrity(sql: Sql): Promise<void> {
  const violations = await sql`select * from private.check_integrity() limit 10`;
  assert.deepEqual([...violations], []);
}
