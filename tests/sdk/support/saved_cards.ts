// Saved cards without the page they are saved on.
import Stripe from "stripe";
import { env, sql } from "./stack.ts";

const { hostname, port } = new URL(env.STRIPE_API_URL!);
const api = new Stripe(env.STRIPE_SECRET_KEY, {
  host: hostname,
  port,
  protocol: "http",
  telemetry: false,
  httpClient: Stripe.createFetchHttpClient(),
});

/** Saves a card as a person's default at Stripe, and in the database as manage-billing would. */
export async function saveCard(userId: string, testCard = "pm_card_visa"): Promise<string> {
  const customer = await api.customers.create({ metadata: { user_id: userId } });
  const { id, livemode, type, card, created } = await api.paymentMethods.attach(testCard, {
    customer: customer.id,
  });
  const { brand, last4, exp_month, exp_year } = card!;
  const methods = sql.json([{ id, livemode, type, brand, last4, exp_month, exp_year, created }]);
  await api.customers.update(customer.id, { invoice_settings: { default_payment_method: id } });
  await sql`select public.save_payment_methods(${userId}, ${customer.id}, ${methods}, ${id})`;
  return id;
}
