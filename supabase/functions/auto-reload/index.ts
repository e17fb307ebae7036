import { readEnv } from "../_shared/env.ts";
import { serverEndpoint } from "../_shared/http.ts";
import { createStripe } from "../_shared/stripe.ts";
import { createReloadDatabase } from "./database.ts";
import { autoReload, LIMITS } from "./handler.ts";

const env = readEnv();
const db = createReloadDatabase(env);
// A bank may take its time, and a charge that is given up too early has to be looked for.
const stripe = createStripe(env, { timeoutMilliseconds: 20_000 });

export default {
  fetch: serverEndpoint(
    "auto-reload",
    env,
    () => autoReload({ db, stripe, now: () => performance.now(), limits: LIMITS }),
  ),
};
