import { invalid, missingReference, notSimulated } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { needCustomer } from "./customers.ts";
import type { LineItemParams, SessionParams } from "./session_params.ts";

/** What a session must not ask for, by its mode and by what else it asks for. */

export function checkMode(params: SessionParams): void {
  if (params.ui_mode && params.ui_mode !== "hosted_page") {
    throw notSimulated("a page other than the hosted one", "ui_mode");
  }
  if (!params.success_url) {
    throw invalid("Missing required param: success_url.", "success_url", "parameter_missing");
  }
  if (params.mode !== "setup") {
    if (!params.line_items || params.line_items.length === 0) {
      throw invalid(
        `The \`line_items\` parameter is required in ${params.mode} mode.`,
        "line_items",
        "parameter_missing",
      );
    }
    if (params.setup_intent_data) {
      throw invalid(
        `You can not pass \`setup_intent_data\` in \`${params.mode}\` mode.`,
        "setup_intent_data",
      );
    }
    return params.mode === "subscription" ? checkSubscription(params) : refuse(params, ["subscription_data"]);
  }
  refuse(params, ["line_items", "discounts", "payment_intent_data", "invoice_creation", "subscription_data"]);
  if (params.automatic_tax?.enabled) throw notSimulated("automatic tax in setup mode", "automatic_tax");
  if (!params.currency && !params.allowed_payment_method_types) {
    throw invalid(
      "Missing required param: currency. It is required in `setup` mode when `allowed_payment_method_types` is " +
        "not set.",
      "currency",
      "parameter_missing",
    );
  }
}

function refuse(params: SessionParams, names: (keyof SessionParams)[]): void {
  for (const name of names) {
    if (params[name] !== undefined) {
      throw invalid(`You can not pass \`${name}\` in \`${params.mode}\` mode.`, name);
    }
  }
}

/** A subscription always has a customer and an invoice, and its payments are its invoices'. */
function checkSubscription(params: SessionParams): void {
  refuse(params, ["customer_creation", "payment_intent_data", "invoice_creation"]);
  if (params.payment_method_collection === "if_required") {
    throw notSimulated("a subscription without a payment method", "payment_method_collection");
  }
}

export function checkParties(sim: Simulator, params: SessionParams): void {
  if (params.customer && params.customer_email) {
    throw invalid(
      "You may only specify one of these parameters: customer, customer_email.",
      "customer_email",
    );
  }
  if (params.customer && params.customer_creation) {
    throw invalid(
      "You may only specify one of these parameters: customer, customer_creation.",
      "customer_creation",
    );
  }
  if (params.customer) needCustomer(sim, params.customer);
  checkCustomerUpdate(params);
  if (params.discounts && params.allow_promotion_codes !== undefined) {
    throw invalid(
      "You may only specify one of these parameters: allow_promotion_codes, discounts.",
      "discounts",
    );
  }
}

function checkCustomerUpdate(params: SessionParams): void {
  if (params.customer_update && !params.customer) {
    throw invalid("`customer_update` can only be used with `customer`.", "customer_update");
  }
  if (!params.tax_id_collection?.enabled || !params.customer) return;
  if (params.customer_update?.name === "auto") return;
  throw invalid(
    "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an " +
      "existing customer, please set `customer_update[name]` to `auto`.",
    "customer_update[name]",
  );
}

export function checkLineItems(sim: Simulator, params: SessionParams): void {
  const items = params.line_items ?? [];
  for (const [index, item] of items.entries()) {
    const at = `line_items[${index}]`;
    if (item.quantity === undefined) {
      throw invalid(`Missing required param: ${at}[quantity].`, `${at}[quantity]`, "parameter_missing");
    }
    if (Boolean(item.price) === Boolean(item.price_data)) {
      throw invalid(
        `You must specify either \`price\` or \`price_data\` for each line item.`,
        `${at}[price]`,
      );
    }
    if (item.price_data) checkPriceData(sim, item.price_data, `${at}[price_data]`);
    else checkPrice(sim, item.price!, `${at}[price]`);
    if (params.mode === "payment" && recurringOf(sim, item)) {
      throw invalid(
        "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use " +
          "only one-time prices.",
        `${at}[price]`,
      );
    }
  }
  if (params.mode === "subscription") checkRecurring(sim, items);
}

const recurringOf = (sim: Simulator, item: LineItemParams) =>
  item.price ? sim.store.prices.need(item.price).recurring : item.price_data!.recurring ?? null;

function checkRecurring(sim: Simulator, items: LineItemParams[]): void {
  const all = items.map((item) => recurringOf(sim, item));
  if (all.every((each) => each === null)) {
    throw invalid(
      "You must provide at least one recurring price in `subscription` mode when using prices.",
      "line_items",
    );
  }
  const rhythms = all.map((each) => each && `${each.interval_count ?? 1} ${each.interval}`);
  if (new Set(rhythms).size > 1) {
    throw notSimulated("one-time prices or several intervals in one subscription", "line_items");
  }
}

function checkPrice(sim: Simulator, id: string, param: string): void {
  const price = sim.store.prices.get(id);
  if (!price) throw missingReference("price", id, param);
  if (!price.active) {
    throw invalid("The price specified is inactive. This field only accepts active prices.", param);
  }
}

export type PriceData = NonNullable<LineItemParams["price_data"]>;

function checkPriceData(sim: Simulator, data: PriceData, at: string): void {
  if (Boolean(data.product) === Boolean(data.product_data)) {
    throw invalid("You must specify either `product` or `product_data`.", `${at}[product]`);
  }
  if (data.product && !sim.store.products.get(data.product)) {
    throw missingReference("product", data.product, `${at}[product]`);
  }
}
