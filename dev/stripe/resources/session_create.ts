import { DAY, MINUTE } from "../clock.ts";
import { invalid, missingReference } from "../errors.ts";
import { newId, newSessionId } from "../ids.ts";
import { methodTypesFor } from "../method_types.ts";
import { mergeMetadata } from "../params.ts";
import type { Simulator } from "../simulator.ts";
import type { LineItem, Price, Session, SessionPlan, TaxPlan } from "../types.ts";
import { computeTotals, type Totals } from "../session_totals.ts";
import { locate } from "../tax.ts";
import { redeemableCoupon } from "./coupons.ts";
import { createPrice, type PriceParams } from "./prices.ts";
import { createProduct, type ProductParams } from "./products.ts";
import { checkLineItems, checkMode, checkParties, type PriceData } from "./session_checks.ts";
import type { LineItemParams, SessionParams } from "./session_params.ts";
import { createSetup } from "./setup_intents.ts";

export function createSession(sim: Simulator, params: SessionParams): Session {
  checkMode(params);
  checkParties(sim, params);
  const expires_at = expiryOf(sim, params.expires_at);
  checkLineItems(sim, params);
  const currency = currencyOf(sim, params);
  const types = methodTypesFor(
    currency,
    params.allowed_payment_method_types,
    params.excluded_payment_method_types,
  );
  const discount = discountFrom(sim, params);
  const items = (params.line_items ?? []).map((item) => makeLineItem(sim, item));
  const tax = taxPlanFrom(sim, params);
  const totals = computeTotals(sim, { line_items: items, discount, tax });
  checkTotal(params, currency, totals);

  const session = buildSession(sim, params, { currency, expires_at, types, totals });
  session.discounts = discount ? [{ ...discount }] : [];
  if (tax?.place) session.automatic_tax.status = "complete";
  const plan = planOf(session, params, items, types, discount, tax);
  sim.store.plans.put(plan);
  if (params.mode === "setup") {
    session.setup_intent = createSetup(sim, {
      customer: params.customer ?? null,
      description: plan.intent.description,
      metadata: plan.intent.metadata,
      method_types: types,
    }).id;
  }
  sim.store.sessions.put(session);
  sim.schedule("expire_session", session.id, expires_at);
  return session;
}

/** An existing customer is taxed at the address they have, or at the one they enter if that is to replace it. */
function taxPlanFrom(sim: Simulator, params: SessionParams): TaxPlan | null {
  if (!params.automatic_tax?.enabled) return null;
  if (!params.customer) return { fixed: false, place: null, exempt: "none", shares: [] };
  const customer = sim.store.customers.need(params.customer);
  const place = locate(customer.address);
  const replaced = params.customer_update?.address === "auto";
  if (!place && !replaced) {
    throw invalid(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the " +
        "Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to " +
        "save the address entered in Checkout to the Customer.",
      undefined,
      "customer_tax_location_invalid",
    );
  }
  const exempt = (customer.tax_exempt ?? "none") as TaxPlan["exempt"];
  return { fixed: !replaced, place, exempt, shares: [] };
}

function expiryOf(sim: Simulator, asked: number | undefined): number {
  const now = sim.now();
  if (asked === undefined) return now + DAY;
  if (asked < now + 30 * MINUTE) {
    throw invalid(
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
      "expires_at",
    );
  }
  if (asked > now + DAY) {
    throw invalid(
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
      "expires_at",
    );
  }
  return asked;
}

function currencyOf(sim: Simulator, params: SessionParams): string | null {
  const items = params.line_items ?? [];
  const currencies = items.map((item) =>
    item.price ? sim.store.prices.need(item.price).currency : item.price_data!.currency
  );
  if (new Set(currencies).size > 1) {
    throw invalid("All line items must use the same currency.", "line_items");
  }
  const currency = currencies[0] ?? params.currency ?? null;
  if (params.currency && currency !== params.currency) {
    throw invalid(
      `The price's currency (${currency}) does not match the session's currency (${params.currency}).`,
      "currency",
    );
  }
  return currency;
}

type Discount = NonNullable<SessionPlan["discount"]>;

function discountFrom(sim: Simulator, params: SessionParams): Discount | null {
  const given = params.discounts?.[0];
  if (!given) return null;
  if (Boolean(given.coupon) === Boolean(given.promotion_code)) {
    throw invalid("You must specify either `coupon` or `promotion_code`.", "discounts[0][coupon]");
  }
  if (given.coupon) {
    return { coupon: redeemableCoupon(sim, given.coupon, "discounts[0][coupon]").id, promotion_code: null };
  }
  const code = sim.store.promotionCodes.get(given.promotion_code!);
  if (!code || !code.active) {
    throw missingReference("promotion code", given.promotion_code!, "discounts[0][promotion_code]");
  }
  return { coupon: String(code.promotion.coupon), promotion_code: code.id };
}

function makeLineItem(sim: Simulator, item: LineItemParams): LineItem {
  const price = item.price ? sim.store.prices.need(item.price) : inlinePrice(sim, item.price_data!);
  const quantity = item.quantity ?? 1;
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: newId("li"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: sim.store.products.need(price.product).name,
    metadata: mergeMetadata(null, item.metadata),
    price: structuredClone(price),
    quantity,
  };
}

/** A price made for one session is inactive at once: nothing else can use it. */
function inlinePrice(sim: Simulator, data: PriceData): Price {
  const product = data.product ?? createProduct(sim, data.product_data as ProductParams).id;
  return createPrice(sim, {
    active: false,
    currency: data.currency,
    product,
    recurring: data.recurring as PriceParams["recurring"],
    tax_behavior: data.tax_behavior,
    unit_amount: data.unit_amount,
  });
}

function checkTotal(params: SessionParams, currency: string | null, totals: Totals): void {
  if (params.mode === "setup" || totals.total === 0 || totals.total >= 50) return;
  throw invalid(
    `The Checkout Session's total amount due must add up to at least $0.50 ${currency}`,
    "line_items",
    "amount_too_small",
  );
}

function planOf(
  session: Session,
  params: SessionParams,
  line_items: LineItem[],
  method_types: SessionPlan["method_types"],
  discount: Discount | null,
  tax: TaxPlan | null,
): SessionPlan {
  const intent = params.payment_intent_data;
  return {
    id: session.id,
    line_items,
    method_types,
    intent: {
      description: intent?.description ?? params.setup_intent_data?.description ?? null,
      metadata: mergeMetadata(null, intent?.metadata ?? params.setup_intent_data?.metadata),
      receipt_email: intent?.receipt_email ?? null,
      setup_future_usage: params.mode === "subscription" ? "off_session" : intent?.setup_future_usage ?? null,
      statement_descriptor_suffix: intent?.statement_descriptor_suffix ?? null,
    },
    discount,
    tax,
    customer_update: {
      address: params.customer_update?.address === "auto",
      name: params.customer_update?.name === "auto",
    },
    allow_redisplay: params.payment_method_data?.allow_redisplay ?? null,
    awaiting: null,
    subscription_data: {
      description: params.subscription_data?.description ?? null,
      metadata: mergeMetadata(null, params.subscription_data?.metadata),
    },
    subscription: null,
  };
}

interface Parts {
  currency: string | null;
  expires_at: number;
  types: SessionPlan["method_types"];
  totals: Totals;
}

function buildSession(sim: Simulator, params: SessionParams, parts: Parts): Session {
  const id = newSessionId();
  const payment = params.mode === "payment";
  const priced = params.mode !== "setup";
  const { subtotal, discount, tax, total } = parts.totals;
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: priced ? { enabled: params.adaptive_pricing?.enabled ?? true } : null,
    after_expiration: null,
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: priced ? subtotal : null,
    amount_total: priced ? total : null,
    automatic_tax: {
      enabled: params.automatic_tax?.enabled ?? false,
      liability: params.automatic_tax?.enabled ? { type: "self" } : null,
      provider: params.automatic_tax?.enabled ? "stripe" : null,
      status: params.automatic_tax?.enabled ? "requires_location_inputs" : null,
    },
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    client_secret: null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: (params.consent_collection ?? null) as Session["consent_collection"],
    created: sim.now(),
    currency: parts.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
      ...params.custom_text,
    } as Session["custom_text"],
    customer: params.customer ?? null,
    customer_account: null,
    customer_creation: customerCreation(params),
    customer_details: initialDetails(sim, params),
    customer_email: params.customer_email ?? null,
    discounts: [],
    ...(params.excluded_payment_method_types
      ? { excluded_payment_method_types: params.excluded_payment_method_types }
      : {}),
    expires_at: parts.expires_at,
    integration_identifier: params.integration_identifier ?? null,
    invoice: null,
    invoice_creation: payment
      ? {
        enabled: params.invoice_creation?.enabled ?? false,
        invoice_data: {
          account_tax_ids: null,
          custom_fields: null,
          description: null,
          footer: null,
          issuer: null,
          metadata: {},
          rendering_options: null,
          ...params.invoice_creation?.invoice_data,
        },
      }
      : null,
    livemode: false,
    locale: params.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata(null, params.metadata),
    mode: params.mode,
    origin_context: params.origin_context ?? null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: payment ? params.payment_method_collection ?? "if_required" : "always",
    payment_method_configuration_details: {
      id: params.payment_method_configuration ?? "pmc_simulator",
      parent: null,
    },
    payment_method_options: (params.payment_method_options ?? {}) as Session["payment_method_options"],
    payment_method_types: parts.types,
    payment_status: priced ? "unpaid" : "no_payment_required",
    permissions: null,
    phone_number_collection: { enabled: params.phone_number_collection?.enabled ?? false },
    recovered_from: null,
    saved_payment_method_options: savedOptions(params),
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: params.success_url ?? null,
    tax_id_collection: {
      enabled: params.tax_id_collection?.enabled ?? false,
      required: params.tax_id_collection?.required ?? "never",
    },
    total_details: priced ? { amount_discount: discount, amount_shipping: 0, amount_tax: tax } : null,
    ui_mode: "hosted_page",
    url: `${sim.publicUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}

function customerCreation(params: SessionParams): Session["customer_creation"] {
  if (params.customer) return null;
  return params.mode === "subscription" ? "always" : params.customer_creation ?? "if_required";
}

function savedOptions(params: SessionParams): Session["saved_payment_method_options"] {
  const given = params.saved_payment_method_options;
  if (!given && !params.customer) return null;
  return {
    allow_redisplay_filters: given?.allow_redisplay_filters ?? ["always"],
    payment_method_remove: given?.payment_method_remove ?? "disabled",
    payment_method_save: given?.payment_method_save ?? null,
  };
}

function initialDetails(sim: Simulator, params: SessionParams): Session["customer_details"] {
  const customer = params.customer ? sim.store.customers.need(params.customer) : null;
  const email = customer?.email ?? params.customer_email ?? null;
  if (email === null && !customer) return null;
  return {
    address: customer?.address ?? null,
    business_name: null,
    email,
    individual_name: null,
    name: customer?.name ?? null,
    phone: customer?.phone ?? null,
    tax_exempt: customer?.tax_exempt ?? "none",
    tax_ids: null,
  };
}
