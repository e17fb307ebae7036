import { invalid, missing, missingReference } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, newestFirst, page, paging, range, within } from "../lists.ts";
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
} from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Price } from "../types.ts";
import { createProduct, inlineProduct, type ProductParams } from "./products.ts";

const CURRENCIES = ["usd", "eur", "gbp", "cad", "aud", "chf", "sek", "nok", "dkk", "nzd", "jpy"];

export const currency = () => {
  const read = text();
  return (value: Parameters<typeof read>[0], path: string): string | undefined => {
    const given = read(value, path)?.toLowerCase();
    if (given !== undefined && !CURRENCIES.includes(given)) {
      throw invalid(
        `Invalid currency: ${given}. The simulator knows ${CURRENCIES.join(", ")}.`,
        path,
        "parameter_invalid_string_currency",
      );
    }
    return given;
  };
};

export const recurring = () =>
  shape({
    interval: required(oneOf(["day", "week", "month", "year"])),
    interval_count: integer({ min: 1, max: 365 }),
    usage_type: oneOf(["licensed"]),
  });

const readCreate = parameters({
  active: flag(),
  billing_scheme: oneOf(["per_unit"]),
  currency: required(currency()),
  lookup_key: text({ max: 200 }),
  metadata: metadata(),
  nickname: text(),
  product: text(),
  product_data: inlineProduct,
  recurring: recurring(),
  tax_behavior: oneOf(["exclusive", "inclusive", "unspecified"]),
  transfer_lookup_key: flag(),
  unit_amount: required(integer({ min: 0, max: 99_999_999 })),
});

export interface PriceParams {
  active?: boolean;
  currency: string;
  lookup_key?: string;
  metadata?: Record<string, string>;
  nickname?: string;
  product: string;
  recurring?: { interval: "day" | "week" | "month" | "year"; interval_count?: number };
  tax_behavior?: "exclusive" | "inclusive" | "unspecified";
  unit_amount: number;
}

export function createPrice(sim: Simulator, params: PriceParams): Price {
  const price = sim.store.prices.put(
    {
      id: newId("price"),
      object: "price",
      active: params.active ?? true,
      billing_scheme: "per_unit",
      created: sim.now(),
      currency: params.currency,
      custom_unit_amount: null,
      livemode: false,
      lookup_key: params.lookup_key ?? null,
      metadata: mergeMetadata(null, params.metadata),
      nickname: params.nickname ?? null,
      product: params.product,
      recurring: params.recurring
        ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: null,
          trial_period_days: null,
          usage_type: "licensed",
        }
        : null,
      tax_behavior: params.tax_behavior ?? "unspecified",
      tiers_mode: null,
      transform_quantity: null,
      type: params.recurring ? "recurring" : "one_time",
      unit_amount: params.unit_amount,
      unit_amount_decimal: String(params.unit_amount),
    } satisfies Price,
  );
  sim.events.emit("price.created", price);
  return price;
}

/** A lookup key names one price. It can be taken over, but only by asking for that. */
function takeLookupKey(sim: Simulator, key: string, transfer: boolean | undefined): void {
  const holder = sim.store.prices.where("lookup_key", key)[0];
  if (!holder) return;
  if (!transfer) {
    throw invalid(
      `A price (${holder.id}) already uses that lookup key.`,
      "lookup_key",
      "resource_already_exists",
    );
  }
  holder.lookup_key = null;
  sim.store.prices.put(holder);
  sim.events.emit("price.updated", holder, { lookup_key: key });
}

function createFromRequest(sim: Simulator, params: ReturnType<typeof readCreate>): Price {
  if (params.product && params.product_data) {
    throw invalid("You may only specify one of these parameters: product, product_data.", "product");
  }
  if (!params.product && !params.product_data) {
    throw invalid(
      "You must specify either `product` or `product_data` when creating a price.",
      "product",
      "parameter_missing",
    );
  }
  if (params.product && !sim.store.products.get(params.product)) {
    throw missingReference("product", params.product, "product");
  }
  if (params.lookup_key) takeLookupKey(sim, params.lookup_key, params.transfer_lookup_key);
  const product = params.product ?? createProduct(sim, params.product_data as ProductParams).id;
  return createPrice(sim, { ...params, product, recurring: params.recurring as PriceParams["recurring"] });
}

export function getPrice(sim: Simulator, id: string): Price {
  const price = sim.store.prices.get(id);
  if (!price) throw missing("price", id, "price");
  return price;
}

const readUpdate = parameters({
  active: flag(),
  lookup_key: clearable(text({ max: 200 })),
  metadata: metadata(),
  nickname: clearable(text()),
  tax_behavior: oneOf(["exclusive", "inclusive", "unspecified"]),
  transfer_lookup_key: flag(),
});

function updatePrice(sim: Simulator, id: string, params: ReturnType<typeof readUpdate>): Price {
  const price = getPrice(sim, id);
  if (params.lookup_key && params.lookup_key !== price.lookup_key) {
    takeLookupKey(sim, params.lookup_key, params.transfer_lookup_key);
  }
  const before = { active: price.active, lookup_key: price.lookup_key, nickname: price.nickname };
  if (params.active !== undefined) price.active = params.active;
  if (params.lookup_key !== undefined) price.lookup_key = params.lookup_key;
  if (params.nickname !== undefined) price.nickname = params.nickname;
  if (params.tax_behavior !== undefined) price.tax_behavior = params.tax_behavior;
  price.metadata = mergeMetadata(price.metadata, params.metadata);
  sim.store.prices.put(price);
  sim.events.emit("price.updated", price, before);
  return price;
}

const readList = parameters({
  ...paging,
  active: flag(),
  created: range(),
  currency: currency(),
  lookup_keys: list(text(), { max: 10 }),
  product: text(),
  type: oneOf(["one_time", "recurring"]),
});

function listPrices(sim: Simulator, params: ReturnType<typeof readList>) {
  const passes = (price: Price) =>
    (params.active === undefined || price.active === params.active) &&
    (!params.currency || price.currency === params.currency) &&
    (!params.product || price.product === params.product) && (!params.type || price.type === params.type);
  if (!params.lookup_keys) {
    return listOf(sim.store.prices, params, "/v1/prices", { by: { product: params.product }, passes });
  }
  const rows = [...new Set(params.lookup_keys)].flatMap((key) => sim.store.prices.where("lookup_key", key))
    .filter((price) => passes(price) && within(price.created, params.created));
  return page(newestFirst(rows, sim.store.prices), params, "/v1/prices");
}

export const priceRoutes: Route[] = [
  route("POST", "/v1/prices", readCreate, ({ sim, params }) => createFromRequest(sim, params)),
  route("GET", "/v1/prices", readList, ({ sim, params }) => listPrices(sim, params)),
  route("GET", "/v1/prices/:id", parameters({}), ({ sim, ids }) => getPrice(sim, ids[0]!)),
  route("POST", "/v1/prices/:id", readUpdate, ({ sim, ids, params }) => updatePrice(sim, ids[0]!, params)),
];
