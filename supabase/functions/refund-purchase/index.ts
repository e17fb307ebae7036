import { createDatabase } from "../_shared/db.ts";
import { readEnv } from "../_shared/env.ts";
import { callerEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { refundPurchase } from "./handler.ts";

const env = readEnv();
const db = createDatabase(env);
const stripe = createStripe(env);

export default {
  fetch: callerEndpoint(
    "refund-purchase",
    env,
    (request, { userId }) => refundPurchase(request, { actorId: userId, db, stripe }),
  ),
};
