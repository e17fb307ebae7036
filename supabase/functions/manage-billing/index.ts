import { readEnv } from "../_shared/env.ts";
import { userEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { createBillingDatabase } from "./database.ts";
import { manageBilling } from "./handler.ts";

const env = readEnv();
const db = createBillingDatabase(env);
const stripe = createStripe(env);

export default {
  fetch: userEndpoint(
    "manage-billing",
    env,
    (request, userId) => manageBilling(request, { userId, db, stripe }),
  ),
};
