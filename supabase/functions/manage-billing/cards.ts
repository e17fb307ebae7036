// A person's cards at Stripe: reads them and hands them to the database.
import type Stripe from "stripe";
import { isMissingAtStripe, isRefusedForGood } from "../_shared/errors.ts";
import type { Billing, BillingDatabase, CardFacts, SavedCard } from "./database.ts";

export interface CardDeps {
  db: BillingDatabase;
  stripe: Stripe;
}

/** Reads the cards of every customer the person has been, mostly one. */
export async function syncCards(
  billing: Billing,
  deps: CardDeps,
): Promise<SavedCard[]> {
  let cards = billing.payment_methods;
  for (const customer_id of billing.customers) {
    const { methods, default_id } = await readCards(customer_id, billing, deps);
    cards = await deps.db.savePaymentMethods({
      user_id: billing.user_id,
      customer_id,
      methods,
      default_id,
    });
  }
  return cards;
}

async function readCards(
  id: string,
  { user_id, customer_id }: Billing,
  { db, stripe }: CardDeps,
): Promise<{ methods: CardFacts[]; default_id: string | null }> {
  try {
    const customer = await stripe.customers.retrieve(id);
    if (!customer.deleted) {
      const { data } = await stripe.customers.listPaymentMethods(id, {
        type: "card",
        limit: 100,
      });
      const chosen = customer.invoice_settings.default_payment_method;
      // The default of somebody the person no longer is at Stripe says nothing.
      const default_id = id === customer_id ? idOf(chosen) : null;
      return { methods: data.map(cardFacts), default_id };
    }
  } catch (error) {
    if (!isMissingAtStripe(error)) throw error;
  }
  await db.forgetStripeCustomer({ user_id, customer_id: id });
  return { methods: [], default_id: null };
}

function cardFacts(
  { id, livemode, type, card, created }: Stripe.PaymentMethod,
): CardFacts {
  const { brand = null, last4 = null, exp_month = null, exp_year = null } = card ?? {};
  return { id, livemode, type, brand, last4, exp_month, exp_year, created };
}

/** A card that was just added on Stripe's page becomes the default. */
export async function adoptAddedCard(
  sessionId: string,
  { user_id, customers }: Billing,
  stripe: Stripe,
): Promise<void> {
  try {
    const session = await stripe.checkout.sessions.retrieve(sessionId, {
      expand: ["setup_intent"],
    });
    const customer = idOf(session.customer);
    const setup = session.setup_intent;
    const added = typeof setup === "object" ? idOf(setup?.payment_method) : null;
    const isTheirs = session.client_reference_id === user_id &&
      customer !== null &&
      customers.includes(customer);
    if (!isTheirs || session.status !== "complete" || added === null) return;
    await stripe.customers.update(customer, {
      invoice_settings: { default_payment_method: added },
    });
  } catch (error) {
    // No such page, or the card is gone again: the list is read all the same.
    if (!isRefusedForGood(error)) throw error;
  }
}

function idOf(
  reference: string | { id: string } | null | undefined,
): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}
