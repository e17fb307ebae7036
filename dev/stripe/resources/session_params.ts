import { invalid } from "../errors.ts";
import {
  echoed,
  flag,
  integer,
  list,
  metadata,
  oneOf,
  parameters,
  type Reader,
  required,
  shape,
  text,
  unsupported,
} from "../params.ts";
import { currency, recurring } from "./prices.ts";
import { inlineProduct } from "./products.ts";

const url = (): Reader<string | undefined> => {
  const read = text({ max: 5000 });
  return (value, path) => {
    const given = read(value, path);
    if (given !== undefined && !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(given)) {
      throw invalid("Not a valid URL", path, "url_invalid");
    }
    return given;
  };
};

const lineItem = shape({
  adjustable_quantity: echoed(),
  metadata: metadata(),
  price: text(),
  price_data: shape({
    currency: required(currency()),
    product: text(),
    product_data: inlineProduct,
    recurring: recurring(),
    tax_behavior: oneOf(["exclusive", "inclusive", "unspecified"]),
    unit_amount: required(integer({ min: 0, max: 99_999_999 })),
  }),
  quantity: integer({ min: 1, max: 999_999 }),
  tax_rates: unsupported("tax rates"),
});

export const readSessionCreate = parameters({
  adaptive_pricing: shape({ enabled: flag() }),
  after_expiration: unsupported("recovery of expired sessions"),
  allow_promotion_codes: flag(),
  allowed_payment_method_types: list(text()),
  automatic_tax: shape({ enabled: required(flag()), liability: echoed() }),
  billing_address_collection: oneOf(["auto", "required"]),
  branding_settings: echoed(),
  cancel_url: url(),
  client_reference_id: text({ max: 200 }),
  consent_collection: echoed(),
  currency: currency(),
  custom_fields: unsupported("custom fields"),
  custom_text: echoed(),
  customer: text(),
  customer_creation: oneOf(["always", "if_required"]),
  customer_email: text({ max: 800 }),
  customer_update: shape({
    address: oneOf(["auto", "never"]),
    name: oneOf(["auto", "never"]),
    shipping: unsupported("shipping"),
  }),
  discounts: list(shape({ coupon: text(), promotion_code: text() }), { max: 1 }),
  excluded_payment_method_types: list(text()),
  expires_at: integer(),
  integration_identifier: text(),
  invoice_creation: shape({ enabled: required(flag()), invoice_data: echoed() }),
  line_items: list(lineItem, { max: 100 }),
  locale: text(),
  metadata: metadata(),
  mode: required(oneOf(["payment", "setup", "subscription"])),
  name_collection: unsupported("name collection"),
  optional_items: unsupported("optional items"),
  origin_context: oneOf(["mobile_app", "web"]),
  payment_intent_data: shape({
    capture_method: oneOf(["automatic", "automatic_async"]),
    description: text({ max: 1000 }),
    metadata: metadata(),
    receipt_email: text(),
    setup_future_usage: oneOf(["off_session", "on_session"]),
    statement_descriptor: unsupported("statement descriptors of cards; use statement_descriptor_suffix"),
    statement_descriptor_suffix: text({ max: 22 }),
  }),
  payment_method_collection: oneOf(["always", "if_required"]),
  payment_method_configuration: text(),
  payment_method_data: shape({ allow_redisplay: oneOf(["always", "limited", "unspecified"]) }),
  payment_method_options: echoed(),
  permissions: unsupported("permissions"),
  phone_number_collection: shape({ enabled: required(flag()) }),
  redirect_on_completion: unsupported("embedded pages"),
  return_url: unsupported("embedded pages"),
  saved_payment_method_options: shape({
    allow_redisplay_filters: list(oneOf(["always", "limited", "unspecified"])),
    payment_method_remove: oneOf(["enabled", "disabled"]),
    payment_method_save: oneOf(["enabled", "disabled"]),
  }),
  setup_intent_data: shape({ description: text({ max: 1000 }), metadata: metadata() }),
  shipping_address_collection: unsupported("shipping"),
  shipping_options: unsupported("shipping"),
  submit_type: oneOf(["auto", "book", "donate", "pay", "subscribe"]),
  subscription_data: shape({
    billing_cycle_anchor: unsupported("a billing cycle anchor"),
    description: text({ max: 500 }),
    metadata: metadata(),
    proration_behavior: unsupported("proration"),
    trial_end: unsupported("trials"),
    trial_period_days: unsupported("trials"),
  }),
  success_url: url(),
  tax_id_collection: shape({ enabled: required(flag()), required: oneOf(["if_supported", "never"]) }),
  ui_mode: oneOf(["hosted_page", "embedded_page", "elements", "form"]),
  wallet_options: echoed(),
});

export type SessionParams = ReturnType<typeof readSessionCreate>;
export type LineItemParams = NonNullable<SessionParams["line_items"]>[number];
