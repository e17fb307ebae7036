import { readEnv } from "../_shared/env.ts";
import { openEndpoint } from "../_shared/http.ts";
import { createRpc } from "../_shared/rpc.ts";
import { page, unsubscribe } from "./handler.ts";

const env = readEnv();
const rpc = createRpc(env);

const deps = {
  url: `${env.supabaseUrl}/functions/v1/unsubscribe`,
  unsubscribe: (token: string) => rpc<{ kind: string }>("unsubscribe", { token }),
};

// No token or key of ours comes with a mail reader's request: the link's own token is what is checked.
export default {
  fetch: openEndpoint(
    "unsubscribe",
    (request) => unsubscribe(request, deps),
    () => page(503, "This did not work just now. Nothing was changed; please open the link again later.\n"),
  ),
};
