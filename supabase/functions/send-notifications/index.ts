import { readEnv, readMailEnv } from "../_shared/env.ts";
import { serverEndpoint } from "../_shared/http.ts";
import { log } from "../_shared/log.ts";
import { createRpc } from "../_shared/rpc.ts";
import { sendNotifications } from "./handler.ts";
import { createOutbox } from "./outbox.ts";
import { createTransport } from "./transport.ts";

// A run ends before the next minute's, and well before the lease of what it claimed.
const limits = { batchSize: 10, maxMails: 300, maxMilliseconds: 45_000, concurrency: 5 };

const env = readEnv();
const transport = createTransport(readMailEnv());
const outbox = createOutbox(createRpc(env));
const unsubscribeUrl = (token: string) => `${env.supabaseUrl}/functions/v1/unsubscribe?token=${token}`;

export default {
  fetch: serverEndpoint("send-notifications", env, async () => {
    const now = () => performance.now();
    const counts = await sendNotifications({ outbox, transport, unsubscribeUrl, now, limits });
    if (counts.problem !== undefined) log("error", "send-notifications", { problem: counts.problem });
    return counts;
  }),
};
