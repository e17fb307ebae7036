import { discountOf } from "./resources/coupons.ts";
import type { Simulator } from "./simulator.ts";
import type { Store } from "./store.ts";
import { taxItems, taxRateOf } from "./tax.ts";
import type { LineItem, Session, SessionPlan } from "./types.ts";

export interface Totals {
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
}

type Sums = Pick<SessionPlan, "line_items" | "discount" | "tax">;

/** Discount first, tax on what is left; the items are changed to say what became of each. */
export function computeTotals(sim: Simulator, plan: Sums): Totals {
  const { line_items: items, tax } = plan;
  const subtotal = items.reduce((sum, item) => sum + item.amount_subtotal, 0);
  const coupon = plan.discount ? sim.store.coupons.need(plan.discount.coupon) : null;
  const discount = coupon ? discountOf(coupon, subtotal) : 0;
  spread(items, discount, subtotal);
  if (tax) tax.shares = tax.place ? taxItems(items, tax) : [];
  return {
    subtotal,
    discount,
    tax: items.reduce((sum, item) => sum + item.amount_tax, 0),
    total: items.reduce((sum, item) => sum + item.amount_total, 0),
  };
}

/** Over the items in proportion, the rounding going to the last. */
function spread(items: LineItem[], discount: number, subtotal: number): void {
  let left = discount;
  for (const [index, item] of items.entries()) {
    const share = index === items.length - 1
      ? left
      : Math.floor(discount * item.amount_subtotal / (subtotal || 1));
    item.amount_discount = share;
    item.amount_tax = 0;
    item.amount_total = item.amount_subtotal - share;
    left -= share;
  }
}

/** After a promotion code or an address: what the session now says it costs. */
export function retotal(sim: Simulator, session: Session, plan: SessionPlan): void {
  const totals = computeTotals(sim, plan);
  session.amount_total = totals.total;
  session.total_details = {
    amount_discount: totals.discount,
    amount_shipping: 0,
    amount_tax: totals.tax,
  };
  if (plan.tax) session.automatic_tax.status = plan.tax.place ? "complete" : "requires_location_inputs";
  sim.store.plans.put(plan);
  sim.store.sessions.put(session);
}

/** `total_details.breakdown`, which Stripe leaves out unless asked. */
export function breakdownOf(store: Store, session: Session): unknown {
  const plan = store.plans.need(session.id);
  return {
    discounts: plan.discount
      ? [{
        amount: session.total_details?.amount_discount ?? 0,
        discount: discountObject(session, plan.discount),
      }]
      : [],
    taxes: (plan.tax?.shares ?? []).map((share) => ({
      amount: share.amount,
      rate: taxRateOf(share, session.created),
      taxability_reason: share.taxability_reason,
      taxable_amount: share.taxable_amount,
    })),
  };
}

function discountObject(session: Session, given: NonNullable<SessionPlan["discount"]>) {
  return {
    id: `di_${session.id.slice(-24)}`,
    object: "discount",
    checkout_session: session.id,
    customer: session.customer,
    customer_account: null,
    end: null,
    invoice: null,
    invoice_item: null,
    promotion_code: given.promotion_code,
    source: { coupon: given.coupon, type: "coupon" },
    start: session.created,
    subscription: null,
    subscription_item: null,
  };
}
