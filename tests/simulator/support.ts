import Stripe from "stripe";
import {
  startStripeSimulator,
  type StripeSimulator,
  type StripeSimulatorOptions,
} from "../../dev/stripe/server.ts";
import type { StripeControl } from "../../dev/stripe/control.ts";

export interface Account {
  url: string;
  stripe: Stripe;
  control: StripeControl;
  simulator: StripeSimulator;
}

export function clientOf(
  url: string,
  options: { key?: string; timeout?: number } = {},
): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(options.key ?? "sk_test_simulator", {
    host: hostname,
    port: Number(port),
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 0,
    ...(options.timeout ? { timeout: options.timeout } : {}),
  });
}

/** A simulator of its own for each test, on a free port, spoken to through the official client. */
export async function withAccount(
  work: (account: Account) => Promise<void>,
  options: Partial<StripeSimulatorOptions> = {},
): Promise<void> {
  const simulator = await startStripeSimulator({ port: 0, ...options });
  try {
    await work({
      url: simulator.url,
      stripe: clientOf(simulator.url),
      control: simulator.control,
      simulator,
    });
  } finally {
    await simulator.stop();
  }
}

type SessionParams = Stripe.Checkout.SessionCreateParams;

export function lineItem(
  unit_amount = 1000,
  currency = "usd",
): NonNullable<SessionParams["line_items"]>[number] {
  return { price_data: { currency, unit_amount, product_data: { name: "$10 call credit" } }, quantity: 1 };
}

export function openSession(
  stripe: Stripe,
  params: Partial<SessionParams> = {},
  options: Stripe.RequestOptions = {},
): Promise<Stripe.Checkout.Session> {
  return stripe.checkout.sessions.create({
    mode: "payment",
    line_items: [lineItem()],
    success_url: "https://shop.example/done?session_id={CHECKOUT_SESSION_ID}",
    cancel_url: "https://shop.example/cancel",
    ...params,
  }, options);
}

export interface Payment {
  session: Stripe.Checkout.Session;
  intent: Stripe.PaymentIntent;
  charge: Stripe.Charge;
}

/** The session as it is now, with the intent and the charge behind it. */
export async function readPayment(stripe: Stripe, sessionId: string): Promise<Payment> {
  const session = await stripe.checkout.sessions.retrieve(sessionId, {
    expand: ["payment_intent.latest_charge"],
  });
  const intent = session.payment_intent as Stripe.PaymentIntent;
  return { session, intent, charge: intent.latest_charge as Stripe.Charge };
}

export async function paidSession(
  { stripe, control }: Account,
  params: Partial<SessionParams> = {},
  card?: string,
): Promise<Payment> {
  const { id } = await openSession(stripe, params);
  await control.payCheckout(id, card ? { card } : {});
  return await readPayment(stripe, id);
}

/** In Deno the client's `lastResponse` is the Response of fetch itself, whatever its types say. */
export function headerOf(answer: object, name: string): string | null {
  return (answer as { lastResponse: Response }).lastResponse.headers.get(name);
}

/** The error a call ends with; a call that succeeds fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error("The call succeeded, and should not have.");
}

export async function eventTypes(stripe: Stripe): Promise<string[]> {
  const events = await stripe.events.list({ limit: 100 });
  return events.data.map((event) => event.type).reverse();
}

export interface Page {
  status: number;
  location: string | null;
  text: string;
}

/** A page as a browser gets it, without following where it leads. */
export async function getPage(url: string): Promise<Page> {
  return await pageOf(await fetch(url, { redirect: "manual" }));
}

export async function postForm(url: string, fields: Record<string, string>): Promise<Page> {
  return await pageOf(
    await fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" }),
  );
}

async function pageOf(response: Response): Promise<Page> {
  return { status: response.status, location: response.headers.get("location"), text: await response.text() };
}

/** A price that is billed again and again; a month and $20 unless told otherwise. */
export async function recurringPrice(
  stripe: Stripe,
  params: Partial<Stripe.PriceCreateParams> = {},
): Promise<Stripe.Price> {
  return await stripe.prices.create({
    currency: "usd",
    unit_amount: 2000,
    recurring: { interval: "month" },
    product_data: { name: "Plus" },
    ...params,
  });
}

export interface Subscribed {
  session: Stripe.Checkout.Session;
  subscription: Stripe.Subscription;
  customer: string;
  card: string;
}

export const ABOUT_IT = { user_id: "user_1", subscription_id: "ours_1" };

export async function openSubscription(
  stripe: Stripe,
  params: Partial<SessionParams> = {},
  price?: string,
): Promise<Stripe.Checkout.Session> {
  return await openSession(stripe, {
    mode: "subscription",
    line_items: [{ price: price ?? (await recurringPrice(stripe)).id, quantity: 1 }],
    metadata: ABOUT_IT,
    subscription_data: { metadata: ABOUT_IT },
    ...params,
  });
}

/** A subscription whose first invoice was paid on the page. */
export async function subscribed(
  { stripe, control }: Account,
  params: Partial<SessionParams> = {},
  price?: string,
): Promise<Subscribed> {
  const { id } = await openSubscription(stripe, params, price);
  await control.payCheckout(id);
  const session = await stripe.checkout.sessions.retrieve(id, { expand: ["subscription"] });
  const subscription = session.subscription as Stripe.Subscription;
  return {
    session,
    subscription,
    customer: String(subscription.customer),
    card: String(subscription.default_payment_method),
  };
}

/** The invoices of a subscription, oldest first, with their payments. */
export async function invoicesOf(stripe: Stripe, subscription: string): Promise<Stripe.Invoice[]> {
  const { data } = await stripe.invoices.list({
    subscription,
    limit: 100,
    expand: ["data.payments"],
  });
  // Five levels are more than one request gives.
  for (const invoice of data) {
    const payments = await stripe.invoicePayments.list({
      invoice: invoice.id,
      expand: ["data.payment.payment_intent.latest_charge"],
    });
    invoice.payments!.data = payments.data;
  }
  return data.reverse();
}
