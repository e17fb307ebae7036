import { missing, missingReference, unknownParameter } from "../errors.ts";
import { newId, randomText } from "../ids.ts";
import { listOf, paging, range } from "../lists.ts";
import {
  clearable,
  echoed,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  shape,
  text,
} from "../params.ts";
import { type Route, route } from "../router.ts";
import type { Simulator } from "../simulator.ts";
import { endSubscription } from "../subscriptions.ts";
import type { Customer } from "../types.ts";

const address = () =>
  shape({
    city: clearable(text()),
    country: clearable(text()),
    line1: clearable(text()),
    line2: clearable(text()),
    postal_code: clearable(text()),
    state: clearable(text()),
  });

const readCreate = parameters({
  address: address(),
  description: clearable(text()),
  email: clearable(text({ max: 512 })),
  invoice_settings: shape({ default_payment_method: clearable(text()) }),
  metadata: metadata(),
  name: clearable(text({ max: 256 })),
  phone: clearable(text({ max: 20 })),
  preferred_locales: list(text()),
  shipping: echoed(),
  tax_exempt: oneOf(["none", "exempt", "reverse"]),
  test_clock: text(),
});

type CustomerParams = Partial<ReturnType<typeof readCreate>>;

export function createCustomer(sim: Simulator, params: CustomerParams): Customer {
  if (params.test_clock && !sim.store.testClocks.get(params.test_clock)) {
    throw missingReference("test clock", params.test_clock, "test_clock");
  }
  const customer: Customer = {
    id: newId("cus"),
    object: "customer",
    address: null,
    balance: 0,
    created: sim.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
  apply(sim, customer, params);
  sim.store.customers.put(customer);
  sim.events.emit("customer.created", customer);
  return customer;
}

function apply(sim: Simulator, customer: Customer, params: CustomerParams): void {
  const { expand: _, metadata: change, invoice_settings, address: place, shipping: __, ...plain } = params;
  for (const [key, value] of Object.entries(plain)) {
    if (value !== undefined) (customer as unknown as Record<string, unknown>)[key] = value;
  }
  if (place) {
    const empty = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
    customer.address = { ...empty, ...place } as Customer["address"];
  }
  const method = invoice_settings?.default_payment_method;
  if (method !== undefined) {
    if (method !== null && sim.store.paymentMethods.get(method)?.customer !== customer.id) {
      throw missingReference("payment_method", method, "invoice_settings[default_payment_method]");
    }
    customer.invoice_settings.default_payment_method = method;
  }
  customer.metadata = mergeMetadata(customer.metadata, change);
}

export function updateCustomer(sim: Simulator, customer: Customer, params: CustomerParams): Customer {
  const before = structuredClone(customer) as unknown as Record<string, unknown>;
  apply(sim, customer, params);
  sim.store.customers.put(customer);
  const now = customer as unknown as Record<string, unknown>;
  const changed = Object.keys(before).filter((key) =>
    JSON.stringify(before[key]) !== JSON.stringify(now[key])
  );
  const previous = Object.fromEntries(changed.map((key) => [key, before[key]]));
  if (changed.length > 0) sim.events.emit("customer.updated", customer, previous);
  return customer;
}

export function getCustomer(sim: Simulator, id: string): Customer {
  const customer = sim.store.customers.get(id);
  if (!customer) throw missing("customer", id, "id");
  return customer;
}

/** For a customer named in a body. */
export function needCustomer(sim: Simulator, id: string, param = "customer"): Customer {
  const customer = sim.store.customers.get(id);
  if (!customer || customer.deleted) throw missingReference("customer", id, param);
  return customer;
}

function deleteCustomer(sim: Simulator, id: string) {
  const customer = getCustomer(sim, id);
  if (!customer.deleted) {
    for (const subscription of sim.store.subscriptions.where("customer", id)) {
      if (!subscription.ended_at) endSubscription(sim, subscription, "cancellation_requested");
    }
    for (const method of sim.store.paymentMethods.where("customer", id)) {
      sim.store.paymentMethods.put(Object.assign(method, { customer: null }));
      sim.store.instruments.put({ ...sim.store.instruments.need(method.id), detached: true });
    }
    sim.events.emit("customer.deleted", customer);
    const gone = { id, object: "customer", deleted: true, created: customer.created };
    sim.store.customers.put(gone as unknown as Customer);
  }
  return { id, object: "customer", deleted: true };
}

const readList = parameters({ ...paging, created: range(), email: text() });

export const customerRoutes: Route[] = [
  route("POST", "/v1/customers", readCreate, ({ sim, params }) => createCustomer(sim, params)),
  route(
    "GET",
    "/v1/customers",
    readList,
    ({ sim, params }) =>
      listOf(sim.store.customers, params, "/v1/customers", {
        by: { email: params.email },
        passes: (customer) => !customer.deleted,
      }),
  ),
  route("GET", "/v1/customers/:id", parameters({}), ({ sim, ids }) => {
    const { id, deleted } = getCustomer(sim, ids[0]!);
    return deleted ? { id, object: "customer", deleted: true } : getCustomer(sim, id);
  }),
  route("POST", "/v1/customers/:id", readCreate, ({ sim, ids, params }) => {
    const customer = getCustomer(sim, ids[0]!);
    if (customer.deleted) throw missing("customer", customer.id, "id");
    if (params.test_clock) throw unknownParameter("test_clock");
    return updateCustomer(sim, customer, params);
  }),
  route("DELETE", "/v1/customers/:id", parameters({}), ({ sim, ids }) => deleteCustomer(sim, ids[0]!)),
];
