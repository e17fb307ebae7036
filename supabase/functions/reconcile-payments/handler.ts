// Brings the ledger to what Stripe says now, by three of the four ways (docs/decisions/0001): purchases that are due,
// Stripe's events, and a sweep of its lists; the fourth is the buyer's own return. Every way ends in the same functions
// of the database, so their order makes no difference and any of them is enough.
import { followEvents } from "./events.ts";
import { walkList } from "./lists.ts";
import { checkDuePurchases } from "./purchases.ts";
import { carryOutRefunds } from "./refunds.ts";
import { checkDueSubscriptions } from "./subscriptions.ts";
import { type Counts, Run, type RunDeps, type Stop } from "./run.ts";

export type Step = (run: Run) => Promise<void>;

/** The walks that the database says are due or under way. */
export async function followWalks(run: Run): Promise<void> {
  for (const walk of run.walks) {
    if (!run.mayGoOn()) return;
    await attempt(run, () => walk.name === "events" ? followEvents(walk, run) : walkList(walk, run));
  }
}

export const STEPS: readonly Step[] = [
  checkDuePurchases,
  checkDueSubscriptions,
  carryOutRefunds,
  followWalks,
];

export type ReconcileAnswer =
  | { busy: true }
  | Counts & {
    busy: false;
    stopped: Stop | null;
    error: string | null;
  };

export async function reconcilePayments(
  deps: RunDeps,
  steps: readonly Step[] = STEPS,
): Promise<ReconcileAnswer> {
  const { run_id, walks } = await deps.db.beginReconcileRun();
  if (run_id === null) return { busy: true };
  const run = new Run(deps, run_id, walks);
  for (const step of steps) await attempt(run, () => step(run));
  const { counts, stopped, error } = run;
  await deps.db.finishReconcileRun({ run_id, counts, error });
  return { busy: false, ...counts, stopped, error };
}

/** What stops one way must not stop the others. */
async function attempt(run: Run, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    run.fail(error);
  }
}
