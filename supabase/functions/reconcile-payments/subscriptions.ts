// Polling of subscriptions: those on their page, past due, or at the end of a period.
import type Stripe from "stripe";
import { isRefusedForGood } from "../_shared/errors.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import type { DueSubscription } from "../_shared/subscription_db.ts";
import {
  retrieveSubscription,
  settleInvoice,
  settleSession,
  settleSubscription,
} from "../_shared/subscriptions.ts";
import { inParallel, type Run } from "./run.ts";

export async function checkDueSubscriptions(run: Run): Promise<void> {
  const { batchSize, concurrency, pollingShare } = run.limits;
  while (run.mayGoOn(pollingShare)) {
    const batch = await run.db.claimDueSubscriptions(batchSize);
    await inParallel(batch, concurrency, (due) => check(due, run), () => run.mayGoOn());
    if (batch.length < batchSize) return;
  }
}

async function check(due: DueSubscription, run: Run): Promise<void> {
  run.counts.checked += 1;
  try {
    if (await look(due, run)) run.counts.credited += 1;
  } catch (error) {
    // The next look is already scheduled.
    run.fail(error);
  }
}

/** Returns whether a payment was found. */
async function look(due: DueSubscription, run: Run): Promise<boolean> {
  const { stripe_subscription_id: id, stripe_session_id: page } = due;
  if (id === null) {
    if (page === null) return false;
    return (await settleSession(await readPage(page, due.expire_session, run), run)).credited ?? false;
  }
  const found = await run.ask(() => retrieveSubscription(run.stripe, id));
  const missed = await settleMissed(due, found, run);
  return (await settleSubscription(found, run)).credited || missed;
}

async function readPage(id: string, expire: boolean, run: Run): Promise<Stripe.Checkout.Session> {
  if (expire) {
    try {
      const expired = await run.ask(() => run.stripe.checkout.sessions.expire(id));
      run.counts.expired += 1;
      return expired;
    } catch (error) {
      // Paid or expired in the meantime: what it is now counts.
      if (!isRefusedForGood(error)) throw error;
    }
  }
  return await run.ask(() => retrieveSession(run.stripe, id));
}

/** After a long silence the latest invoice is not the only one. */
async function settleMissed(due: DueSubscription, found: Stripe.Subscription, run: Run): Promise<boolean> {
  const began = due.current_period_start === null ? null : Date.parse(due.current_period_start) / 1000;
  const ended = Date.parse(due.current_period_end ?? "") / 1000;
  const start = found.items.data[0]?.current_period_start ?? 0;
  if (began === null || !(start > ended)) return false;
  let credited = false;
  const invoices = run.stripe.invoices;
  let after: string | undefined;
  for (;;) {
    const page = await run.ask(() =>
      invoices.list({
        subscription: found.id,
        created: { gte: Math.floor(began) },
        limit: 100,
        ...(after === undefined ? {} : { starting_after: after }),
      })
    );
    for (const invoice of page.data) {
      credited = ((await settleInvoice(invoice, run)).credited ?? false) || credited;
    }
    after = page.data.at(-1)?.id;
    if (!page.has_more) return credited;
  }
}
