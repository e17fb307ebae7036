// Refunds that were begun here and never reached Stripe, or whose answer was lost: asked for again under their own key.
import { sendRefund } from "../_shared/refunds.ts";
import { inParallel, type Run } from "./run.ts";

const BATCH_SIZE = 20;

export async function carryOutRefunds(run: Run): Promise<void> {
  while (run.mayGoOn()) {
    const batch = await run.db.claimDueRefunds(BATCH_SIZE);
    await inParallel(batch, run.limits.concurrency, async (begun) => {
      try {
        await run.ask(() => sendRefund(begun, run));
        run.counts.refunds += 1;
      } catch (error) {
        run.fail(error);
      }
    }, () => run.mayGoOn());
    if (batch.length < BATCH_SIZE) return;
  }
}
