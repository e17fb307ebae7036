import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { userEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { manageSubscription } from "./handler.ts";

const env = readEnv();
const db = createDatabase(env);
const stripe = createStripe(env);

export default {
  fetch: userEndpoint(
    "manage-subscription",
    env,
    (request, userId) => manageSubscription(request, { userId, db, stripe }),
  ),
};
