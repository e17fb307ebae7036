// The ledger beside Stripe's own books, purchase by purchase and to the cent: the proof at the end of whatever went wrong.
import type { Sql } from "postgres";
import type { BookedPayment, StripeControl } from "../../dev/stripe/control.ts";

export interface Difference {
  /** The purchase, the payment or the report that does not fit. */
  where: string;
  what: string;
}

interface Row {
  id: string;
  status: string;
  currency: string;
  payment_intent_id: string | null;
  stripe_session_id: string | null;
  stripe_invoice_id: string | null;
  granted: number;
  paid_cents: number | null;
  tax_cents: number | null;
  refunded_cents: number;
  disputed_cents: number;
  /** Journal lines that credit it. */
  credits: number;
  credited: number;
  bonus: number;
  taken_paid: number;
  taken_bonus: number;
}

/** Everything in which the two differ; nothing is the pass. */
export async function differences(sql: Sql, stripe: StripeControl): Promise<Difference[]> {
  const { payments } = await stripe.books();
  const rows = await readPurchases(sql);
  const found: Difference[] = [];
  // The payment of a subscription's invoice names no purchase: the invoice is what it was for.
  const byCause = Map.groupBy(
    payments,
    ({ metadata, subscription, invoice }) => (subscription === null ? metadata.purchase_id : invoice) ?? "",
  );
  for (const row of rows) {
    const cause = row.stripe_invoice_id ?? row.id;
    for (const what of compare(row, byCause.get(cause) ?? [])) found.push({ where: row.id, what });
    byCause.delete(cause);
  }
  for (const payment of [...byCause.values()].flat()) {
    found.push({
      where: payment.payment_intent ?? payment.session!,
      what: "Stripe was paid for no purchase",
    });
  }
  return [...found, ...await ownReports(sql)];
}

async function readPurchases(sql: Sql): Promise<Row[]> {
  return await sql<
    Row[]
  >`select p.id, p.status, p.currency, p.payment_intent_id, p.stripe_session_id, p.stripe_invoice_id,
      (p.credit_micros + p.bonus_micros)::float8 as granted, p.paid_cents::float8, p.tax_cents::float8,
      p.refunded_cents::float8, p.disputed_cents::float8,
      count(*) filter (where t.kind = 'purchase')::int as credits,
      coalesce(sum(t.amount_micros) filter (where t.kind = 'purchase'), 0)::float8 as credited,
      coalesce(sum(t.amount_micros) filter (where t.kind = 'bonus'), 0)::float8 as bonus,
      -coalesce(sum(t.amount_micros) filter (where t.kind in ('clawback', 'reinstatement')
        and t.counter_account = 'stripe_clearing'), 0)::float8 as taken_paid,
      -coalesce(sum(t.amount_micros) filter (where t.kind in ('clawback', 'reinstatement')
        and t.counter_account <> 'stripe_clearing'), 0)::float8 as taken_bonus
    from public.purchases p left join public.transactions t on t.user_id = p.user_id and t.purchase_id = p.id
    group by p.user_id, p.id order by p.created_at`;
}

function compare(row: Row, payments: BookedPayment[]): string[] {
  const said: string[] = [];
  const equal = (what: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) said.push(`${what} is ${ours} here and ${theirs} at Stripe`);
  };
  if (payments.length > 1) said.push(`Stripe was paid ${payments.length} times`);
  const [payment] = payments;
  if (!payment) {
    equal("its state", row.status === "paid" ? "paid" : "unpaid", "unpaid");
    equal("what it brought", row.credited + row.bonus, 0);
    return said;
  }
  // What is held for review was paid, and brought nothing.
  const paid = row.status !== "review";
  if (paid) equal("its state", row.status, "paid");
  equal("its currency", row.currency, payment.currency);
  if (payment.payment_intent !== null) equal("its payment", row.payment_intent_id, payment.payment_intent);
  equal("what was paid", row.paid_cents, payment.amount);
  equal("its tax", row.tax_cents, payment.tax);
  equal("what was refunded", row.refunded_cents, payment.refunded);
  const withdrawn = payment.disputed_withdrawn - payment.disputed_reinstated;
  equal("what disputes hold", row.disputed_cents, withdrawn);
  const paidMicros = paid ? (payment.amount - payment.tax) * 10_000 : 0;
  const bonusMicros = paid ? row.granted - paidMicros : 0;
  equal("the number of its credits", row.credits, paidMicros > 0 ? 1 : 0);
  equal("its credit", row.credited, paidMicros);
  equal("its bonus", row.bonus, bonusMicros);
  const returned = Math.min(payment.amount, payment.refunded + withdrawn);
  const part = (micros: number) => payment.amount === 0 ? 0 : Math.floor(micros * returned / payment.amount);
  equal("the credit taken back", row.taken_paid, part(paidMicros));
  equal("the bonus taken back", row.taken_bonus, part(bonusMicros));
  return said;
}

/** What the database's own checks and reports say against themselves. */
async function ownReports(sql: Sql): Promise<Difference[]> {
  const violations = await sql`select violation, details from private.check_integrity() limit 20`;
  const days = await sql`select day, currency, unexplained_micros::float8 as unexplained
    from reporting.payment_reconciliation where unexplained_micros <> 0`;
  return [
    ...violations.map(({ violation, details }) => ({
      where: "check_integrity",
      what: `${violation} ${JSON.stringify(details)}`,
    })),
    ...days.map(({ day, currency, unexplained }) => ({
      where: "payment_reconciliation",
      what: `${unexplained} micros of ${currency} on ${day} are not explained`,
    })),
  ];
}

/** As a person reads them. */
export const listed = (found: Difference[]): string =>
  found.map(({ where, what }) => `${where}: ${what}`).join("\n");
