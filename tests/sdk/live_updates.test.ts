// The balance on an open page, over the stack's own Realtime.
import assert from "node:assert/strict";
import { createTalktime, type Talktime } from "../../client-sdk/src/index.ts";
import { admin, anonymous } from "../support/stack.ts";
import { addCredit } from "../support/wallets.ts";
import { newPerson, PASSWORD } from "./support/people.ts";
import { env, sql } from "./support/stack.ts";

/** A watch that never asks by its own timer within a test: what it sees, it was told to look at. */
const RARELY = { intervalMs: 600_000 };

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < 5_000) {
    if (await holds()) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${what}`);
}

function watch(talktime: Talktime) {
  const seen: number[] = [];
  const watch = talktime.balance.watch(({ availableMicros }) => seen.push(availableMicros), RARELY);
  return { seen, watch };
}

const joined = (client: ReturnType<typeof admin>) => () =>
  client.getChannels().some((channel) => channel.state === "joined");

/** The client's socket ends a moment after the watch. */
function liveTest(name: string, run: () => Promise<void>): void {
  Deno.test({ name, fn: run, sanitizeOps: false, sanitizeResources: false });
}

liveTest("Credit that arrives from elsewhere shows within a second", async () => {
  const { client, talktime, userId } = await newPerson(env);
  const { seen, watch: running } = watch(talktime);
  await until("the channel is joined", joined(client));
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await addCredit(sql, userId, 5_000_000);
  assert.ok(await until("it shows", () => seen.at(-1) === 5_000_000) < 1_000);
  running.stop();
  await until("the socket goes with the watch", () => !client.realtime.isConnected());
});

liveTest("A server with the secret key watches the wallet it names", async () => {
  const { userId } = await newPerson(env);
  const client = admin(env);
  const { seen, watch: running } = watch(createTalktime(client, { userId }));
  await until("the channel is joined", joined(client));
  await addCredit(sql, userId, 5_000_000);
  await until("it shows", () => seen.at(-1) === 5_000_000);
  running.stop();
});

liveTest("The balance follows who signs in, and nobody sees another's", async () => {
  const [one, other] = await Promise.all([newPerson(env), newPerson(env)]);
  await addCredit(sql, one.userId, 1_000_000);
  await addCredit(sql, other.userId, 2_000_000);
  const client = anonymous(env);
  await client.auth.signInWithPassword({ email: one.email, password: PASSWORD });
  const talktime = createTalktime(client);
  const { seen, watch: running } = watch(talktime);
  await until("the first joins", joined(client));
  assert.deepEqual(seen, [1_000_000]);
  await client.auth.signInWithPassword({ email: other.email, password: PASSWORD });
  await until("the second one's balance shows", () => seen.at(-1) === 2_000_000);
  await until(
    "the second joins",
    () =>
      client.getChannels().some(({ topic, state }) =>
        topic === `realtime:wallet:${other.userId}` && state === "joined"
      ),
  );
  await addCredit(sql, one.userId, 5_000_000);
  await addCredit(sql, other.userId, 500_000);
  await until("the second one's credit shows", () => seen.at(-1) === 2_500_000);
  assert.deepEqual(seen, [1_000_000, 2_000_000, 2_500_000]);
  running.stop();
});
