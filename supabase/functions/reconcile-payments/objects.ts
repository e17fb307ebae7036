// What events and lists name: how each is read from Stripe, and how it is applied. What is another product's is told
// apart by the metadata that every session and payment of ours carries.
import type Stripe from "stripe";
import type { Applied, Database, WalkName } from "../_shared/db.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import {
  disputeFacts,
  INTENT_EXPAND,
  intentFacts,
  PAYMENT_EXPAND,
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

export interface Kind<T extends { id: string }> {
  list(stripe: Stripe, params: PageParams): Promise<Page<T>>;
  retrieve(stripe: Stripe, id: string): Promise<T>;
  /** Whether there is nothing more to learn from it once its purchase is paid: then it need not be read or applied. */
  settles: boolean;
  /** False for what is surely not ours, known without asking anybody. */
  mayBeOurs(object: Pick<T, "id"> & { metadata?: Stripe.Metadata | null }): boolean;
  apply(db: Database, object: T): Promise<Applied>;
}

const ofData = (paths: string[]) => paths.map((path) => `data.${path}`);

const sessions: Kind<Stripe.Checkout.Session> = {
  list: (stripe, params) => stripe.checkout.sessions.list({ ...params, expand: ofData(SESSION_EXPAND) }),
  retrieve: retrieveSession,
  settles: true,
  mayBeOurs: ({ metadata }) => metadata?.purchase_id !== undefined,
  apply: (db, session) => db.applyFoundSession(sessionFacts(session)),
};

/** Payments of saved cards; one that was made on a Checkout page is read with its session. */
const paymentIntents: Kind<Stripe.PaymentIntent> = {
  list: (stripe, params) => stripe.paymentIntents.list({ ...params, expand: ofData(INTENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.paymentIntents.retrieve(id, { expand: INTENT_EXPAND }),
  settles: true,
  mayBeOurs: ({ metadata }) => metadata?.origin === "auto_reload",
  apply: (db, intent) => db.applyPaymentIntent(intentFacts(intent)),
};

// A refund or a dispute need not carry our metadata; its payment does, or is known by its id.

const refunds: Kind<Stripe.Refund> = {
  list: (stripe, params) => stripe.refunds.list({ ...params, expand: ofData(PAYMENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.refunds.retrieve(id, { expand: PAYMENT_EXPAND }),
  settles: false,
  mayBeOurs: () => true,
  apply: (db, refund) => db.applyRefund(refundFacts(refund)),
};

const disputes: Kind<Stripe.Dispute> = {
  list: (stripe, params) => stripe.disputes.list({ ...params, expand: ofData(PAYMENT_EXPAND) }),
  retrieve: (stripe, id) => stripe.disputes.retrieve(id, { expand: PAYMENT_EXPAND }),
  settles: false,
  mayBeOurs: () => true,
  apply: (db, dispute) => db.applyDispute(disputeFacts(dispute)),
};

export type KindName = Exclude<WalkName, "events">;

export const kinds = {
  sessions,
  payment_intents: paymentIntents,
  refunds,
  disputes,
} as Record<KindName, Kind<{ id: string }>>;

/** Of these objects, those that may still have something to tell. */
export async function unsettled(db: Database, name: KindName, ids: string[]): Promise<Set<string>> {
  return new Set(kinds[name].settles && ids.length > 0 ? await db.filterUnsettled(ids) : ids);
}
