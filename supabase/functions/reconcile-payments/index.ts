import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { serverEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { reconcilePayments } from "./handler.ts";
import { createPace } from "./pace.ts";

// Stripe allows 25 requests a second in test mode; half of it for one run leaves room for the people paying.
const REQUESTS_PER_SECOND = 12;

// A run ends well before the next minute's, and well within the platform's wall clock.
const limits = { batchSize: 25, maxPurchases: 500, maxMilliseconds: 45_000, concurrency: 4 };

const env = readEnv();
const db = createDatabase(env);
// No retries here: they would escape the pace, and whatever fails comes round again by itself.
const stripe = createStripe(env, { maxNetworkRetries: 0 });
const pace = createPace(REQUESTS_PER_SECOND);

export default {
  fetch: serverEndpoint(
    "reconcile-payments",
    env,
    () => reconcilePayments({ db, stripe, pace, now: () => performance.now(), limits }),
  ),
};
