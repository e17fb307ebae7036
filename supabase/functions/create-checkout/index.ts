import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { userEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { createCheckout } from "./handler.ts";

const env = readEnv();
const db = createDatabase(env);
const stripe = createStripe(env);

export default {
  fetch: userEndpoint(
    "create-checkout",
    env,
    (request, userId) => createCheckout(request, { userId, db, stripe }),
  ),
};
