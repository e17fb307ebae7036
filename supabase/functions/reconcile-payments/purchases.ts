// Polling: reads every purchase that is due from Stripe and applies what it finds, so that a closed browser loses
// nothing. The database hands purchases out with back-off; what a run leaves behind comes round again.
import type Stripe from "stripe";
import type { DuePurchase } from "../_shared/db.ts";
import { isRefusedForGood } from "../_shared/errors.ts";
import { describe, log } from "../_shared/log.ts";
import { retrieveSession } from "../_shared/stripe.ts";
import { SESSION_EXPAND, sessionFacts } from "../_shared/stripe_facts.ts";
import { inParallel, type Run } from "./run.ts";

export async function checkDuePurchases(run: Run): Promise<void> {
  const { batchSize, concurrency, pollingShare } = run.limits;
  const mayGoOn = () => run.mayGoOn(pollingShare);
  while (mayGoOn()) {
    const batch = await run.db.claimDuePurchases(batchSize);
    // A batch that is claimed is finished, unless Stripe or the run's end stops it.
    await inParallel(batch, concurrency, (purchase) => check(purchase, run), () => run.mayGoOn());
    if (batch.length < batchSize) return;
  }
}

async function check(purchase: DuePurchase, run: Run): Promise<void> {
  const { user_id, purchase_id } = purchase;
  run.counts.checked += 1;
  try {
    const session = sessionFacts(await readSession(purchase, run));
    const applied = await run.db.applyCheckoutSession({ user_id, purchase_id, session });
    if (applied.credited) run.counts.credited += 1;
    if (applied.purchase.is_final) run.counts.final += 1;
  } catch (error) {
    run.counts.failed += 1;
    await recordFailure(purchase, error, run);
  }
}

async function readSession(purchase: DuePurchase, run: Run): Promise<Stripe.Checkout.Session> {
  const id = purchase.stripe_session_id!;
  if (purchase.expire_session) {
    try {
      const expired = await run.ask(() =>
        run.stripe.checkout.sessions.expire(id, { expand: SESSION_EXPAND })
      );
      run.counts.expired += 1;
      return expired;
    } catch (error) {
      // Paid or expired in the meantime: what it is now counts.
      if (!isRefusedForGood(error)) throw error;
    }
  }
  return await run.ask(() => retrieveSession(run.stripe, id));
}

/** One purchase's trouble must not stop the others, not even when it cannot be written down. */
async function recordFailure({ user_id, purchase_id }: DuePurchase, error: unknown, run: Run): Promise<void> {
  const text = describe(error);
  try {
    await run.db.recordCheckFailure({ user_id, purchase_id, error: text });
  } catch (unrecorded) {
    log("error", "reconcile-payments", { purchase_id, error: text, unrecorded: describe(unrecorded) });
  }
}
