// Local Realtime speaks with the installed client as hosted Realtime does: messages of the database reach those in the
// channel, and the policies on realtime.messages decide who that is.
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { RealtimeChannel } from "@supabase/supabase-js";
import { RealtimeDatabase } from "../../dev/realtime/database.ts";
import { signJwt } from "../../dev/stack/jwt.ts";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { anonymous, signUp, sql as connect } from "../support/stack.ts";

const dataDir = await Deno.makeTempDir({ prefix: "talktime-" });
const stack: Stack = await startStack({ dataDir, ports: "free", scheduler: false });
const { env } = stack;
const sql = connect(env);
Deno.test.afterAll(async () => {
  await sql.end();
  await stack.stop();
  await Deno.remove(dataDir, { recursive: true });
});

const keyId = JSON.parse(env.JWKS).keys[0].kid as string;

/** The client's timers and socket end with its `realtime.disconnect()`, some a moment later. */
function realtimeTest(name: string, run: () => Promise<void>): void {
  Deno.test({ name, fn: run, sanitizeOps: false, sanitizeResources: false });
}

interface Joined {
  channel: RealtimeChannel;
  /** What the subscription went through. */
  statuses: string[];
  /** Payloads of `event`s heard. */
  heard: Record<string, unknown>[];
}

/** Asks to join and answers when the server has said yes or no. */
async function join(
  client: SupabaseClient,
  topic: string,
  options: { private?: boolean; event?: string } = {},
): Promise<Joined> {
  await client.realtime.setAuth();
  const channel = client.channel(topic, { config: { private: options.private ?? true } });
  const joined: Joined = { channel, statuses: [], heard: [] };
  channel.on("broadcast", { event: options.event ?? "*" }, ({ payload }) => joined.heard.push(payload));
  await new Promise<void>((resolve) =>
    channel.subscribe((status, error) => {
      joined.statuses.push(error ? `${status} ${error.message}` : status);
      resolve();
    })
  );
  return joined;
}

/** Waits until it holds, for at most three seconds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 3_000; performance.now() < end;) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${what}`);
}

const send = (topic: string, payload: Record<string, string>, isPrivate = true) =>
  sql`select realtime.send(${sql.json(payload)}, 'trial', ${topic}, ${isPrivate})`;

/** A client whose every token is this one. */
const bearing = (token: string): SupabaseClient =>
  createClient(env.API_URL, env.PUBLISHABLE_KEY, { accessToken: () => Promise.resolve(token) });

realtimeTest("a change of a wallet reaches its owner within a second, with what it says", async () => {
  const { client, userId } = await signUp(env);
  const { statuses, heard } = await join(client, `wallet:${userId}`, { event: "wallet_changed" });
  assert.deepEqual(statuses, ["SUBSCRIBED"]);
  const began = performance.now();
  await sql`select private.grant_credit(${userId}, 'adjustment', 'adjustment', 5000000, 'adjustment', 'For a test')`;
  await until("the message arrives", () => heard.length > 0);
  assert.ok(performance.now() - began < 1_000);
  const { id, ...facts } = heard.at(-1)!;
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.deepEqual(facts, { balance_micros: 5_000_000, held_micros: 0, status: "active" });
  await client.realtime.disconnect();
});

realtimeTest("nobody joins another person's channel, nor without being signed in", async () => {
  const [owner, other] = [await signUp(env), await signUp(env)];
  for (const client of [other.client, anonymous(env)]) {
    const { statuses, heard } = await join(client, `wallet:${owner.userId}`);
    assert.match(statuses[0]!, /^CHANNEL_ERROR .*Unauthorized/);
    await send(`wallet:${owner.userId}`, { secret: "yes" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(heard, []);
    await client.realtime.disconnect();
  }
});

realtimeTest("a forged, an expired and an odd role's token join nothing", async () => {
  const { userId } = await signUp(env);
  const claims = { sub: userId, role: "authenticated", aud: "authenticated" };
  const now = Math.floor(Date.now() / 1000);
  const tokens = [
    signJwt({ ...claims, exp: now + 600 }, "another secret of at least 32 characters", keyId),
    signJwt({ ...claims, exp: now - 60 }, env.JWT_SECRET, keyId),
    signJwt({ ...claims, role: "postgres", exp: now + 600 }, env.JWT_SECRET, keyId),
  ];
  for (const token of tokens) {
    const client = bearing(token);
    const { statuses } = await join(client, `wallet:${userId}`);
    assert.match(statuses[0]!, /^CHANNEL_ERROR .*InvalidJWTToken/);
    await client.realtime.disconnect();
  }
});

realtimeTest("a socket without a key, or with a wrong one, is not opened", async () => {
  for (const query of ["", "?apikey=wrong"]) {
    const socket = new WebSocket(`${env.API_URL.replace("http", "ws")}/realtime/v1/websocket${query}`);
    const outcome = await new Promise<string>((resolve) => {
      socket.onopen = () => resolve("opened");
      socket.onerror = () => resolve("refused");
    });
    assert.equal(outcome, "refused");
  }
});

realtimeTest(
  "a member hears its own topic only, and public and private messages are kept apart",
  async () => {
    const { client, userId } = await signUp(env);
    const secret = await join(client, `wallet:${userId}`);
    const listener = anonymous(env);
    const open = await join(listener, "news", { private: false });
    assert.deepEqual(open.statuses, ["SUBSCRIBED"]);
    await send(`wallet:${crypto.randomUUID()}`, { for: "nobody" });
    await send("news", { for: "members" }, true);
    await send("news", { for: "everyone" }, false);
    await send(`wallet:${userId}`, { for: "the owner" });
    await until("both arrive", () => open.heard.length > 0 && secret.heard.length > 0);
    assert.deepEqual(open.heard.map((payload) => payload.for), ["everyone"]);
    assert.deepEqual(secret.heard.map((payload) => payload.for), ["the owner"]);
    await Promise.all([client.realtime.disconnect(), listener.realtime.disconnect()]);
  },
);

realtimeTest("a member that left hears nothing more, and can come back", async () => {
  const { client, userId } = await signUp(env);
  const first = await join(client, `wallet:${userId}`);
  await client.removeChannel(first.channel);
  assert.deepEqual(first.statuses, ["SUBSCRIBED", "CLOSED"]);
  await send(`wallet:${userId}`, { number: "1" });
  const second = await join(client, `wallet:${userId}`);
  await send(`wallet:${userId}`, { number: "2" });
  await until("the second arrives", () => second.heard.length > 0);
  assert.deepEqual([first.heard.length, second.heard.map((payload) => payload.number)], [0, ["2"]]);
  await client.realtime.disconnect();
});

realtimeTest("a channel ends with its token, and goes on with a fresh one", async () => {
  const { userId } = await signUp(env);
  const now = Math.floor(Date.now() / 1000);
  const token = (seconds: number) =>
    signJwt({ sub: userId, role: "authenticated", exp: now + seconds }, env.JWT_SECRET, keyId);
  const tokens = { ends: token(2), goesOn: token(2) };
  const [ends, goesOn] = [bearing(tokens.ends), bearing(tokens.goesOn)];
  const [ended, renewed] = [await join(ends, `wallet:${userId}`), await join(goesOn, `wallet:${userId}`)];
  await goesOn.realtime.setAuth(token(600));
  await until("the one without a fresh token is closed", () => ended.statuses.includes("CLOSED"));
  await send(`wallet:${userId}`, { still: "here" });
  await until("the other one hears", () => renewed.heard.length > 0);
  assert.deepEqual(renewed.statuses, ["SUBSCRIBED"]);
  assert.equal(ended.heard.length, 0);
  await Promise.all([ends.realtime.disconnect(), goesOn.realtime.disconnect()]);
});

realtimeTest("the older version of the protocol is spoken too, and heartbeats are answered", async () => {
  const { accessToken, userId } = await signUp(env);
  const url = `${
    env.API_URL.replace("http", "ws")
  }/realtime/v1/websocket?apikey=${env.PUBLISHABLE_KEY}&vsn=1.0.0`;
  const socket = new WebSocket(url);
  const got: { topic: string; event: string; ref: string; payload: Record<string, unknown> }[] = [];
  socket.onmessage = ({ data }) => got.push(JSON.parse(data));
  await new Promise((resolve) => (socket.onopen = resolve));
  const topic = `realtime:wallet:${userId}`;
  const payload = { config: { private: true }, access_token: accessToken };
  socket.send("neither JSON nor a message");
  socket.send(JSON.stringify({ topic: "phoenix", event: "heartbeat", payload: {}, ref: "1" }));
  socket.send(JSON.stringify({ topic, event: "phx_join", payload, ref: "2", join_ref: "2" }));
  await until("both are answered", () => got.length === 2);
  assert.deepEqual(got.map(({ ref, payload }) => [ref, payload.status]), [["1", "ok"], ["2", "ok"]]);
  await send(`wallet:${userId}`, { hello: "there" });
  await until("the message arrives", () => got.length === 3);
  const { event, payload: said } = got[2]!;
  assert.deepEqual([event, said.event, (said.payload as { hello: string }).hello], [
    "broadcast",
    "trial",
    "there",
  ]);
  socket.close();
  await new Promise((resolve) => (socket.onclose = resolve));
});

realtimeTest("a transaction is never aborted by a message, and one rolled back says nothing", async () => {
  const { client, userId } = await signUp(env);
  const { heard } = await join(client, `wallet:${userId}`);
  const [row] = await sql.begin(async (tx) => {
    await tx`select realtime.send('{"no": "topic"}', 'trial', null, true)`;
    return await tx`select 1 as goes_on`;
  });
  assert.equal(row!.goes_on, 1);
  await sql.begin(async (tx) => {
    await tx`select realtime.send('{"n": "taken back"}', 'trial', ${`wallet:${userId}`}, true)`;
    throw new Error("undo");
  }).catch(() => {});
  await send(`wallet:${userId}`, { n: "kept" });
  await until("the kept one arrives", () => heard.length > 0);
  assert.deepEqual(heard.map((payload) => payload.n), ["kept"]);
  await client.realtime.disconnect();
});

realtimeTest("trying whether somebody may join leaves no message behind", async () => {
  const { client, userId } = await signUp(env);
  await join(client, `wallet:${userId}`);
  const [count] =
    await sql`select count(*)::int as n from realtime.messages where topic = ${`wallet:${userId}`}`;
  assert.equal(count!.n, 0);
  await client.realtime.disconnect();
});

realtimeTest(
  "where nobody is in the channel no notification is sent, and commits need not wait",
  async () => {
    const { client, userId } = await signUp(env);
    const topic = `wallet:${userId}`;
    const isOpen = async () =>
      (await asAdmin(`select from realtime.local_topics where topic = '${topic}'`)).length === 1;
    assert.equal(await isOpen(), false);
    const { channel } = await join(client, topic);
    assert.equal(await isOpen(), true);
    await client.removeChannel(channel);
    for (let i = 0; i < 100 && await isOpen(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await isOpen(), false);
    await client.realtime.disconnect();
  },
);

async function asAdmin(statement: string): Promise<unknown[]> {
  const admin = connect({ ...env, DB_URL: env.ADMIN_DB_URL });
  try {
    return await admin.unsafe(statement);
  } finally {
    await admin.end();
  }
}

realtimeTest("messages older than an hour are deleted, so that they do not pile up", async () => {
  const topic = `wallet:${crypto.randomUUID()}`;
  for (const age of ["2 hours", "1 minute"]) {
    await asAdmin(`insert into realtime.messages (topic, extension, event, inserted_at)
      values ('${topic}', 'broadcast', '${age}', now() - interval '${age}')`);
  }
  const database = new RealtimeDatabase(env.ADMIN_DB_URL, { onMessage: () => {}, onLost: () => {} });
  await database.start();
  await database.stop();
  const kept = await sql`select event from realtime.messages where topic = ${topic}`;
  assert.deepEqual(kept.map((row) => row.event), ["1 minute"]);
});

realtimeTest("after Postgres was killed channels are joined anew and messages arrive again", async () => {
  const { client, userId } = await signUp(env);
  const joined = await join(client, `wallet:${userId}`);
  await stack.killPostgres();
  await until(
    "the channel fails",
    () => joined.statuses.some((status) => status.startsWith("CHANNEL_ERROR")),
  );
  await stack.startPostgres();
  for (let i = 0; i < 15 && joined.statuses.at(-1) !== "SUBSCRIBED"; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  assert.equal(joined.statuses.at(-1), "SUBSCRIBED", joined.statuses.join());
  await send(`wallet:${userId}`, { after: "the crash" });
  await until("the message arrives", () => joined.heard.length > 0);
  await client.realtime.disconnect();
});

Deno.test("postgres puts policies on the messages, as on a hosted project, and makes nothing in their schema", async () => {
  const attempt = async (statement: string) => {
    const undo = new Error("undo");
    const error = await sql.begin(async (tx) => {
      await tx.unsafe(statement);
      throw undo;
    }).catch((error) => error);
    return error === undo ? "allowed" : error.code;
  };
  assert.equal(
    await attempt("create policy trial on realtime.messages for select to anon using (false)"),
    "allowed",
  );
  assert.equal(await attempt("create table realtime.trial (id int)"), "42501");
  assert.equal(
    await attempt("create function realtime.trial() returns int language sql as 'select 1'"),
    "42501",
  );
});
