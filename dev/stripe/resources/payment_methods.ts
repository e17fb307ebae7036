import { cardById, cardByNumber, DECLINES, isCardNumber } from "../cards.ts";
import { ApiError, invalid, missing, missingReference, notSimulated, wrongState } from "../errors.ts";
import { newId } from "../ids.ts";
import { listOf, paging } from "../lists.ts";
import {
  clearable,
  echoed,
  integer,
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
import { changeSubscription } from "../subscriptions.ts";
import type { MethodType, PaymentMethod } from "../types.ts";
import { BANK_ACCOUNTS, bankAccountById } from "../bank_accounts.ts";
import { getCustomer, needCustomer, updateCustomer } from "./customers.ts";

export interface Billing {
  email?: string | null;
  name?: string | null;
  line1?: string | null;
  city?: string | null;
  state?: string | null;
  country?: string | null;
  postal_code?: string | null;
  phone?: string | null;
}

export interface MethodDetails {
  billing?: Billing;
  exp_month?: number;
  exp_year?: number;
}

/** The same number always has the same fingerprint, whoever enters it. */
export function fingerprintOf(number: string): string {
  let text = "";
  for (let round = 0; text.length < 16; round++) {
    let hash = 0x811c9dc5 ^ round;
    for (const character of number) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
    text += hash.toString(36);
  }
  return text.slice(0, 16);
}

function billingDetails(billing: Billing | undefined): PaymentMethod["billing_details"] {
  return {
    address: {
      city: billing?.city ?? null,
      country: billing?.country ?? null,
      line1: billing?.line1 ?? null,
      line2: null,
      postal_code: billing?.postal_code ?? null,
      state: billing?.state ?? null,
    },
    email: billing?.email ?? null,
    name: billing?.name ?? null,
    phone: billing?.phone ?? null,
    tax_id: null,
  };
}

function cardDetails(sim: Simulator, number: string, details: MethodDetails): PaymentMethod["card"] {
  const card = cardByNumber(number);
  const brand = card?.brand ?? "visa";
  const authenticates = card?.authentication !== undefined;
  return {
    brand,
    checks: {
      address_line1_check: null,
      address_postal_code_check: details.billing?.postal_code ? "pass" : null,
      cvc_check: card?.decline === "incorrect_cvc" ? "fail" : "pass",
    },
    country: card?.country ?? "US",
    display_brand: brand,
    exp_month: details.exp_month ?? 12,
    exp_year: details.exp_year ?? new Date(sim.clock.nowMs()).getUTCFullYear() + 1,
    fingerprint: fingerprintOf(number),
    funding: card?.funding ?? "credit",
    generated_from: null,
    last4: number.slice(-4),
    networks: { available: [brand], preferred: null },
    regulated_status: "unregulated",
    three_d_secure_usage: { supported: brand !== "discover" || authenticates },
    wallet: null,
  };
}

/** Makes a payment method out of a card or account number, as Checkout and `pm_card_*` ids do. */
export function createMethod(
  sim: Simulator,
  type: MethodType,
  number: string,
  details: MethodDetails = {},
): PaymentMethod {
  const method: PaymentMethod = {
    id: newId("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: billingDetails(details.billing),
    created: sim.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type,
  };
  if (type === "card") {
    method.card = cardDetails(sim, number, details)!;
  } else if (type === "us_bank_account") {
    method.us_bank_account = {
      account_holder_type: "individual",
      account_type: "checking",
      bank_name: "STRIPE TEST BANK",
      financial_connections_account: null,
      fingerprint: fingerprintOf(number),
      last4: number.slice(-4),
      networks: { preferred: "ach", supported: ["ach"] },
      routing_number: "110000000",
      status_details: {},
    };
  } else {
    method.sepa_debit = {
      bank_code: "19043",
      branch_code: "",
      country: "AT",
      fingerprint: fingerprintOf(number),
      generated_from: { charge: null, setup_attempt: null },
      last4: number.slice(-4),
    };
  }
  sim.store.instruments.put({ id: method.id, number, authenticated: false, detached: false });
  return sim.store.paymentMethods.put(method);
}

/** The method named in a body. `pm_card_visa` and its kin make a new one each time they are used. */
export function needMethod(sim: Simulator, id: string, param = "payment_method"): PaymentMethod {
  const method = sim.store.paymentMethods.get(id);
  if (method) return method;
  const card = cardById(id);
  if (card) return createMethod(sim, "card", card.number);
  const account = bankAccountById(id);
  if (account) return createMethod(sim, account.type, account.number);
  throw missingReference("PaymentMethod", id, param);
}

/** True when `needMethod` would find or make it; for checks that must not change anything. */
export function methodExists(sim: Simulator, id: string): boolean {
  return Boolean(sim.store.paymentMethods.get(id) ?? cardById(id) ?? bankAccountById(id));
}

/** A card that would decline cannot be saved either; one test card exists to break that rule. */
export function refuseUnsavable(sim: Simulator, method: PaymentMethod): void {
  const number = sim.store.instruments.need(method.id).number;
  const card = cardByNumber(number);
  if (method.type !== "card" || !card?.decline || card.savable || card.authentication) return;
  throw new ApiError(402, { type: "card_error", ...DECLINES[card.decline] });
}

export function refuseDetached(sim: Simulator, method: PaymentMethod): void {
  if (!sim.store.instruments.need(method.id).detached) return;
  throw wrongState(
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a " +
      "Customer, and may not be used again.",
    "payment_method_unexpected_state",
  );
}

export function attachMethod(sim: Simulator, method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer) {
    throw wrongState(
      "The payment method you provided has already been attached to a customer.",
      "payment_method_unexpected_state",
    );
  }
  refuseDetached(sim, method);
  refuseUnsavable(sim, method);
  method.customer = customer;
  sim.store.paymentMethods.put(method);
  sim.events.emit("payment_method.attached", method);
  return method;
}

function getMethod(sim: Simulator, id: string): PaymentMethod {
  if (!methodExists(sim, id)) throw missing("PaymentMethod", id, "payment_method");
  return needMethod(sim, id);
}

const billing = () =>
  shape({
    address: echoed(),
    email: clearable(text()),
    name: clearable(text()),
    phone: clearable(text()),
  });

const readCreate = parameters({
  allow_redisplay: oneOf(["always", "limited", "unspecified"]),
  billing_details: billing(),
  card: shape({
    cvc: text(),
    exp_month: integer({ min: 1, max: 12 }),
    exp_year: integer(),
    number: text(),
    token: text(),
  }),
  metadata: metadata(),
  sepa_debit: shape({ iban: required(text()) }),
  type: required(oneOf(["card", "us_bank_account", "sepa_debit"])),
  us_bank_account: shape({
    account_holder_type: oneOf(["individual", "company"]),
    account_number: required(text()),
    account_type: oneOf(["checking", "savings"]),
    routing_number: text(),
  }),
});

function createFromRequest(sim: Simulator, params: ReturnType<typeof readCreate>): PaymentMethod {
  const given = params.billing_details;
  const details: MethodDetails = {
    billing: { email: given?.email, name: given?.name, phone: given?.phone },
    exp_month: params.card?.exp_month,
    exp_year: params.card?.exp_year,
  };
  const method = createMethod(sim, params.type, numberOf(params), details);
  method.metadata = mergeMetadata(null, params.metadata);
  if (params.allow_redisplay) method.allow_redisplay = params.allow_redisplay;
  return sim.store.paymentMethods.put(method);
}

function numberOf(params: ReturnType<typeof readCreate>): string {
  if (params.type === "us_bank_account") {
    return params.us_bank_account?.account_number ?? BANK_ACCOUNTS[0]!.number;
  }
  if (params.type === "sepa_debit") {
    if (!params.sepa_debit) {
      throw invalid("Missing required param: sepa_debit.", "sepa_debit", "parameter_missing");
    }
    return params.sepa_debit.iban;
  }
  const { token, number } = params.card ?? {};
  if (token) {
    const card = cardById(token);
    if (!card) throw missingReference("token", token, "card[token]");
    return card.number;
  }
  if (!number) throw invalid("Missing required param: card.", "card", "parameter_missing");
  if (!isCardNumber(number)) {
    throw new ApiError(402, {
      type: "card_error",
      code: "incorrect_number",
      param: "number",
      message: "Your card number is incorrect.",
    });
  }
  return number;
}

const readUpdate = parameters({
  allow_redisplay: oneOf(["always", "limited", "unspecified"]),
  billing_details: billing(),
  card: shape({ exp_month: integer({ min: 1, max: 12 }), exp_year: integer() }),
  metadata: metadata(),
});

function updateMethod(sim: Simulator, id: string, params: ReturnType<typeof readUpdate>): PaymentMethod {
  const method = getMethod(sim, id);
  if (params.allow_redisplay) method.allow_redisplay = params.allow_redisplay;
  const { email, name, phone, address } = params.billing_details ?? {};
  if (email !== undefined) method.billing_details.email = email;
  if (name !== undefined) method.billing_details.name = name;
  if (phone !== undefined) method.billing_details.phone = phone;
  if (address) Object.assign(method.billing_details.address ?? {}, address);
  if (params.card && method.card) Object.assign(method.card, defined(params.card));
  method.metadata = mergeMetadata(method.metadata, params.metadata);
  sim.store.paymentMethods.put(method);
  sim.events.emit("payment_method.updated", method, {});
  return method;
}

function defined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export function detach(sim: Simulator, method: PaymentMethod): PaymentMethod {
  if (!method.customer) {
    throw wrongState(
      "The payment method you provided is not attached to a customer so detachment is impossible.",
      "payment_method_unexpected_state",
    );
  }
  const customer = sim.store.customers.get(String(method.customer));
  if (customer?.invoice_settings?.default_payment_method === method.id) {
    updateCustomer(sim, customer, { invoice_settings: { default_payment_method: null } });
  }
  for (const subscription of sim.store.subscriptions.where("default_payment_method", method.id)) {
    if (!subscription.ended_at) changeSubscription(sim, subscription, { default_payment_method: null });
  }
  const before = { customer: method.customer };
  method.customer = null;
  sim.store.paymentMethods.put(method);
  sim.store.instruments.put({ ...sim.store.instruments.need(method.id), detached: true });
  sim.events.emit("payment_method.detached", method, before);
  return method;
}

export interface CardUpdate {
  /** A new number, as of a card that replaces a lost one: what its bank was told to decline is forgotten. */
  number?: string;
  exp_month?: number;
  exp_year?: number;
}

/** The network tells Stripe what became of a card; nobody asked for it. */
export function updateFromNetwork(sim: Simulator, method: PaymentMethod, change: CardUpdate): PaymentMethod {
  if (!method.card) throw new TypeError("Only a card is updated by its network.");
  const before = structuredClone(method.card) as unknown as Record<string, unknown>;
  const { number } = change;
  if (number !== undefined) {
    if (!isCardNumber(number)) throw new TypeError(`${number} is not the number of a card.`);
    const { brand, country, display_brand, fingerprint, funding, last4, networks } = cardDetails(
      sim,
      number,
      {},
    )!;
    Object.assign(method.card, { brand, country, display_brand, fingerprint, funding, last4, networks });
    sim.store.instruments.put({ ...sim.store.instruments.need(method.id), number, declines: null });
  }
  Object.assign(method.card, defined({ exp_month: change.exp_month, exp_year: change.exp_year }));
  const now = method.card as unknown as Record<string, unknown>;
  const changed = Object.entries(before).filter(([key, value]) =>
    JSON.stringify(value) !== JSON.stringify(now[key])
  );
  sim.store.paymentMethods.put(method);
  sim.events.emit("payment_method.automatically_updated", method, { card: Object.fromEntries(changed) });
  return method;
}

const readList = parameters({
  ...paging,
  allow_redisplay: oneOf(["always", "limited", "unspecified"]),
  customer: text(),
  type: oneOf(["card", "us_bank_account", "sepa_debit"]),
});

function listMethods(
  sim: Simulator,
  customer: string | undefined,
  params: ReturnType<typeof readList>,
  url: string,
) {
  if (!customer) throw notSimulated("a list of payment methods without a customer", "customer");
  needCustomer(sim, customer);
  const { limit, starting_after, ending_before, type, allow_redisplay } = params;
  return listOf(sim.store.paymentMethods, { limit, starting_after, ending_before }, url, {
    by: { customer },
    passes: (method) =>
      (!type || method.type === type) && (!allow_redisplay || method.allow_redisplay === allow_redisplay),
  });
}

export const paymentMethodRoutes: Route[] = [
  route(
    "POST",
    "/v1/payment_methods",
    readCreate,
    ({ sim, params }) => createFromRequest(sim, params),
  ),
  route(
    "GET",
    "/v1/payment_methods",
    readList,
    ({ sim, params }) => listMethods(sim, params.customer, params, "/v1/payment_methods"),
  ),
  route("GET", "/v1/payment_methods/:id", parameters({}), ({ sim, ids }) => getMethod(sim, ids[0]!)),
  route(
    "POST",
    "/v1/payment_methods/:id",
    readUpdate,
    ({ sim, ids, params }) => updateMethod(sim, ids[0]!, params),
  ),
  route(
    "POST",
    "/v1/payment_methods/:id/attach",
    parameters({ customer: required(text()) }),
    ({ sim, ids, params }) => {
      needCustomer(sim, params.customer);
      return attachMethod(sim, getMethod(sim, ids[0]!), params.customer);
    },
  ),
  route(
    "POST",
    "/v1/payment_methods/:id/detach",
    parameters({}),
    ({ sim, ids }) => detach(sim, getMethod(sim, ids[0]!)),
  ),
  route(
    "GET",
    "/v1/customers/:id/payment_methods",
    readList,
    ({ sim, ids, params }) => {
      const customer = getCustomer(sim, ids[0]!);
      if (customer.deleted) throw missing("customer", customer.id, "customer");
      return listMethods(sim, customer.id, params, `/v1/customers/${customer.id}/payment_methods`);
    },
  ),
  route("GET", "/v1/customers/:id/payment_methods/:id", parameters({}), ({ sim, ids }) => {
    const method = getMethod(sim, ids[1]!);
    if (method.customer !== ids[0]) throw missing("PaymentMethod", ids[1]!, "payment_method");
    return method;
  }),
];
