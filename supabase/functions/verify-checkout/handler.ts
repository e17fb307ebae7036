// Asks Stripe how a purchase stands and hands the facts to the database, which decides whether they are worth credit.
// Repeating it, racing it or dying in the middle changes nothing: the database credits a purchase once.
import type Stripe from "stripe";
import { z } from "zod";
import type { AppliedSession, Database } from "../_shared/db.ts";
import { ApiError, isMissingAtStripe } from "../_shared/errors.ts";
import { parseBody } from "../_shared/http.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import { sessionFacts } from "../_shared/stripe_facts.ts";

export interface VerifyCheckoutDeps {
  userId: string;
  db: Database;
  stripe: Stripe;
}

const bodySchema = z.union([
  z.strictObject({ purchase_id: z.uuid("Must be a UUID.") }),
  z.strictObject({
    session_id: z.string().regex(/^cs_[A-Za-z0-9_]+$/, "Must be a Checkout Session id.").max(255),
  }),
], { error: "Send either purchase_id or session_id." });

export async function verifyCheckout(request: Request, deps: VerifyCheckoutDeps): Promise<AppliedSession> {
  const body = await parseBody(request, bodySchema);
  const by = "purchase_id" in body ? body : { stripe_session_id: body.session_id };
  const purchase = await deps.db.findPurchase({ user_id: deps.userId, ...by });
  // Settled, or never sent to Stripe: there is nothing to ask.
  if (purchase.is_final || purchase.stripe_session_id === null) {
    return { purchase, balance: await deps.db.getBalance(deps.userId), credited: false };
  }
  const session = await readSession(deps.stripe, purchase.stripe_session_id);
  return await deps.db.applyCheckoutSession({
    user_id: deps.userId,
    purchase_id: purchase.purchase_id,
    session: sessionFacts(session),
  });
}

async function readSession(stripe: Stripe, sessionId: string): Promise<Stripe.Checkout.Session> {
  try {
    return await retrieveSession(stripe, sessionId);
  } catch (error) {
    if (!isMissingAtStripe(error)) throw error;
    throw new ApiError("session_mismatch", {
      details: { session_id: sessionId },
      hint:
        "Stripe does not know this session. Check that the Stripe key belongs to the account and mode it was made in.",
      cause: error,
    });
  }
}
