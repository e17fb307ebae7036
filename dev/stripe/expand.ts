import { copy } from "./copy.ts";
import { invalid } from "./errors.ts";
import { wholeList } from "./lists.ts";
import { breakdownOf } from "./session_totals.ts";
import type { Store } from "./store.ts";
import type { Session } from "./types.ts";

type Json = Record<string, unknown>;

/** Fields that are absent unless asked for, with what they hold then. */
const INCLUDABLE: Record<string, (store: Store, owner: Json, parent: Json | null) => unknown> = {
  "checkout.session.line_items": (store, session) =>
    wholeList(
      store.plans.need(String(session.id)).line_items,
      `/v1/checkout/sessions/${session.id}/line_items`,
    ),
  "checkout.session.total_details.breakdown": (store, _, session) =>
    breakdownOf(store, session as unknown as Session),
  "invoice.payments": (store, invoice) =>
    wholeList(
      store.invoicePayments.where("invoice", String(invoice.id)),
      `/v1/invoice_payments?invoice=${invoice.id}`,
    ),
  "charge.refunds": (store, charge) =>
    wholeList(
      store.refunds.where("charge", String(charge.id)).reverse(),
      `/v1/charges/${charge.id}/refunds`,
    ),
};

/** A copy of `value` in which each of `paths` (such as `data.payment_intent.latest_charge`) is the whole object. */
export function expand(store: Store, value: unknown, paths: string[] | undefined): unknown {
  if (!paths || paths.length === 0) return value;
  const whole = copy(value);
  for (const [index, path] of paths.entries()) {
    const parts = path.split(".");
    // A list's `data` counts too: https://github.com/stripe/stripe-java/issues/2011
    if (parts.length > 4) {
      throw invalid("You cannot expand more than 4 levels of a property.", `expand[${index}]`);
    }
    if (!walk(store, whole, parts)) {
      throw invalid(
        `This property cannot be expanded (${path}). You may want to try expanding 'data.${path}' or an id field.`,
        `expand[${index}]`,
      );
    }
  }
  return whole;
}

/** What holds the object that is looked at, and where: parts of an object have no name of their own. */
interface Parent {
  owner: Json;
  path: string;
}

/** True when every step of the path exists; a null on the way is nothing to expand, and no error. */
function walk(store: Store, here: unknown, parts: string[], from: Parent | null = null): boolean {
  if (parts.length === 0) return true;
  if (Array.isArray(here)) {
    return here.every((item) => walk(store, item, parts, from));
  }
  if (typeof here !== "object" || here === null) return false;
  const owner = here as Json;
  const [name, ...rest] = parts as [string, ...string[]];
  const path = typeof owner.object === "string" ? owner.object : `${from?.path}`;
  const include = INCLUDABLE[`${path}.${name}`];
  if (include && owner[name] === undefined) {
    owner[name] = copy(include(store, owner, from?.owner ?? null));
  }
  const value = owner[name];
  if (value === null) return true;
  if (value === undefined) return false;
  if (Array.isArray(value)) {
    owner[name] = value.map((item) => typeof item === "string" ? copyOf(store, item) ?? item : item);
  } else if (typeof value === "string") {
    const found = copyOf(store, value);
    if (!found) return /^[a-z]+_\w+$/.test(value);
    owner[name] = found;
  }
  return walk(store, owner[name], rest, { owner, path: `${path}.${name}` });
}

function copyOf(store: Store, id: string): unknown {
  const found = lookUp(store, id);
  return found === undefined ? undefined : copy(found);
}

/** Every id says by its prefix what it names. */
export function lookUp(store: Store, id: string): { id: string } | undefined {
  switch (id.slice(0, id.indexOf("_"))) {
    case "prod":
      return store.products.get(id);
    case "price":
      return store.prices.get(id);
    case "cus":
      return store.customers.get(id);
    case "promo":
      return store.promotionCodes.get(id);
    case "cs":
      return store.sessions.get(id);
    case "pi":
      return store.paymentIntents.get(id);
    case "seti":
      return store.setupIntents.get(id);
    case "pm":
      return store.paymentMethods.get(id);
    case "ch":
    case "py":
      return store.charges.get(id);
    case "re":
    case "pyr":
      return store.refunds.get(id);
    case "du":
      return store.disputes.get(id);
    case "txn":
      return store.balanceTransactions.get(id);
    case "bpc":
      return store.portalConfigurations.get(id);
    case "in":
      return store.invoices.get(id);
    case "inpay":
      return store.invoicePayments.get(id);
    case "sub":
      return store.subscriptions.get(id);
    case "clock":
      return store.testClocks.get(id);
    default:
      return store.products.get(id) ?? store.coupons.get(id); // whose ids a merchant may choose
  }
}
