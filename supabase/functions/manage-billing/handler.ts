// Saved cards: Stripe's own pages take them, Stripe keeps them, and what it says of them is handed to the database. Card
// numbers never come here.
import type Stripe from "stripe";
import { z } from "zod";
import { isMissingAtStripe, isRefusedForGood } from "../_shared/errors.ts";
import { parseBody } from "../_shared/http.ts";
import { adoptAddedCard, type CardDeps, syncCards } from "./cards.ts";
import type { Billing, SavedCard } from "./database.ts";
import { withSessionId } from "../_shared/return_address.ts";

export interface ManageBillingDeps extends CardDeps {
  userId: string;
}

/** The cards as they are now, or a page of Stripe's to go to. */
export type ManageBillingAnswer = { payment_methods: SavedCard[] } | {
  url: string;
};

const page = z.url({
  protocol: /^https?$/,
  error: "Must be an http(s) address.",
}).max(2_000);
const card = z.string().regex(
  /^(pm|card)_\w{1,100}$/,
  "Must be the id of a payment method.",
);

const bodySchema = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("add_card"),
    success_url: page,
    cancel_url: page,
  }),
  z.strictObject({
    action: z.literal("sync"),
    session_id: z.string().min(1).max(255).optional(),
  }),
  z.strictObject({ action: z.literal("list") }),
  z.strictObject({ action: z.literal("set_default"), payment_method_id: card }),
  z.strictObject({ action: z.literal("remove"), payment_method_id: card }),
  z.strictObject({ action: z.literal("portal"), return_url: page }),
], { error: "Must be add_card, sync, list, set_default, remove or portal." });

type Body = z.infer<typeof bodySchema>;
type Asked<Action extends Body["action"]> = Extract<Body, { action: Action }>;

export async function manageBilling(
  request: Request,
  deps: ManageBillingDeps,
): Promise<ManageBillingAnswer> {
  const body = await parseBody(request, bodySchema);
  switch (body.action) {
    case "add_card":
      return await addCard(body, deps);
    case "sync":
      return await sync(body, deps);
    case "list":
      return await list(deps);
    case "set_default":
      return await setDefault(body, deps);
    case "remove":
      return await remove(body, deps);
    case "portal":
      return await openPortal(body, deps);
  }
}

async function list({ userId: user_id, db }: ManageBillingDeps) {
  const { payment_methods } = await db.beginBilling({
    user_id,
    action: "list",
  });
  return { payment_methods };
}

async function addCard(
  { success_url, cancel_url }: Asked<"add_card">,
  deps: ManageBillingDeps,
) {
  const urls = { success_url, cancel_url };
  const billing = await deps.db.beginBilling({
    user_id: deps.userId,
    action: "add_card",
    urls,
  });
  return await withCustomer(billing, deps, async (customer) => {
    const metadata = { user_id: deps.userId };
    const session = await deps.stripe.checkout.sessions.create({
      mode: "setup",
      customer,
      allowed_payment_method_types: ["card"],
      client_reference_id: deps.userId,
      metadata,
      setup_intent_data: { metadata },
      success_url: withSessionId(success_url, "setup_session_id"),
      cancel_url,
    });
    return { url: session.url! };
  });
}

async function openPortal(
  { return_url }: Asked<"portal">,
  deps: ManageBillingDeps,
) {
  const urls = { return_url };
  const billing = await deps.db.beginBilling({
    user_id: deps.userId,
    action: "portal",
    urls,
  });
  return await withCustomer(billing, deps, async (customer) => {
    const { url } = await deps.stripe.billingPortal.sessions.create({
      customer,
      return_url,
    });
    return { url };
  });
}

async function sync({ session_id }: Asked<"sync">, deps: ManageBillingDeps) {
  const billing = await deps.db.beginBilling({
    user_id: deps.userId,
    action: "sync",
  });
  if (session_id !== undefined) {
    await adoptAddedCard(session_id, billing, deps.stripe);
  }
  return { payment_methods: await syncCards(billing, deps) };
}

async function setDefault(
  { action, payment_method_id }: Asked<"set_default">,
  deps: ManageBillingDeps,
) {
  const billing = await deps.db.beginBilling({
    user_id: deps.userId,
    action,
    payment_method_id,
  });
  try {
    await deps.stripe.customers.update(billing.customer_id!, {
      invoice_settings: { default_payment_method: payment_method_id },
    });
  } catch (error) {
    // Gone at Stripe meanwhile: the list that is answered shows it.
    if (!isRefusedForGood(error)) throw error;
  }
  return { payment_methods: await syncCards(billing, deps) };
}

/** Auto-reload of this card is off before Stripe is asked to forget it; the list follows Stripe. */
async function remove(
  { action, payment_method_id }: Asked<"remove">,
  deps: ManageBillingDeps,
) {
  const billing = await deps.db.beginBilling({
    user_id: deps.userId,
    action,
    payment_method_id,
  });
  try {
    await deps.stripe.paymentMethods.detach(payment_method_id);
  } catch (error) {
    // It is gone already.
    if (!isRefusedForGood(error)) throw error;
  }
  return { payment_methods: await syncCards(billing, deps) };
}

/** With the person's customer at Stripe, which is made when there is none, or none any more. */
async function withCustomer<T>(
  billing: Billing,
  deps: ManageBillingDeps,
  work: (customer: string) => Promise<T>,
): Promise<T> {
  let customer = billing.customer_id ?? await makeCustomer(billing, null, deps);
  for (let attempt = 1;; attempt += 1) {
    try {
      return await work(customer);
    } catch (error) {
      const gone = isMissingAtStripe(error) &&
        (error as Stripe.errors.StripeError).param === "customer";
      if (!gone || attempt > 2) throw error;
      await deps.db.forgetStripeCustomer({
        user_id: billing.user_id,
        customer_id: customer,
      });
      customer = await makeCustomer(billing, customer, deps);
    }
  }
}

/** One for a person and mode, however often it is asked for at the same time; another one in place of one that is gone. */
async function makeCustomer(
  { user_id, expected_livemode }: Billing,
  gone: string | null,
  { db, stripe }: ManageBillingDeps,
): Promise<string> {
  const key = [
    "customer",
    user_id,
    expected_livemode ? "live" : "test",
    ...(gone === null ? [] : [gone]),
  ];
  const made = await stripe.customers.create({ metadata: { user_id } }, {
    idempotencyKey: key.join(":"),
  });
  await db.saveStripeCustomer({ user_id, customer_id: made.id });
  return made.id;
}
