// Charges saved cards whose owners have agreed to it, when their credit runs low. The database says whom and when; a
// run that dies leaves its attempts leased, and the next one finds them.
import Stripe from "stripe";
import { describe, log } from "../_shared/log.ts";
import { carryOut, type ChargeDeps, type Outcome } from "./charge.ts";
import type { ReloadRef } from "./database.ts";

export interface AutoReloadDeps extends ChargeDeps {
  /** Milliseconds on any steady clock. */
  now: () => number;
  limits: Limits;
}

export interface Limits {
  /** After this nothing new is begun. */
  maxMilliseconds: number;
  /** Attempts at the same time. */
  batchSize: number;
}

/** A run is over before the platform ends it, also when Stripe takes its time for the last batch. */
export const LIMITS: Limits = { maxMilliseconds: 40_000, batchSize: 5 };

export type AutoReloadAnswer = Record<Outcome | "unknown", number>;

export async function autoReload(
  deps: AutoReloadDeps,
): Promise<AutoReloadAnswer> {
  const { maxMilliseconds, batchSize } = deps.limits;
  const counts: AutoReloadAnswer = {
    paid: 0,
    failed: 0,
    pending: 0,
    dropped: 0,
    unknown: 0,
  };
  const began = deps.now();
  let stop = false;
  while (!stop && deps.now() - began < maxMilliseconds) {
    const batch = await deps.db.claimDueReloads(batchSize);
    await Promise.all(batch.map(async (reload) => {
      try {
        counts[await carryOut(reload, deps)] += 1;
      } catch (error) {
        counts.unknown += 1;
        note(reload, error);
        // Stripe wants fewer requests, or none from us: the others wait for a later run.
        stop ||= isAboutUs(error);
      }
    }));
    if (batch.length < batchSize) break;
  }
  return counts;
}

function isAboutUs(error: unknown): boolean {
  const {
    StripeRateLimitError,
    StripeAuthenticationError,
    StripePermissionError,
  } = Stripe.errors;
  return [
    StripeRateLimitError,
    StripeAuthenticationError,
    StripePermissionError,
  ]
    .some((kind) => error instanceof kind);
}

function note({ purchase_id }: ReloadRef, error: unknown): void {
  log("error", "auto-reload", { purchase_id, error: describe(error) });
}
