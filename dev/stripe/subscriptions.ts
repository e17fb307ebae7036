import { copy } from "./copy.ts";
import { newId } from "./ids.ts";
import {
  type BilledLine,
  draftInvoice,
  finalizeInvoice,
  intentOfInvoice,
  payerOf,
  type Period,
  scheduleFinalization,
  stopCollecting,
} from "./invoicing.ts";
import { renewalSettings } from "./collecting.ts";
import { wholeList } from "./lists.ts";
import { after, type Rhythm } from "./periods.ts";
import { money } from "./pages/format.ts";
import { cancelIntent } from "./resources/payment_intents.ts";
import { computeTotals } from "./session_totals.ts";
import type { Simulator } from "./simulator.ts";
import { locate } from "./tax.ts";
import type {
  Invoice,
  LineItem,
  Price,
  Session,
  SessionPlan,
  Subscription,
  SubscriptionItem,
  SubscriptionPlan,
  TaxPlan,
} from "./types.ts";

/** The life of a subscription, from the first attempt to pay it until it ends. */

export function rhythmOf(price: Price): Rhythm {
  const { interval, interval_count } = price.recurring!;
  return { interval, interval_count };
}

/** Begins with the first attempt to pay on the page; the first invoice is open at once. */
export function createSubscription(
  sim: Simulator,
  session: Session,
  plan: SessionPlan,
  customer: string,
): Subscription {
  const now = sim.now();
  const id = newId("sub");
  const rhythm = rhythmOf(plan.line_items[0]!.price);
  const period = { start: now, end: after(now, rhythm, 1) };
  const items = plan.line_items.map((item) => subscriptionItem(id, item, now, period));
  const discount = plan.discount ? { ...plan.discount, id: newId("di"), start: now } : null;
  sim.store.subscriptionPlans.put({ id, cycle: 0, discount, exempt: plan.tax?.exempt ?? "none" });
  const subscription = sim.store.subscriptions.put({
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: {
      disabled_reason: null,
      enabled: plan.tax !== null,
      liability: plan.tax ? { type: "self" } : null,
    },
    billing_cycle_anchor: now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible", updated_at: now },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: "charge_automatically",
    created: now,
    currency: session.currency ?? "usd",
    customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: plan.subscription_data.description,
    discounts: discount ? [discount.id] : [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: wholeList(items, `/v1/subscription_items?subscription=${id}`),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: { ...plan.subscription_data.metadata },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: "incomplete",
    test_clock: sim.store.customers.need(customer).test_clock ?? null,
    transfer_data: null,
    trial_end: null,
    trial_settings: null,
    trial_start: null,
  });
  const invoice = bill(sim, subscription, "subscription_create", { start: now, end: now }, plan.tax);
  subscription.latest_invoice = finalizeInvoice(sim, invoice).id;
  sim.store.subscriptions.put(subscription);
  sim.events.emit("customer.subscription.created", subscription);
  sim.schedule("renew_subscription", id, period.end);
  return subscription;
}

function subscriptionItem(
  subscription: string,
  item: LineItem,
  created: number,
  period: Period,
): SubscriptionItem {
  return {
    id: newId("si"),
    object: "subscription_item",
    billing_thresholds: null,
    created,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: { ...item.metadata },
    plan: planOf(item.price),
    price: copy(item.price),
    quantity: item.quantity ?? 1,
    subscription,
    tax_rates: [],
  };
}

/** What prices were called before; the API still shows both. */
export function planOf(price: Price): SubscriptionItem["plan"] {
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    ...rhythmOf(price),
    livemode: false,
    metadata: { ...price.metadata },
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: "licensed",
  };
}

/** The draft for the period that the items say is the current one. */
function bill(
  sim: Simulator,
  subscription: Subscription,
  billing_reason: "subscription_create" | "subscription_cycle",
  period: Period,
  firstTax: TaxPlan | null,
): Invoice {
  const plan = sim.store.subscriptionPlans.need(subscription.id);
  const discount = discountNow(sim, plan);
  const lines = subscription.items.data.map((item) => billedLine(sim, item));
  const items = lines.map((line) => line.item);
  const tax = firstTax ?? taxNow(sim, subscription, plan);
  const totals = computeTotals(sim, { line_items: items, discount, tax });
  return draftInvoice(sim, {
    billing_reason,
    lines,
    totals,
    tax,
    discount: discount?.id ?? null,
    currency: subscription.currency,
    payer: payerOf(sim.store.customers.need(String(subscription.customer))),
    period,
    subscription,
    description: subscription.description,
  });
}

function billedLine(sim: Simulator, item: SubscriptionItem): BilledLine {
  const quantity = item.quantity ?? 1;
  const amount = (item.price.unit_amount ?? 0) * quantity;
  return {
    item: {
      id: newId("li"),
      object: "item",
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: item.price.currency,
      description: lineText(sim, item.price, quantity),
      metadata: {},
      price: item.price,
      quantity,
    },
    period: { start: item.current_period_start, end: item.current_period_end },
    subscription_item: item.id,
  };
}

/** `1 × Plus (at $20.00 / month)` */
function lineText(sim: Simulator, price: Price, quantity: number): string {
  const { interval, interval_count } = rhythmOf(price);
  const every = interval_count === 1 ? interval : `every ${interval_count} ${interval}s`;
  const amount = money(price.unit_amount ?? 0, price.currency);
  return `${quantity} × ${sim.store.products.need(price.product).name} (at ${amount} / ${every})`;
}

/** A coupon holds for the first invoice, for some months or for good. */
function discountNow(sim: Simulator, { cycle, discount }: SubscriptionPlan): SubscriptionPlan["discount"] {
  if (!discount) return null;
  const coupon = sim.store.coupons.need(discount.coupon);
  if (coupon.duration === "forever" || cycle === 0) return discount;
  if (coupon.duration !== "repeating") return null;
  const months = { interval: "month", interval_count: coupon.duration_in_months ?? 1 } as const;
  return sim.now() < after(discount.start, months, 1) ? discount : null;
}

/** By the address the customer has when the invoice is made. */
function taxNow(sim: Simulator, subscription: Subscription, plan: SubscriptionPlan): TaxPlan | null {
  if (!subscription.automatic_tax.enabled) return null;
  const customer = sim.store.customers.need(String(subscription.customer));
  const own = (customer.tax_exempt ?? "none") as TaxPlan["exempt"];
  const exempt = own === "none" ? plan.exempt : own;
  return { fixed: true, place: locate(customer.address), exempt, shares: [] };
}

/** The end of a period: of the subscription, if that was asked for, or the beginning of the next one. */
export function renew(sim: Simulator, subscription: Subscription): void {
  if (!["active", "past_due", "unpaid"].includes(subscription.status)) return;
  if (subscription.cancel_at_period_end) {
    return endSubscription(sim, subscription, "cancellation_requested");
  }
  const plan = sim.store.subscriptionPlans.need(subscription.id);
  plan.cycle += 1;
  sim.store.subscriptionPlans.put(plan);
  const [first] = subscription.items.data as [SubscriptionItem];
  const ended = { start: first.current_period_start, end: first.current_period_end };
  const end = after(subscription.billing_cycle_anchor, rhythmOf(first.price), plan.cycle + 1);
  const data = subscription.items.data.map((item) => ({
    ...item,
    current_period_start: ended.end,
    current_period_end: end,
  }));
  const items = { ...subscription.items, data };
  const invoice = bill(sim, { ...subscription, items }, "subscription_cycle", ended, null);
  changeSubscription(sim, subscription, { items, latest_invoice: invoice.id });
  if (subscription.status === "unpaid") stopCollecting(sim, invoice);
  else scheduleFinalization(sim, invoice, renewalSettings(sim).draftSeconds);
  sim.schedule("renew_subscription", subscription.id, end);
}

/** Writes the change down with what was there before it. */
export function changeSubscription(
  sim: Simulator,
  subscription: Subscription,
  change: Partial<Subscription>,
): Subscription {
  const now = subscription as unknown as Record<string, unknown>;
  const changed = Object.entries(change).filter(([key, value]) =>
    JSON.stringify(now[key]) !== JSON.stringify(value)
  );
  const before = Object.fromEntries(changed.map(([key]) => [key, now[key]]));
  Object.assign(subscription, change);
  sim.store.subscriptions.put(subscription);
  if (changed.length > 0) sim.events.emit("customer.subscription.updated", subscription, before);
  return subscription;
}

type EndReason = NonNullable<Subscription["cancellation_details"]>["reason"];

/** For good. What was billed before stays open, but nobody tries to collect it any more. */
export function endSubscription(sim: Simulator, subscription: Subscription, reason: EndReason): void {
  const now = sim.now();
  sim.unschedule(subscription.id, "renew_subscription");
  for (const invoice of invoicesOf(sim, subscription)) {
    if (invoice.status === "draft" || invoice.status === "open") stopCollecting(sim, invoice);
  }
  Object.assign(subscription, {
    status: "canceled",
    canceled_at: subscription.canceled_at ?? now,
    ended_at: now,
  });
  if (subscription.cancellation_details) subscription.cancellation_details.reason = reason;
  sim.store.subscriptions.put(subscription);
  sim.events.emit("customer.subscription.deleted", subscription);
}

/** Nobody paid the first invoice while its page was open. */
export function expireIncomplete(sim: Simulator, subscription: Subscription): void {
  if (subscription.status !== "incomplete") return;
  sim.unschedule(subscription.id, "renew_subscription");
  for (const invoice of invoicesOf(sim, subscription)) {
    if (invoice.status === "open") voidInvoice(sim, invoice);
  }
  changeSubscription(sim, subscription, { status: "incomplete_expired", ended_at: sim.now() });
}

export function voidInvoice(sim: Simulator, invoice: Invoice): Invoice {
  stopCollecting(sim, invoice);
  const intent = intentOfInvoice(sim, invoice);
  if (intent && !["succeeded", "canceled"].includes(intent.status)) cancelIntent(sim, intent, "automatic");
  for (const payment of sim.store.invoicePayments.where("invoice", invoice.id)) {
    payment.status = "canceled";
    payment.status_transitions.canceled_at = sim.now();
    sim.store.invoicePayments.put(payment);
  }
  invoice.status = "void";
  invoice.status_transitions.voided_at = sim.now();
  sim.store.invoices.put(invoice);
  sim.events.emit("invoice.voided", invoice);
  return invoice;
}

export function invoicesOf(sim: Simulator, subscription: Subscription): Invoice[] {
  return sim.store.invoices.where("customer", String(subscription.customer)).filter((invoice) =>
    invoice.parent?.subscription_details?.subscription === subscription.id
  );
}
