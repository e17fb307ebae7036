// What a run may spend.
import type { Limits } from "./run.ts";

/** Stripe takes 25 requests a second in test mode, over all and for each endpoint: the rest is for the people paying. */
export const REQUESTS_PER_SECOND = 15;

/** A run ends well before the next minute's, before its lease does, and within the platform's two seconds of processor time. */
export const LIMITS: Limits = {
  maxMilliseconds: 45_000,
  maxRequests: 600,
  pollingShare: 0.7,
  batchSize: 25,
  concurrency: 6,
};
