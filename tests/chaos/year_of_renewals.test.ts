// A year of twenty subscriptions: plans of every roll-over, cards that are declined and replaced, changes of plan, ends, refunds and disputes.
// Nobody comes back to the site; the jobs run as time passes. Then the books are Stripe's, to the cent.
import assert from "node:assert/strict";
import { run } from "../edge/support/reconciler.ts";
import {
  DAY,
  declineRenewals,
  fine,
  latestInvoiceOf,
  manage,
  newPlan,
  newSubscriber,
  pass,
  type Plan,
  standingOf,
  type Subscriber,
} from "../edge/support/subscribing.ts";
import { sql, stripe, stripeApi } from "../edge/support/world.ts";
import { differences, listed } from "../support/stripe_books.ts";

const HOUR = 3_600;

async function plans(): Promise<Plan[]> {
  const rate_plan = "year_rates";
  await sql`insert into public.rate_plans (code, name) values (${rate_plan}, 'Subscribers')`;
  return [
    await newPlan(),
    await newPlan({ rollover: "capped", rollover_cap_micros: 15_000_000 }),
    await newPlan({ rollover: "all", rate_plan }),
    await newPlan({ price_cents: 2_500, credit_micros: 32_000_000, rollover: "all" }),
    await newPlan({ price_cents: 9_900, credit_micros: 120_000_000, period: "year", rollover: "none" }),
  ];
}

/** What happens to the nth subscriber in a month, before the month's end. */
async function live(subscriber: Subscriber, n: number, month: number, all: Plan[]): Promise<void> {
  const { status } = await standingOf(subscriber);
  await spend(subscriber, ((n * 7 + month * 5) % 13) / 10);
  if (status !== "active" || subscriber.plan.period === "year") return;
  if (n === 1 && month === 4) fine(await manage(subscriber, { action: "cancel" }));
  if (n === 2 && month === 3) fine(await manage(subscriber, { action: "change", plan_code: all[3]!.code }));
  if (n === 2 && month === 7) fine(await manage(subscriber, { action: "change", plan_code: all[0]!.code }));
  // From the dashboard: nobody here hears of it.
  if (n === 3 && month === 6) await stripeApi.subscriptions.cancel(subscriber.stripeId);
  if (n === 5 && month === 5) fine(await manage(subscriber, { action: "cancel" }));
  if (n === 5 && month === 6) fine(await manage(subscriber, { action: "resume" }));
  if (n % 5 === 1 && month % 4 === 2) {
    await stripe.refund(await latestInvoiceOf(subscriber), { amount: 100 + n * 10 });
  }
  if (n % 5 === 2 && month % 5 === 3) await stripe.refund(await latestInvoiceOf(subscriber));
  if (n % 5 === 3 && month % 3 === 1) await dispute(subscriber, month);
  // Declined at the month's end: forever, or until another card is there.
  if ([7, 8, 11, 16].includes(n) && month % 3 === n % 3) await declineRenewals(subscriber);
  if (n === 12 && month === 2) await declineRenewals(subscriber);
  if (n === 13 && month === 9) await declineRenewals(subscriber);
}

/** Disputes under way, and how each will end. */
const disputes: [id: string, end: "won" | "lost"][] = [];

async function dispute(subscriber: Subscriber, month: number): Promise<void> {
  const { id } = await stripe.openDispute(await latestInvoiceOf(subscriber));
  disputes.push([id, month % 2 === 0 ? "lost" : "won"]);
}

/** A part of what there is. */
async function spend({ userId }: Subscriber, part: number): Promise<void> {
  await sql.begin(async (own) => {
    const [user] = await own`select balance_micros::float8 as balance from private.lock_user(${userId})`;
    const micros = Math.floor(Math.min(part, 1) * user!.balance);
    if (micros <= 0) return;
    const [posted] =
      await own`select line from private.post_transaction(${userId}, 'adjustment', ${-micros}::bigint, 'adjustment', 'Spent')`;
    await own`select private.spend_credit(${userId}, ${posted!.line}, ${micros}::bigint, private.clock())`;
  });
}

/** Those who replace their card do so between two attempts. */
async function replaceCards(subscribers: Subscriber[]): Promise<void> {
  for (const n of [7, 8, 11, 16]) {
    const { stripeId } = subscribers[n]!;
    const { status, customer } = await stripeApi.subscriptions.retrieve(stripeId);
    if (status !== "past_due") continue;
    const { id } = await stripeApi.paymentMethods.attach("pm_card_visa", { customer: String(customer) });
    await stripeApi.subscriptions.update(stripeId, { default_payment_method: id });
  }
}

/** The minute's and the day's jobs. */
async function work(): Promise<number> {
  const { error, credited } = await run();
  assert.equal(error, null);
  await sql`select private.sweep_expired_credit(), private.warn_expiring_credit()`;
  return credited;
}

async function toTheEndOfTheMonth({ stripeId }: Subscriber): Promise<void> {
  const { items } = await stripeApi.subscriptions.retrieve(stripeId);
  await pass(items.data[0]!.current_period_end - await stripe.now() + 400);
}

Deno.test("After a year of renewals and all that goes wrong with them, the books are Stripe's to the cent", async () => {
  const all = await plans();
  const subscribers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => newSubscriber(all[n % all.length]!)),
  );
  for (let month = 0; month < 12; month += 1) {
    await stripe.renewals({ afterRetries: month < 6 ? "unpaid" : "cancel" });
    await Promise.all(subscribers.map((subscriber, n) => live(subscriber, n, month, all)));
    await toTheEndOfTheMonth(subscribers[0]!);
    await work();
    for (const [id, end] of disputes.splice(0)) await stripe.closeDispute(id, end);
    await pass(HOUR + 300);
    await work();
    // Stripe tries again after 3, 5 and 7 days.
    await pass(2 * DAY);
    await replaceCards(subscribers);
    for (const days of [2, 5, 7]) {
      await pass(days * DAY);
      await work();
    }
  }
  await pass(DAY + HOUR);
  await work();

  assert.equal(listed(await differences(sql, stripe)), "");
  await assertAsAtStripe(subscribers);
  const alerts = await sql`select kind, details from private.alerts where resolved_at is null
    and kind not in ('reconciler_gap', 'dispute_opened', 'dispute_lost')`;
  assert.deepEqual(alerts.map(({ kind, details }) => [kind, details]), []);
});

/** Every state, every plan and the number of paid invoices; and that the year was not a quiet one. */
async function assertAsAtStripe(subscribers: Subscriber[]): Promise<void> {
  const seen: Record<string, number> = {};
  let renewals = 0;
  for (const [n, subscriber] of subscribers.entries()) {
    const [ours, theirs, { data: paid }] = await Promise.all([
      standingOf(subscriber),
      stripeApi.subscriptions.retrieve(subscriber.stripeId),
      stripeApi.invoices.list({ subscription: subscriber.stripeId, status: "paid", limit: 100 }),
    ]);
    assert.equal(ours.status, theirs.status, `subscriber ${n}`);
    assert.equal(ours.credited.length, paid.length, `subscriber ${n}`);
    seen[ours.status] = (seen[ours.status] ?? 0) + 1;
    renewals += paid.length - 1;
  }
  const kinds =
    await sql`select kind, count(*)::int as count from public.transactions group by kind order by kind`;
  const counts = Object.fromEntries(kinds.map(({ kind, count }) => [kind, count]));
  for (const kind of ["bonus", "clawback", "expiry", "purchase", "reinstatement"]) {
    assert.ok(counts[kind] > 5, kind);
  }
  assert.ok(renewals > 100, `${renewals} renewals`);
  assert.deepEqual(Object.keys(seen).sort(), ["active", "canceled", "unpaid"]);
}
