import type Stripe from "stripe";
import type { ListObject } from "./lists.ts";

/**
 * What goes over the wire. The SDK's own types describe objects after the client has read them, which differs
 * in one point: decimals are strings on the wire.
 */
export type Price = Omit<Stripe.Price, "unit_amount_decimal" | "product"> & {
  unit_amount_decimal: string | null;
  product: string;
};
export type Product = Stripe.Product;
export type Customer = Stripe.Customer;
export type Coupon = Stripe.Coupon;
export type PromotionCode = Stripe.PromotionCode;
export type Session = Stripe.Checkout.Session;
export type LineItem = Omit<Stripe.LineItem, "price"> & { price: Price };
export type PaymentIntent = Stripe.PaymentIntent;
export type SetupIntent = Stripe.SetupIntent;
export type PaymentMethod = Stripe.PaymentMethod;
export type Charge = Stripe.Charge;
export type Refund = Stripe.Refund;
export type Dispute = Stripe.Dispute;
export type BalanceTransaction = Stripe.BalanceTransaction;
export type SubscriptionItem = Omit<Stripe.SubscriptionItem, "plan" | "price"> & {
  plan: Omit<Stripe.Plan, "amount_decimal"> & { amount_decimal: string | null };
  price: Price;
};
export type Subscription = Omit<Stripe.Subscription, "items"> & { items: ListObject<SubscriptionItem> };
export type InvoiceLine = Omit<Stripe.InvoiceLineItem, "pricing" | "quantity_decimal"> & {
  pricing: {
    price_details: { price: string; product: string };
    type: "price_details";
    unit_amount_decimal: string | null;
  };
  quantity_decimal: string | null;
};
export type Invoice = Omit<Stripe.Invoice, "lines"> & { lines: ListObject<InvoiceLine> };
export type InvoicePayment = Stripe.InvoicePayment;
export type TestClock = Stripe.TestHelpers.TestClock;
export type Event = Stripe.Event;
export type PortalConfiguration = Stripe.BillingPortal.Configuration;

/** Stripe shows a portal session once, when it is made; here it also remembers what its page needs. */
export type PortalSession = Stripe.BillingPortal.Session & {
  /** The last part of its address: whoever knows it is let in. */
  secret: string;
  opened_at: number | null;
  /** The setup that a card being added belongs to, until one succeeds. */
  setup: string | null;
  awaiting: { payment_method: string } | null;
};

export type MethodType = "card" | "us_bank_account" | "sepa_debit";

export type AllowRedisplay = "always" | "limited" | "unspecified";

export interface TaxPlace {
  country: string | null;
  state: string | null;
  postal_code: string | null;
}

/** The tax of one rate over the whole session. */
export interface TaxShare {
  amount: number;
  taxable_amount: number;
  taxability_reason: string;
  inclusive: boolean;
  percentage: number;
  display_name: string;
  tax_type: "sales_tax" | "vat";
  country: string | null;
  state: string | null;
}

export interface TaxPlan {
  /** The customer's own address decides, whatever is entered on the page. */
  fixed: boolean;
  place: TaxPlace | null;
  exempt: "none" | "exempt" | "reverse";
  shares: TaxShare[];
}

/** What a session was created with and Stripe does not show again. */
export interface SessionPlan {
  id: string;
  line_items: LineItem[];
  method_types: MethodType[];
  intent: {
    description: string | null;
    metadata: Record<string, string>;
    receipt_email: string | null;
    setup_future_usage: "off_session" | "on_session" | null;
    statement_descriptor_suffix: string | null;
  };
  discount: { coupon: string; promotion_code: string | null } | null;
  /** Null without automatic tax. */
  tax: TaxPlan | null;
  /** What of the customer is overwritten with what the person enters. */
  customer_update: { address: boolean; name: boolean };
  /** Given by the merchant, instead of what Checkout decides. */
  allow_redisplay: AllowRedisplay | null;
  /** A person who pays with a card that asks for authentication is between two pages. */
  awaiting: { payment_method: string } | null;
  subscription_data: { description: string | null; metadata: Record<string, string> };
  /** The subscription of the first attempt to pay; the session names it once that has succeeded. */
  subscription: string | null;
}

/** What bills a subscription and Stripe does not show. */
export interface SubscriptionPlan {
  id: string;
  /** How many periods have ended. */
  cycle: number;
  discount: { id: string; coupon: string; promotion_code: string | null; start: number } | null;
  exempt: TaxPlan["exempt"];
}

/** The number behind a payment method: known to the network, never shown by the API. */
export interface Instrument {
  id: string;
  number: string;
  /** Authenticated while being saved, so that later payments need not ask again. */
  authenticated: boolean;
  /** Taken off its customer, after which Stripe lets nobody use it again. */
  detached: boolean;
  /** The name of the decline its bank answers with from now on; the number's own behavior otherwise. */
  declines?: string | null;
}

/** What an event carries that the API does not show: when the list shows it, and where. */
export interface EventDelivery {
  id: string;
  visible_at_ms: number;
  rank: number;
}

export interface KeptResult {
  id: string;
  method: string;
  path: string;
  fingerprint: string;
  status: number;
  body: string;
  request_id: string;
  created: number;
}

export type TaskKind =
  | "expire_session"
  | "settle_payment"
  | "fail_payment"
  | "settle_refund"
  | "fail_refund"
  | "open_dispute"
  | "renew_subscription"
  | "collect_invoice";

/** Something that happens by itself once the simulator's clock reaches `due_at`. */
export interface Task {
  id: string;
  kind: TaskKind;
  target: string;
  due_at: number;
  detail: string | null;
}
