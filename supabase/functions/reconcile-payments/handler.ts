// Reads every purchase that is due from Stripe and applies what it finds, so that a closed browser loses nothing.
// The database hands purchases out under a lease with back-off: two runs at once share the work, and what a run
// leaves behind comes round again.
import Stripe from "stripe";
import type { Database, Purchase } from "../_shared/db.ts";
import { describe } from "../_shared/log.ts";
import { retrieveSession, sessionFacts } from "../_shared/stripe.ts";
import type { Pace } from "./pace.ts";

export interface ReconcileLimits {
  batchSize: number;
  maxPurchases: number;
  maxMilliseconds: number;
  /** Purchases read from Stripe at the same time. */
  concurrency: number;
}

export interface ReconcileDeps {
  db: Database;
  stripe: Stripe;
  pace: Pace;
  /** Milliseconds on any steady clock. */
  now: () => number;
  limits: ReconcileLimits;
}

export interface ReconcileCounts {
  /** Purchases looked at. */
  checked: number;
  /** Of these, credited by this run. */
  credited: number;
  /** Of these, settled for good. */
  final: number;
  /** Of these, not readable this time; each has its error recorded and will be tried again. */
  failed: number;
}

interface Run extends ReconcileDeps {
  deadline: number;
  counts: ReconcileCounts;
  /** Set when Stripe asks for fewer requests: what was claimed stays leased and is tried later. */
  slowedDown: boolean;
}

export async function reconcilePayments(deps: ReconcileDeps): Promise<ReconcileCounts> {
  const counts = { checked: 0, credited: 0, final: 0, failed: 0 };
  const run: Run = { ...deps, deadline: deps.now() + deps.limits.maxMilliseconds, counts, slowedDown: false };
  while (mayGoOn(run)) {
    const size = Math.min(deps.limits.batchSize, deps.limits.maxPurchases - counts.checked);
    const batch = await deps.db.claimDuePurchases(size);
    await checkAll(batch, run);
    if (batch.length < size) break;
  }
  return counts;
}

function mayGoOn({ slowedDown, now, deadline, counts, limits }: Run): boolean {
  return !slowedDown && now() < deadline && counts.checked < limits.maxPurchases;
}

async function checkAll(batch: Purchase[], run: Run): Promise<void> {
  const waiting = [...batch];
  async function work(): Promise<void> {
    while (mayGoOn(run)) {
      const purchase = waiting.shift();
      if (purchase === undefined) return;
      await check(purchase, run);
    }
  }
  await Promise.all(Array.from({ length: run.limits.concurrency }, work));
}

async function check(purchase: Purchase, run: Run): Promise<void> {
  run.counts.checked += 1;
  // Without a session nobody was ever given an address to pay at.
  if (purchase.stripe_session_id === null) return;
  try {
    await run.pace();
    const session = await retrieveSession(run.stripe, purchase.stripe_session_id);
    const { user_id, purchase_id } = purchase;
    const applied = await run.db.applyCheckoutSession({
      user_id,
      purchase_id,
      session: sessionFacts(session),
    });
    if (applied.credited) run.counts.credited += 1;
    if (applied.purchase.is_final) run.counts.final += 1;
  } catch (error) {
    run.counts.failed += 1;
    if (error instanceof Stripe.errors.StripeRateLimitError) run.slowedDown = true;
    await recordFailure(purchase, error, run.db);
  }
}

/** One purchase's trouble must not stop the others, not even when it cannot be written down. */
async function recordFailure(
  { user_id, purchase_id }: Purchase,
  error: unknown,
  db: Database,
): Promise<void> {
  const text = describe(error);
  try {
    await db.recordCheckFailure({ user_id, purchase_id, error: text });
  } catch (unrecorded) {
    const line = {
      level: "error",
      function: "reconcile-payments",
      purchase_id,
      error: text,
      unrecorded: describe(unrecorded),
    };
    console.error(JSON.stringify(line));
  }
}
