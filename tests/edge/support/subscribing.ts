// People who subscribe: plans, pages, what Stripe does at a period's end, and each way the ledger learns of it.
import assert from "node:assert/strict";
import { ensurePrices, type SoldPackage } from "../../../dev/commands/stripe-prices.ts";
import type { Subscription } from "../../../supabase/functions/_shared/subscription_db.ts";
import { checkDueSubscriptions } from "../../../supabase/functions/reconcile-payments/subscriptions.ts";
import { followEvents, run, sweep } from "./reconciler.ts";
import { type Answer, type Buyer, call, newBuyer, sql, stripe, stripeApi } from "./world.ts";

export interface Plan {
  code: string;
  price_cents: number;
  credit_micros: number;
  rollover: "none" | "capped" | "all";
  rollover_cap_micros: number | null;
  rate_plan: string | null;
  period: "month" | "year";
}

/** A plan on sale, with its price at Stripe: $10 a month for $12, unless a test says otherwise. */
export async function newPlan(differences: Partial<Plan> = {}): Promise<Plan> {
  const plan: Plan = {
    code: `plan_${crypto.randomUUID().slice(0, 8)}`,
    price_cents: 1_000,
    credit_micros: 12_000_000,
    rollover: "none",
    rollover_cap_micros: null,
    rate_plan: null,
    period: "month",
    ...differences,
  };
  const row = { name: "Plan", ...plan };
  const [made] = await sql`insert into public.subscription_plans ${sql(row)}
    returning code, name, currency, price_cents::int, lookup_key, period`;
  await ensurePrices(stripeApi, [{ ...made } as SoldPackage]);
  return plan;
}

export const manage = (buyer: Buyer, body: unknown): Promise<Answer> =>
  call("manage-subscription", body, { token: buyer.accessToken });

export const subscribeBody = (plan: Plan, overrides: Record<string, unknown> = {}) => ({
  action: "subscribe",
  plan_code: plan.code,
  success_url: "http://localhost:3000/done",
  cancel_url: "http://localhost:3000/buy",
  idempotency_key: crypto.randomUUID(),
  ...overrides,
});

export function fine({ status, body }: Answer): Answer["body"] {
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

export type Opened = Subscription & { session: string };

export async function openPage(buyer: Buyer, plan: Plan): Promise<Opened> {
  const { subscription } = fine(await manage(buyer, subscribeBody(plan)));
  return { ...subscription, session: subscription.stripe_session_id };
}

export interface Subscriber extends Buyer {
  plan: Plan;
  /** Ours. */
  id: string;
  session: string;
  /** Stripe's. */
  stripeId: string;
}

/** Paid on the page, and come back. */
export async function newSubscriber(plan?: Plan, card?: string, buyer?: Buyer): Promise<Subscriber> {
  const person = buyer ?? await newBuyer();
  const on = plan ?? await newPlan();
  const { session, subscription_id } = await openPage(person, on);
  const paid = await stripe.payCheckout(session, card === undefined ? {} : { card });
  assert.equal(paid.kind, "complete");
  const { subscription } = fine(await manage(person, { action: "verify", session_id: session }));
  return { ...person, plan: on, id: subscription_id, session, stripeId: subscription.stripe_subscription_id };
}

/** From now on the bank declines what the subscription pays with. */
export async function declineRenewals({ stripeId }: Subscriber): Promise<void> {
  const { default_payment_method } = await stripeApi.subscriptions.retrieve(stripeId);
  await stripe.declineFrom(String(default_payment_method), "insufficient_funds");
}

export interface Standing {
  status: string;
  plan: string;
  next: string | null;
  /** Of each invoice that was credited, oldest first. */
  credited: number[];
  balance: number;
}

export async function standingOf({ id, userId }: Pick<Subscriber, "id" | "userId">): Promise<Standing> {
  const [row] =
    await sql`select s.status, s.plan_code, s.next_plan_code, u.balance_micros::float8 / 1e6 as balance,
      coalesce((select array_agg((p.credit_micros / 1e6)::float8 order by p.stripe_created_at) from public.purchases p
        where p.user_id = s.user_id and p.subscription_id = s.id and p.status = 'paid'), '{}') as credited
    from public.subscriptions s join public.users u on u.id = s.user_id where s.id = ${id} and s.user_id = ${userId}`;
  return {
    status: row!.status,
    plan: row!.plan_code,
    next: row!.next_plan_code,
    credited: row!.credited,
    balance: row!.balance,
  };
}

export const DAY = 86_400;

/** Moves both clocks. */
export async function pass(seconds: number): Promise<void> {
  await stripe.advanceClock(seconds);
  await sql`select private.set_clock(private.clock() + make_interval(secs => ${seconds}))`;
}

/** Past the end of the present period, and past the hour in which its invoice is a draft. */
export async function passPeriod({ stripeId }: Subscriber): Promise<void> {
  const { items } = await stripeApi.subscriptions.retrieve(stripeId);
  await pass(items.data[0]!.current_period_end - await stripe.now() + 2 * 3_600);
}

/** Ours for Stripe's newest invoice of the subscription. */
export async function latestInvoiceOf({ stripeId }: Subscriber): Promise<string> {
  const { latest_invoice } = await stripeApi.subscriptions.retrieve(stripeId);
  return String(latest_invoice);
}

/** Makes this subscription due now, and no other. */
export async function makeSubscriptionDue({ id }: Pick<Subscriber, "id">): Promise<void> {
  await sql`update public.subscriptions set next_check_at = case when id = ${id} then private.clock() else private.clock() + interval '1 day' end
    where id = ${id} or next_check_at <= private.clock() + interval '1 hour'`;
}

function well(answer: { error: string | null }): void {
  assert.equal(answer.error, null);
}

export const poll = async (subscriber: Pick<Subscriber, "id">) => {
  await makeSubscriptionDue(subscriber);
  return well(await run({ steps: [checkDueSubscriptions] }));
};

/** The four ways, each alone. */
export const WAYS: Record<string, (subscriber: Subscriber) => Promise<unknown>> = {
  "the person's return": async (subscriber) =>
    fine(await manage(subscriber, { action: "verify", subscription_id: subscriber.id })),
  polling: poll,
  events: async () => well(await followEvents()),
  "the sweep": async () => well(await sweep({}, ["subscriptions", "invoices"])),
};
