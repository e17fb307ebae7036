// The tail of Stripe's events. An event is only a hint which object to read again: what counts is the object as it is
// after the event was listed, read once however many events name it.
import type Stripe from "stripe";
import type { SeenEvent, Walk } from "../_shared/db.ts";
import { isMissingAtStripe, isWorthRepeating } from "../_shared/errors.ts";
import { failureCode } from "../_shared/stripe_facts.ts";
import { readPage } from "./lists.ts";
import { subscriptionMetadata } from "../_shared/subscription_facts.ts";
import { type KindName, kinds, type Met, unsettled } from "./objects.ts";
import { inParallel, type Run } from "./run.ts";

/** Stripe takes at most twenty types in one question; what is left out comes together with one of these. */
export const EVENT_TYPES = [
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "checkout.session.expired",
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.requires_action",
  "payment_intent.canceled",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
  "charge.dispute.closed",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "invoice.paid",
  "invoice.payment_failed",
] as const;

/** Pages that are listed before their objects are read. */
const PAGES = 5;

/** An object read this long after an event, by clocks that may differ, was read after it. */
const CLOCK_SKEW_SECONDS = 60;

interface Hint {
  event: Stripe.Event;
  /** The object it names; null for one of another product. */
  object: { kind: KindName; id: string } | null;
}

export async function followEvents(walk: Walk, run: Run): Promise<void> {
  const readAt = new Map<string, number>();
  let held = false;
  for (let after = walk.after; run.mayGoOn();) {
    const { events, hasMore } = await listEvents(walk, after, run);
    const fresh = new Set(
      events.length === 0 ? [] : await run.db.filterNewEvents(events.map(({ id }) => id)),
    );
    const hints = events.filter(({ id }) => fresh.has(id)).map(hintOf);
    const left = await readObjects(hints, readAt, run);
    await record(hints.filter(({ object }) => object === null || !left.has(object.id)), run);
    held ||= left.size > 0;
    after = events.at(-1)?.id ?? after;
    // With something left to read, the walk begins anew next time; the events that are recorded are passed over then.
    if (!hasMore) return void await run.save("events", null, !held);
    if (!held && !await run.save("events", after, false)) return;
  }
}

async function listEvents(walk: Walk, from: string | null, run: Run) {
  const events: Stripe.Event[] = [];
  let hasMore = true;
  for (let pages = 0; hasMore && pages < PAGES && (pages === 0 || run.mayGoOn()); pages += 1) {
    const page = await readPage(
      walk,
      events.at(-1)?.id ?? from,
      run,
      (params) => run.stripe.events.list({ ...params, types: [...EVENT_TYPES] }),
    );
    events.push(...page.data);
    hasMore = page.has_more;
  }
  return { events, hasMore };
}

function hintOf(event: Stripe.Event): Hint {
  const object = event.data.object as Met;
  const kind = kindOf(event.type);
  const ours = kind !== null && kinds[kind].mayBeOurs(object);
  return { event, object: ours ? { kind, id: object.id } : null };
}

function kindOf(type: string): KindName | null {
  if (type.startsWith("checkout.session.")) return "sessions";
  if (type.startsWith("payment_intent.")) return "payment_intents";
  if (type.startsWith("charge.dispute.")) return "disputes";
  if (type.startsWith("customer.subscription.")) return "subscriptions";
  if (type === "invoice.paid") return "invoices";
  // What a failed renewal changes is an event of its subscription: this one is only counted.
  return type.startsWith("refund.") ? "refunds" : null;
}

/** Reads and applies what the hints name. Returns the ids that are left for later. */
async function readObjects(hints: Hint[], readAt: Map<string, number>, run: Run): Promise<Set<string>> {
  const named = new Map<string, KindName>();
  for (const { event, object } of hints) {
    if (object === null) continue;
    const read = readAt.get(object.id);
    if (read === undefined || event.created > read - CLOCK_SKEW_SECONDS) named.set(object.id, object.kind);
  }
  await dropSettled(named, run);
  const left = new Set(named.keys());
  await inParallel([...named], run.limits.concurrency, async ([id, kind]) => {
    readAt.set(id, Date.now() / 1000);
    try {
      const object = await run.ask(() => kinds[kind].retrieve(run.stripe, id));
      const applied = await kinds[kind].apply(run, object);
      if (applied.credited) run.counts.credited += 1;
      run.counts.objects += 1;
      left.delete(id);
    } catch (error) {
      // Gone at Stripe, there is nothing to apply. What the database will not take must not hold up the rest.
      if (!isMissingAtStripe(error)) run.fail(error);
      if (!isWorthRepeating(error)) left.delete(id);
    }
  }, () => run.mayGoOn());
  return left;
}

/** A purchase that was verified in time is settled long before its event is read: it is not read a third time. */
async function dropSettled(named: Map<string, KindName>, run: Run): Promise<void> {
  for (const name of new Set(named.values())) {
    const ids = [...named].filter(([, kind]) => kind === name).map(([id]) => id);
    const news = await unsettled(run.db, name, ids);
    for (const id of ids) if (!news.has(id)) named.delete(id);
  }
}

async function record(hints: Hint[], run: Run): Promise<void> {
  if (hints.length === 0) return;
  await run.db.recordEvents(hints.map(({ event }) => seen(event)));
  run.counts.events += hints.length;
}

/** A failed attempt to pay is counted by whom the payment says it is for. */
function seen(event: Stripe.Event): SeenEvent {
  const intent = event.type === "payment_intent.payment_failed" ? event.data.object : null;
  // Only on the page, where cards may be tried; a renewal that fails is Stripe's own attempt.
  const invoice = event.type === "invoice.payment_failed" ? event.data.object : null;
  const tried = invoice?.billing_reason === "subscription_create"
    ? subscriptionMetadata(invoice)
    : intent?.metadata;
  return {
    id: event.id,
    type: event.type,
    created: event.created,
    user_id: tried?.user_id ?? null,
    failure_code: failureCode(intent),
  };
}
