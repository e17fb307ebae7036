// The telephony example, started as its first lines say and used as a phone system would. The page beside it is driven in tests/e2e.
import assert from "node:assert/strict";
import { join } from "node:path";
import { TextLineStream } from "deno-std/streams/text_line_stream.js";
import { buildSdk } from "../../client-sdk/build.ts";
import { addCredit } from "../support/wallets.ts";
import { newPerson } from "./support/people.ts";
import { nodeBinary, root } from "./support/runtimes.ts";
import { env, sql } from "./support/stack.ts";

await buildSdk();

interface App {
  url: string;
  /** What it has printed after its address. */
  lines: string[];
}

async function withApp(
  file: string,
  appEnv: Record<string, string>,
  use: (app: App) => Promise<void>,
): Promise<void> {
  const app = new Deno.Command(await nodeBinary(), {
    args: [join(root, "client-sdk", "examples", file)],
    env: { TALKTIME_URL: env.API_URL, PORT: "0", ...appEnv },
    stdout: "piped",
  }).spawn();
  const lines: string[] = [];
  const address = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (
      const line of app.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    ) {
      const url = /http:\/\/[\w.]+:\d+/.exec(line)?.[0];
      if (url) address.resolve(url);
      else lines.push(line);
    }
    address.reject(new Error(`${file} ended before it listened`));
  })();
  try {
    await use({ url: await address.promise, lines });
  } finally {
    app.kill();
    await app.status;
    await reading;
  }
}

/** Waits until `holds`, for at most ten seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    assert.ok(waited < 10_000, "waited too long");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A person whose credit lasts two seconds, on a plan that bills each. */
async function personWithTwoSeconds(): Promise<string> {
  const { userId } = await newPerson(env);
  await sql`update public.users set rate_plan = 'prorated' where id = ${userId}`;
  await addCredit(sql, userId, 5_000);
  return userId;
}

Deno.test("The telephony example asks first, reports the call, and is told to hang up when the credit is gone", async () => {
  const hungUp: string[] = [];
  const phoneSystem = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    hungUp.push((await request.json()).call_id);
    return new Response();
  });
  const appEnv = {
    TALKTIME_SECRET_KEY: env.SECRET_KEY,
    HANGUP_URL: `http://127.0.0.1:${phoneSystem.addr.port}/hangup`,
  };
  await withApp("telephony.mjs", appEnv, async ({ url, lines }) => {
    const post = async (path: string, body: Record<string, unknown> = {}) => {
      const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    const user_id = await personWithTwoSeconds();
    const call_id = `pbx-${crypto.randomUUID()}`;
    const authorized = await post("/calls", { user_id, call_id, destination: "+14155552671" });
    assert.deepEqual(authorized, { status: 200, body: { call_id, seconds: 2 } });
    assert.equal((await post(`/calls/${call_id}/answer`)).status, 200);
    await until(() => lines.length > 0);
    assert.deepEqual(hungUp, [call_id]);
    assert.deepEqual(lines, [`${call_id} to +1415•••2671: credit_exhausted, $0.01`]);

    const refused = await post("/calls", { user_id, call_id: "pbx-2", destination: "+14155552671" });
    assert.deepEqual([refused.status, refused.body.code], [402, "insufficient_credit"]);

    await addCredit(sql, user_id, 1_000_000);
    await post("/calls", { user_id, call_id: "pbx-3", destination: "+14155552671" });
    const ended = await post("/calls/pbx-3/end", { reason: "busy" });
    assert.deepEqual(ended, { status: 200, body: { cost_micros: 0 } });
  });
  await phoneSystem.shutdown();
});
