// What events and lists name: how each is read from Stripe, and how it is applied. What is another product's is told
// apart by the metadata that every session and payment of ours carries.
import type Stripe from "stripe";
import type { Applied, Database, WalkName } from "../_shared/db.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import {
  retrieveSubscription,
  settleInvoice,
  settleInvoiceOf,
  settleSession,
  settleSubscription,
  type Settling,
} from "../_shared/subscriptions.ts";
import { SUBSCRIPTION_EXPAND, subscriptionMetadata } from "../_shared/subscription_facts.ts";
import {
  disputeFacts,
  INTENT_EXPAND,
  intentFacts,
  PAYMENT_EXPAND,
  type RefundFacts,
  refundFacts,
  SESSION_EXPAND,
  sessionFacts,
} from "../_shared/stripe_facts.ts";

export interface PageParams {
  created: { gte: number; lte: number };
  limit: number;
  starting_after?: string;
}

export interface Page<T> {
  data: T[];
  has_more: boolean;
}

/** What is known of an object before it is read. */
export interface Met {
  id: string;
  metadata?: Stripe.Metadata | null;
  parent?: unknown;
}

export interface Kind<T extends { id: string }> {
  list(stripe: Stripe, params: PageParams): Promise<Page<T>>;
  retrieve(stripe: Stripe, id: string): Promise<T>;
  /** Whether there is nothing more to learn from it once its purchase is paid: then it need not be read or applied. */
  settles: boolean;
  /** False for what is surely not ours, known without asking anybody. */
  mayBeOurs(object: Met): boolean;
  apply(run: Settling, object: T): Promise<Applied>;
}

const ofData = (paths: string[]) => paths.map((path) => `data.${path}`);

const sessions: Kind<Stripe.Checkout.Session> = {
  list: (stripe, params) => stripe.checkout.sessions.list({ ...params, expand: ofData(SESSION_EXPAND) }),
  retrieve: retrieveSession,
  settles: true,
  mayBeOurs: ({ metadata }) => (metadata?.purchase_id ?? metadata?.subscription_id) !== undefined,
  apply: (run, session) =>
    session.mode === "subscription"
      ? settleSession(session, run)
      : run.db.applyFoundSession(sessionFacts(session)),
};

/** Payments of saved cards; one that was made on a Checkout page is read with its session. */
const paymentIntents: Kind<Stripe.PaymentIntent> = {
  list: (stripe, params) => stripe.paymentIntents.list({ ...params, expand: ofData(INTENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.paymentIntents.retrieve(id, { expand: INTENT_EXPAND }),
  settles: true,
  mayBeOurs: ({ metadata }) => metadata?.origin === "auto_reload",
  apply: ({ db }, intent) => db.applyPaymentIntent(intentFacts(intent)),
};

const subscriptions: Kind<Stripe.Subscription> = {
  list: (stripe, params) =>
    stripe.subscriptions.list({ ...params, status: "all", expand: ofData(SUBSCRIPTION_EXPAND) }),
  retrieve: retrieveSubscription,
  settles: false,
  mayBeOurs: ({ metadata }) => metadata?.subscription_id !== undefined,
  apply: (run, subscription) => settleSubscription(subscription, run),
};

const invoices: Kind<Stripe.Invoice> = {
  list: (stripe, params) => stripe.invoices.list(params),
  retrieve: (stripe, id) => stripe.invoices.retrieve(id),
  settles: true,
  mayBeOurs: (invoice) => subscriptionMetadata(invoice as Stripe.Invoice).subscription_id !== undefined,
  apply: (run, invoice) => settleInvoice(invoice, run),
};

// A refund or a dispute need not carry our metadata; its payment does, or is known by its id. That of an
// invoice has none: the invoice is read first where it has not been yet.

async function applyReturn(
  { payment_intent, payment_intent_metadata }: Pick<
    RefundFacts,
    "payment_intent" | "payment_intent_metadata"
  >,
  apply: () => Promise<Applied>,
  run: Settling,
): Promise<Applied> {
  const applied = await apply();
  if (applied.known || payment_intent === null || payment_intent_metadata.purchase_id !== undefined) {
    return applied;
  }
  return await settleInvoiceOf(payment_intent, run) ? await apply() : applied;
}

const refunds: Kind<Stripe.Refund> = {
  list: (stripe, params) => stripe.refunds.list({ ...params, expand: ofData(PAYMENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.refunds.retrieve(id, { expand: PAYMENT_EXPAND }),
  settles: false,
  mayBeOurs: () => true,
  apply: (run, refund) => {
    const facts = refundFacts(refund);
    return applyReturn(facts, () => run.db.applyRefund(facts), run);
  },
};

const disputes: Kind<Stripe.Dispute> = {
  list: (stripe, params) => stripe.disputes.list({ ...params, expand: ofData(PAYMENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.disputes.retrieve(id, { expand: PAYMENT_EXPAND }),
  settles: false,
  mayBeOurs: () => true,
  apply: (run, dispute) => {
    const facts = disputeFacts(dispute);
    return applyReturn(facts, () => run.db.applyDispute(facts), run);
  },
};

export type KindName = Exclude<WalkName, "events">;

export const kinds = {
  sessions,
  payment_intents: paymentIntents,
  subscriptions,
  invoices,
  refunds,
  disputes,
} as Record<KindName, Kind<{ id: string }>>;

/** Of these objects, those that may still have something to tell. */
export async function unsettled(db: Database, name: KindName, ids: string[]): Promise<Set<string>> {
  return new Set(kinds[name].settles && ids.length > 0 ? await db.filterUnsettled(ids) : ids);
}
