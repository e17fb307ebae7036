import { invalid, missing } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import {
  clearable,
  flag,
  list,
  mergeMetadata,
  metadata,
  parameters,
  type Read,
  required,
  shape,
  text,
} from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import type { Product } from "../types.ts";

const fields = {
  active: flag(),
  description: clearable(text({ max: 40_000 })),
  images: list(text(), { max: 8 }),
  metadata: metadata(),
  shippable: flag(),
  statement_descriptor: text({ max: 22 }),
  tax_code: clearable(text()),
  unit_label: clearable(text({ max: 12 })),
  url: clearable(text()),
};

/** Inline products of `price_data` are made from the same parameters. */
export const inlineProduct = shape({
  name: required(text({ max: 250 })),
  description: text({ max: 40_000 }),
  images: list(text(), { max: 8 }),
  metadata: metadata(),
  tax_code: text(),
  unit_label: text({ max: 12 }),
});

export type ProductParams = NonNullable<Read<typeof inlineProduct>> & { id?: string; active?: boolean };

export function createProduct(sim: Simulator, params: ProductParams & { [other: string]: unknown }): Product {
  if (params.id !== undefined && sim.store.products.get(params.id)) {
    throw invalid(`Product already exists.`, "id", "resource_already_exists");
  }
  const now = sim.now();
  const product = sim.store.products.put(
    {
      id: params.id ?? newId("prod"),
      object: "product",
      active: params.active ?? true,
      created: now,
      default_price: null,
      description: params.description ?? null,
      images: params.images ?? [],
      livemode: false,
      marketing_features: [],
      metadata: mergeMetadata(null, params.metadata),
      name: params.name,
      package_dimensions: null,
      shippable: null,
      statement_descriptor: null,
      tax_code: params.tax_code ?? null,
      tax_details: null,
      type: "service",
      unit_label: params.unit_label ?? null,
      updated: now,
      url: null,
    } satisfies Product,
  );
  sim.events.emit("product.created", product);
  return product;
}

export function getProduct(sim: Simulator, id: string): Product {
  const product = sim.store.products.get(id);
  if (!product) throw missing("product", id, "id");
  return product;
}

const readUpdate = parameters({ ...fields, name: text({ max: 250 }), default_price: text() });

function updateProduct(sim: Simulator, id: string, params: ReturnType<typeof readUpdate>): Product {
  const product = getProduct(sim, id);
  const { expand: _, metadata: change, ...rest } = params;
  const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  Object.assign(product, set, { metadata: mergeMetadata(product.metadata, change), updated: sim.now() });
  sim.store.products.put(product);
  sim.events.emit("product.updated", product, set);
  return product;
}

export const productRoutes: Route[] = [
  route(
    "POST",
    "/v1/products",
    parameters({ ...fields, id: text(), name: required(text({ max: 250 })) }),
    ({ sim, params }) =>
      createProduct(sim, { ...params, description: params.description ?? undefined } as ProductParams),
  ),
  route(
    "GET",
    "/v1/products",
    parameters({ ...paging, active: flag(), created: range(), ids: list(text()), url: text() }),
    ({ sim, params }) =>
      listOf(sim.store.products, params, "/v1/products", {
        passes: (product) =>
          (params.active === undefined || product.active === params.active) &&
          (!params.ids || params.ids.includes(product.id)) && (!params.url || product.url === params.url),
      }),
  ),
  route("GET", "/v1/products/:id", parameters({}), ({ sim, ids }) => getProduct(sim, ids[0]!)),
  route(
    "POST",
    "/v1/products/:id",
    readUpdate,
    ({ sim, ids, params }) => updateProduct(sim, ids[0]!, params),
  ),
];
