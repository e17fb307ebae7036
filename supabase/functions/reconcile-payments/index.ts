import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { serverEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { reconcilePayments } from "./handler.ts";
import { createPace } from "./pace.ts";
import { LIMITS, REQUESTS_PER_SECOND } from "./limits.ts";

const env = readEnv();
const db = createDatabase(env);
// No retries here: they would escape the pace, and whatever fails comes round again by itself.
const stripe = createStripe(env, { maxNetworkRetries: 0 });
const pace = createPace(REQUESTS_PER_SECOND);

export default {
  fetch: serverEndpoint(
    "reconcile-payments",
    env,
    () => reconcilePayments({ db, stripe, pace, now: () => performance.now(), limits: LIMITS }),
  ),
};
