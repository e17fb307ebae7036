import { invalid, missing, missingReference, notSimulated, wrongState } from "../errors.ts";
import { listOf, paging, range, within } from "../lists.ts";
import {
  clearable,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  required,
  shape,
  text,
  unsupported,
} from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import { changeSubscription, endSubscription, expireIncomplete, planOf, rhythmOf } from "../subscriptions.ts";
import type { Price, Subscription, SubscriptionItem } from "../types.ts";

function getSubscription(sim: Simulator, id: string): Subscription {
  const subscription = sim.store.subscriptions.get(id);
  if (!subscription) throw missing("subscription", id, "id");
  return subscription;
}

const FEEDBACK = [
  "customer_service",
  "low_quality",
  "missing_features",
  "other",
  "switched_service",
  "too_complex",
  "too_expensive",
  "unused",
] as const;

const cancellation = () =>
  shape({ comment: clearable(text({ max: 5000 })), feedback: clearable(oneOf(FEEDBACK)) });

const readUpdate = parameters({
  add_invoice_items: unsupported("invoice items"),
  automatic_tax: unsupported("a change of automatic tax"),
  billing_cycle_anchor: oneOf(["unchanged"]),
  cancel_at: unsupported("an end at another time than the period's"),
  cancel_at_period_end: flag(),
  cancellation_details: cancellation(),
  collection_method: oneOf(["charge_automatically"]),
  default_payment_method: clearable(text()),
  description: clearable(text({ max: 500 })),
  discounts: unsupported("a change of discounts"),
  items: list(
    shape({
      deleted: unsupported("taking an item away"),
      id: text(),
      metadata: metadata(),
      price: text(),
      price_data: unsupported("inline prices of an update"),
      quantity: integer({ min: 1 }),
    }),
    { max: 20 },
  ),
  metadata: metadata(),
  off_session: flag(),
  pause_collection: unsupported("pauses"),
  payment_behavior: oneOf([
    "allow_incomplete",
    "default_incomplete",
    "error_if_incomplete",
    "pending_if_incomplete",
  ]),
  proration_behavior: oneOf(["always_invoice", "create_prorations", "none"]),
  proration_date: unsupported("proration"),
  trial_end: unsupported("trials"),
  trial_from_plan: unsupported("trials"),
});

type UpdateParams = ReturnType<typeof readUpdate>;

function updateSubscription(sim: Simulator, id: string, params: UpdateParams): Subscription {
  const subscription = getSubscription(sim, id);
  const { cancellation_details, metadata: change, default_payment_method } = params;
  refuseEnded(subscription, params);
  if (default_payment_method) {
    const method = sim.store.paymentMethods.get(default_payment_method);
    if (!method || method.customer !== subscription.customer) {
      throw missingReference("PaymentMethod", default_payment_method, "default_payment_method");
    }
  }
  const items = params.items && { ...subscription.items, data: changedItems(sim, subscription, params) };
  return changeSubscription(sim, subscription, {
    ...(items ? { items } : {}),
    ...(default_payment_method !== undefined ? { default_payment_method } : {}),
    ...(params.description !== undefined ? { description: params.description } : {}),
    ...cancellationChange(sim, subscription, params.cancel_at_period_end, cancellation_details),
    metadata: mergeMetadata(subscription.metadata, change),
  });
}

function refuseEnded(subscription: Subscription, params: UpdateParams): void {
  if (!["canceled", "incomplete_expired"].includes(subscription.status)) return;
  const { expand: _, cancellation_details: __, metadata: ___, ...rest } = params;
  if (Object.values(rest).every((value) => value === undefined)) return;
  throw wrongState(
    "A canceled subscription can only update its cancellation_details and metadata.",
    "invalid_canceled_subscription_fields",
  );
}

type Details = UpdateParams["cancellation_details"];

function cancellationChange(
  sim: Simulator,
  subscription: Subscription,
  atPeriodEnd: boolean | undefined,
  details: Details,
): Partial<Subscription> {
  const present = subscription.cancellation_details;
  const reason = atPeriodEnd === undefined
    ? present?.reason ?? null
    : atPeriodEnd
    ? "cancellation_requested"
    : null;
  const cancellation_details = {
    comment: details?.comment ?? present?.comment ?? null,
    feedback: details?.feedback ?? present?.feedback ?? null,
    feedback_option: null,
    reason,
  };
  if (atPeriodEnd === undefined || atPeriodEnd === subscription.cancel_at_period_end) {
    return { cancellation_details };
  }
  return {
    cancel_at_period_end: atPeriodEnd,
    cancel_at: atPeriodEnd ? subscription.items.data[0]!.current_period_end : null,
    canceled_at: atPeriodEnd ? sim.now() : null,
    cancellation_details,
  };
}

/** What was paid for stays as it was; the next invoice has the new price. */
function changedItems(sim: Simulator, subscription: Subscription, params: UpdateParams): SubscriptionItem[] {
  if (subscription.status === "incomplete") {
    throw wrongState("An incomplete subscription cannot be changed.", "subscription_incomplete");
  }
  const data = [...subscription.items.data];
  for (const [index, change] of params.items!.entries()) {
    if (!change.id) throw notSimulated("another item in a subscription", `items[${index}][id]`);
    const place = data.findIndex((item) => item.id === change.id);
    const before = data[place];
    if (!before) throw missingReference("subscription_item", change.id, `items[${index}][id]`);
    const price = change.price
      ? nextPrice(sim, before.price, change.price, `items[${index}][price]`)
      : before.price;
    const quantity = change.quantity ?? before.quantity;
    const same = price.id === before.price.id && quantity === before.quantity;
    if (!same && params.proration_behavior !== "none") {
      throw notSimulated("proration: pass `none`", "proration_behavior");
    }
    data[place] = {
      ...before,
      metadata: mergeMetadata(before.metadata, change.metadata),
      plan: planOf(price),
      price: structuredClone(price),
      quantity,
    };
  }
  return data;
}

function nextPrice(sim: Simulator, before: Price, id: string, param: string): Price {
  const price = sim.store.prices.get(id);
  if (!price) throw missingReference("price", id, param);
  if (!price.active) {
    throw invalid("The price specified is inactive. This field only accepts active prices.", param);
  }
  if (!price.recurring) {
    throw invalid(
      "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
      param,
    );
  }
  if (price.currency !== before.currency) {
    throw invalid(
      `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: ` +
        `\`${before.currency}\`.`,
      param,
    );
  }
  const [now, then] = [rhythmOf(price), rhythmOf(before)];
  if (now.interval !== then.interval || now.interval_count !== then.interval_count) {
    throw notSimulated("a change to another interval, which moves the billing date", param);
  }
  return price;
}

const readCancel = parameters({
  cancellation_details: cancellation(),
  invoice_now: flag(),
  prorate: flag(),
});

function cancelSubscription(sim: Simulator, id: string, params: ReturnType<typeof readCancel>): Subscription {
  const subscription = getSubscription(sim, id);
  if (params.invoice_now) throw notSimulated("a last invoice", "invoice_now");
  if (params.prorate) throw notSimulated("proration", "prorate");
  if (["canceled", "incomplete_expired"].includes(subscription.status)) {
    throw missing("subscription", id, "id");
  }
  const { cancellation_details } = cancellationChange(
    sim,
    subscription,
    undefined,
    params.cancellation_details,
  );
  Object.assign(subscription, { cancellation_details });
  if (subscription.status === "incomplete") expireIncomplete(sim, subscription);
  else endSubscription(sim, subscription, "cancellation_requested");
  return subscription;
}

const STATUSES = [
  "active",
  "all",
  "canceled",
  "ended",
  "incomplete",
  "incomplete_expired",
  "past_due",
  "paused",
  "trialing",
  "unpaid",
] as const;

const readList = parameters({
  ...paging,
  collection_method: oneOf(["charge_automatically", "send_invoice"]),
  created: range(),
  current_period_end: range(),
  current_period_start: range(),
  customer: text(),
  price: text(),
  status: oneOf(STATUSES),
  test_clock: text(),
});

function listSubscriptions(sim: Simulator, params: ReturnType<typeof readList>) {
  const { status, price, collection_method, test_clock } = params;
  const shown = (subscription: Subscription) => {
    const ended = ["canceled", "incomplete_expired"].includes(subscription.status);
    if (status === "all") return true;
    if (status === "ended") return ended;
    // Without a status, those that were canceled are left out.
    return status ? subscription.status === status : subscription.status !== "canceled";
  };
  return listOf(sim.store.subscriptions, params, "/v1/subscriptions", {
    by: { customer: params.customer },
    passes: (subscription) => {
      const items = subscription.items.data;
      return shown(subscription) && (!price || items.some((item) => item.price.id === price)) &&
        (!collection_method || subscription.collection_method === collection_method) &&
        (!test_clock || subscription.test_clock === test_clock) &&
        items.some((item) =>
          within(item.current_period_end, params.current_period_end) &&
          within(item.current_period_start, params.current_period_start)
        );
    },
  });
}

export const subscriptionRoutes: Route[] = [
  route("GET", "/v1/subscriptions", readList, ({ sim, params }) => listSubscriptions(sim, params)),
  route("GET", "/v1/subscriptions/:id", parameters({}), ({ sim, ids }) => getSubscription(sim, ids[0]!)),
  route(
    "POST",
    "/v1/subscriptions/:id",
    readUpdate,
    ({ sim, ids, params }) => updateSubscription(sim, ids[0]!, params),
  ),
  route(
    "DELETE",
    "/v1/subscriptions/:id",
    readCancel,
    ({ sim, ids, params }) => cancelSubscription(sim, ids[0]!, params),
  ),
  route(
    "GET",
    "/v1/subscription_items",
    parameters({ ...paging, subscription: required(text()) }),
    ({ sim, params }) => ({
      ...getSubscription(sim, params.subscription).items,
      url: "/v1/subscription_items",
    }),
  ),
];
