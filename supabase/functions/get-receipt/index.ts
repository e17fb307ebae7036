import { readEnv } from "../_shared/env.ts";
import { callerEndpoint } from "../_shared/http.ts";
import { getReceipt } from "./handler.ts";
import { readReceipt } from "./receipt.ts";

const env = readEnv();

export default {
  fetch: callerEndpoint(
    "get-receipt",
    env,
    (request, credentials) =>
      getReceipt(request, {
        read: (which) => readReceipt(env.supabaseUrl, credentials, which),
      }),
  ),
};
