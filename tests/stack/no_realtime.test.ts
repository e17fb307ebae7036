// A stack without Realtime is a project without it: no schema, no socket, and everything else as usual.
import assert from "node:assert/strict";
import { startStack } from "../../dev/stack/stack.ts";
import { signUp, sql as connect } from "../support/stack.ts";

Deno.test({
  name: "without Realtime there is no schema for it, no socket opens, and wallets change all the same",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const dataDir = await Deno.makeTempDir({ prefix: "talktime-" });
    const stack = await startStack({ dataDir, ports: "free", scheduler: false, realtime: false });
    const { env } = stack;
    const sql = connect(env);
    try {
      const found = await sql`select from pg_namespace where nspname = 'realtime'`;
      assert.equal(found.length, 0);
      const { userId } = await signUp(env);
      await sql`select private.grant_credit(${userId}, 'adjustment', 'adjustment', 10000, 'adjustment', 'For a test')`;
      const socket = new WebSocket(
        `${env.API_URL.replace("http", "ws")}/realtime/v1/websocket?apikey=${env.PUBLISHABLE_KEY}&vsn=2.0.0`,
      );
      const outcome = await new Promise<string>((resolve) => {
        socket.onopen = () => resolve("opened");
        socket.onerror = () => resolve("refused");
      });
      assert.equal(outcome, "refused");
    } finally {
      await sql.end();
      await stack.stop();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});
