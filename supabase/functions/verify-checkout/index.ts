import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { userEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { verifyCheckout } from "./handler.ts";

const env = readEnv();
const db = createDatabase(env);
const stripe = createStripe(env);

export default {
  fetch: userEndpoint(
    "verify-checkout",
    env,
    (request, userId) => verifyCheckout(request, { userId, db, stripe }),
  ),
};
