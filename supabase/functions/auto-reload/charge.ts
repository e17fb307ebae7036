// One attempt: asks Stripe to charge the saved card, or looks at what it has of it, and hands over what it says. The
// purchase's id is the idempotency key, so asking again is never a second charge. What is neither said nor certain is
// thrown: the attempt stays in flight, and another run looks after it.
import Stripe from "stripe";
import { isMissingAtStripe, isRefusedForGood } from "../_shared/errors.ts";
import { INTENT_EXPAND, intentFacts } from "../_shared/stripe_facts.ts";
import type { ReloadCharge, ReloadDatabase, ReloadRef } from "./database.ts";

export interface ChargeDeps {
  db: ReloadDatabase;
  stripe: Stripe;
}

/** `dropped`: not wanted any more, and Stripe was not asked. `pending`: known at Stripe, not decided there yet. */
export type Outcome = "paid" | "failed" | "pending" | "dropped";

export async function carryOut(
  reload: ReloadRef,
  deps: ChargeDeps,
): Promise<Outcome> {
  const charge = await deps.db.beginReloadCharge(reload);
  if (charge.action === "none") return "dropped";
  if (charge.action === "read") {
    return await settle(charge, charge.give_up_code, deps);
  }
  try {
    return await apply(await createIntent(charge, deps.stripe), deps);
  } catch (error) {
    const declined = intentOf(error);
    if (declined !== null) return await apply(declined, deps);
    if (isRefusedForGood(error)) {
      return await settle(charge, refusalCode(error), deps);
    }
    throw error;
  }
}

function createIntent(
  charge: ReloadCharge,
  stripe: Stripe,
): Promise<Stripe.PaymentIntent> {
  const { user_id, purchase_id, package_code } = charge;
  return stripe.paymentIntents.create({
    amount: charge.amount_cents,
    currency: charge.currency,
    customer: charge.customer,
    payment_method: charge.payment_method,
    off_session: true,
    confirm: true,
    metadata: { user_id, purchase_id, package_code, origin: "auto_reload" },
    expand: INTENT_EXPAND,
  }, { idempotencyKey: `purchase:${purchase_id}` });
}

/** A refused card leaves the payment it was refused for. */
function intentOf(error: unknown): Stripe.PaymentIntent | null {
  return error instanceof Stripe.errors.StripeCardError ? error.payment_intent ?? null : null;
}

/** In the database's words where the card or its owner is gone at Stripe, else in Stripe's. */
function refusalCode(
  { code = "", param, rawType }: Stripe.errors.StripeError,
): string {
  const isAboutCard = param === "payment_method" || param === "customer" ||
    code.startsWith("payment_method_");
  return isAboutCard ? "card_removed" : code || rawType || "refused";
}

/** What Stripe has counts; only where it has nothing, or nothing that was begun, the attempt is over. */
async function settle(
  charge: ReloadCharge,
  giveUpCode: string,
  deps: ChargeDeps,
): Promise<Outcome> {
  const intent = await findIntent(charge, deps.stripe);
  if (intent === null) {
    const { user_id, purchase_id } = charge;
    await deps.db.failReload({ user_id, purchase_id, error: giveUpCode });
    return "failed";
  }
  if (intent.status !== "requires_confirmation") {
    return await apply(intent, deps);
  }
  // It would wait for ever. Canceled, it can certainly not be charged.
  const canceled = await deps.stripe.paymentIntents.cancel(intent.id, {
    expand: INTENT_EXPAND,
  });
  return await apply(canceled, deps, giveUpCode);
}

const PAGE = 100;
/** Far more than a customer has within the time an attempt is in flight. */
const MOST = 1_000;

async function findIntent(
  charge: ReloadCharge,
  stripe: Stripe,
): Promise<Stripe.PaymentIntent | null> {
  const { payment_intent_id: id, customer, purchase_id } = charge;
  if (id !== null) {
    return await stripe.paymentIntents.retrieve(id, { expand: INTENT_EXPAND });
  }
  const expand = INTENT_EXPAND.map((path) => `data.${path}`);
  try {
    let seen = 0;
    // Lists are exact at once; Stripe's search is not.
    for await (
      const intent of stripe.paymentIntents.list({
        customer,
        limit: PAGE,
        expand,
      })
    ) {
      if (intent.metadata.purchase_id === purchase_id) return intent;
      if (++seen >= MOST) break;
    }
    return null;
  } catch (error) {
    // A customer that never was, or is gone, has no payment.
    if (isMissingAtStripe(error)) return null;
    throw error;
  }
}

async function apply(
  intent: Stripe.PaymentIntent,
  { db }: ChargeDeps,
  giveUpCode: string | null = null,
): Promise<Outcome> {
  const facts = intentFacts(intent);
  const { known, purchase } = await db.applyPaymentIntent({
    ...facts,
    failure_code: facts.failure_code ?? giveUpCode,
  });
  if (!known || !purchase) {
    throw new Error("The payment of an auto-reload is not known");
  }
  return purchase.status === "paid" || purchase.status === "failed" ? purchase.status : "pending";
}
