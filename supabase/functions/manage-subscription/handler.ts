// Subscribing, and what a person may do with a subscription. Stripe bills; whatever is done there is read back and
// applied, as the reconciler would.
import Stripe from "stripe";
import { z } from "zod";
import type { Database } from "../_shared/db.ts";
import { ApiError, isMissingAtStripe, isRefusedForGood } from "../_shared/errors.ts";
import { parseBody } from "../_shared/http.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import type { Subscription } from "../_shared/subscription_db.ts";
import { latestInvoice, SUBSCRIPTION_EXPAND } from "../_shared/subscription_facts.ts";
import {
  retrieveSubscription,
  type Settled,
  settleSession,
  settleSubscription,
} from "../_shared/subscriptions.ts";
import { openPage } from "./page.ts";
import { withPrice } from "./prices.ts";

export interface ManageSubscriptionDeps {
  userId: string;
  db: Database;
  stripe: Stripe;
}

export type ManageSubscriptionAnswer =
  /** Where to send the person; null when there is nothing left to pay. */
  | { subscription: Subscription; checkout_url: string | null }
  | { subscription: Subscription; balance: Record<string, unknown>; credited: boolean }
  | { subscription: Subscription };

const page = z.url({ protocol: /^https?$/, error: "Must be an http(s) address." }).max(2_000);
const planCode = z.string().min(1).max(64);

const bodySchema = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("subscribe"),
    plan_code: planCode,
    success_url: page,
    cancel_url: page,
    idempotency_key: z.string().min(1).max(255),
  }),
  z.strictObject({
    action: z.literal("verify"),
    subscription_id: z.uuid("Must be a UUID.").optional(),
    session_id: z.string().regex(/^cs_\w+$/, "Must be a Checkout Session id.").max(255).optional(),
  }).refine((body) => (body.subscription_id === undefined) !== (body.session_id === undefined), {
    error: "Send either subscription_id or session_id.",
  }),
  z.strictObject({ action: z.literal("change"), plan_code: planCode }),
  z.strictObject({ action: z.literal("cancel") }),
  z.strictObject({ action: z.literal("resume") }),
  z.strictObject({
    action: z.literal("pay_with"),
    payment_method_id: z.string().regex(/^(pm|card)_\w{1,100}$/, "Must be the id of a payment method."),
  }),
], { error: "Must be subscribe, verify, change, cancel, resume or pay_with." });

type Body = z.infer<typeof bodySchema>;
type Asked<Action extends Body["action"]> = Omit<Extract<Body, { action: Action }>, "action">;

export async function manageSubscription(
  request: Request,
  deps: ManageSubscriptionDeps,
): Promise<ManageSubscriptionAnswer> {
  const { action, ...body } = await parseBody(request, bodySchema);
  switch (action) {
    case "subscribe":
      return await subscribe(body as Asked<"subscribe">, deps);
    case "verify":
      return await verify(body as Asked<"verify">, deps);
    case "change":
      return await change(body as Asked<"change">, deps);
    case "cancel":
    case "resume":
      return await setEnd(action === "cancel", deps);
    case "pay_with":
      return await payWith(body as Asked<"pay_with">, deps);
  }
}

async function subscribe(body: Asked<"subscribe">, deps: ManageSubscriptionDeps) {
  const begun = await deps.db.createSubscription({ user_id: deps.userId, ...body });
  const { plan: _plan, checkout: _checkout, expected_livemode: _livemode, ...subscription } = begun;
  // There is a page already, or there was one.
  if (begun.status !== "created") return opened(subscription);
  const { made: session, foundPrice } = await openPage(begun, deps);
  return opened(
    await deps.db.attachSubscriptionSession({
      user_id: deps.userId,
      subscription_id: subscription.subscription_id,
      stripe_session_id: session.id,
      checkout_url: session.url!,
      livemode: session.livemode,
      stripe_price_id: foundPrice,
    }),
  );
}

const opened = (subscription: Subscription) => ({ subscription, checkout_url: subscription.checkout_url });

async function verify({ subscription_id, session_id }: Asked<"verify">, deps: ManageSubscriptionDeps) {
  const { userId, db } = deps;
  const by = subscription_id === undefined ? { stripe_session_id: session_id! } : { subscription_id };
  const before = await db.findSubscriptionPage({ user_id: userId, ...by });
  const settled = await read(before, deps);
  return {
    subscription: settled.subscription ?? before,
    balance: await db.getBalance(userId),
    credited: settled.credited ?? false,
  };
}

async function read(subscription: Subscription, deps: ManageSubscriptionDeps): Promise<Settled> {
  const { stripe_subscription_id: id, stripe_session_id: session } = subscription;
  try {
    if (id !== null) return await settle(await retrieveSubscription(deps.stripe, id), deps);
    if (session === null) return { known: true };
    return await settleSession(await retrieveSession(deps.stripe, session), settling(deps));
  } catch (error) {
    if (!isMissingAtStripe(error)) throw error;
    throw new ApiError("session_mismatch", {
      details: { subscription_id: subscription.subscription_id },
      hint:
        "Stripe does not know this subscription. Check that the Stripe key belongs to the account and mode it was made in.",
      cause: error,
    });
  }
}

/** With the next invoice, without proration: what was paid for stays as it was. */
async function change({ plan_code }: Asked<"change">, deps: ManageSubscriptionDeps) {
  const { db, stripe, userId } = deps;
  const subscription = await db.findSubscriptionFor(userId, plan_code);
  const id = subscription.stripe_subscription_id!;
  return await changed(subscription, deps, async () => {
    const { items } = await stripe.subscriptions.retrieve(id);
    const { made } = await withPrice(subscription, deps, "items", (price) =>
      stripe.subscriptions.update(id, {
        items: [{ id: items.data[0]!.id, price }],
        proration_behavior: "none",
        expand: SUBSCRIPTION_EXPAND,
      }));
    return made;
  });
}

/** Ends it with the period, or takes that back. */
async function setEnd(cancel_at_period_end: boolean, deps: ManageSubscriptionDeps) {
  const subscription = await deps.db.findSubscription(deps.userId);
  return await changed(
    subscription,
    deps,
    () =>
      deps.stripe.subscriptions.update(subscription.stripe_subscription_id!, {
        cancel_at_period_end,
        expand: SUBSCRIPTION_EXPAND,
      }),
  );
}

/** From now on with this card, which must be the person's own at Stripe; a payment that is overdue is tried at once. */
async function payWith({ payment_method_id }: Asked<"pay_with">, deps: ManageSubscriptionDeps) {
  const { stripe, userId } = deps;
  const subscription = await deps.db.findSubscription(userId);
  const id = subscription.stripe_subscription_id!;
  return await changed(subscription, deps, async () => {
    const found = await useCard(id, payment_method_id, stripe);
    const invoice = latestInvoice(found);
    const overdue = invoice?.status === "open" || (invoice?.status === "draft" && found.status === "unpaid");
    if (!overdue) return found;
    try {
      await stripe.invoices.pay(invoice!.id, { payment_method: payment_method_id, off_session: false });
    } catch (error) {
      // Declined: it stays overdue, as the answer says.
      if (!(error instanceof Stripe.errors.StripeCardError) && !isRefusedForGood(error)) throw error;
    }
    return await retrieveSubscription(stripe, id);
  });
}

async function useCard(id: string, card: string, stripe: Stripe): Promise<Stripe.Subscription> {
  try {
    return await stripe.subscriptions.update(id, {
      default_payment_method: card,
      expand: SUBSCRIPTION_EXPAND,
    });
  } catch (error) {
    if (
      !isMissingAtStripe(error) || (error as Stripe.errors.StripeError).param !== "default_payment_method"
    ) throw error;
    throw new ApiError("payment_method_not_found", { details: { payment_method_id: card }, cause: error });
  }
}

async function changed(
  subscription: Subscription,
  deps: ManageSubscriptionDeps,
  work: () => Promise<Stripe.Subscription>,
) {
  try {
    return { subscription: (await settle(await work(), deps)).subscription ?? subscription };
  } catch (error) {
    if (!isRefusedForGood(error)) throw error;
    const now = await read(subscription, deps);
    if (now.subscription?.status !== "canceled") throw error;
    throw new ApiError("subscription_not_changeable", {
      details: { subscription_id: subscription.subscription_id },
      cause: error,
    });
  }
}

const settling = ({ db, stripe }: ManageSubscriptionDeps) => ({
  db,
  stripe,
  ask: <T>(request: () => Promise<T>) => request(),
});

const settle = (found: Stripe.Subscription, deps: ManageSubscriptionDeps): Promise<Settled> =>
  settleSubscription(found, settling(deps));
