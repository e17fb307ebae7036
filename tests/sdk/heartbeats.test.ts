// Heartbeats are numbered, so that one sent twice counts once and its answer is not lost.
import assert from "node:assert/strict";
import { type CallOptions, createTalktime } from "../../client-sdk/src/index.ts";
import { admin } from "../support/stack.ts";
import { addCredit } from "../support/wallets.ts";
import { listen } from "./support/listening.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { newPerson } from "./support/people.ts";
import { SimulatedCall } from "./support/simulated_call.ts";
import { env, sql } from "./support/stack.ts";

const NUMBER = "+14155552671";

async function answeredCall(affordable: number) {
  const clock = new ManualClock();
  const server = new SimulatedCall(clock, affordable);
  const talktime = createTalktime(server.client, { clock });
  const { data: call } = await talktime.calls.start(NUMBER, { answered: true });
  return { clock, server, talktime, call: call!, heard: listen(call!) };
}

const rises = (numbers: number[]) =>
  numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);

Deno.test("Each heartbeat has a higher number than the one before, also two at the same instant", async () => {
  const { clock, server, call } = await answeredCall(3_000);
  await clock.advance(120_000);
  await call.extend();
  await call.extend();
  assert.equal(server.numbers.length, 6);
  assert.ok(rises(server.numbers), server.numbers.join());
  await call.end();
});

Deno.test("A heartbeat sent again has its number again, and the warning in its lost answer still comes", async () => {
  const { clock, server, call, heard } = await answeredCall(90);
  await clock.advance(29_000);
  server.trip = () => ({ there: 0, back: 0, lost: "answer" });
  await clock.advance(1_500);
  server.trip = () => ({ there: 0, back: 0 });
  await clock.advance(1_000);
  const [first, second, ...others] = server.numbers;
  assert.deepEqual([first === second, others], [true, []]);
  assert.deepEqual(heard.events, ["error network_error", "warning 60"]);
  assert.equal(call.state.replayed, true);
  await clock.advance(60_000);
  assert.ok(rises([...new Set(server.numbers)]));
  assert.deepEqual(heard.events.slice(2), [
    "warning 30",
    "warning 10",
    "depleted credit",
    "ended credit_exhausted",
  ]);
  assert.equal(server.endedAt, server.deadline);
});

Deno.test("An answer given again is as old as it is: the call neither ends late nor misses a heartbeat", async () => {
  const { clock, server, heard, call } = await answeredCall(400);
  await clock.advance(29_500);
  server.trip = () => ({ there: 0, back: 0, lost: "answer" });
  await clock.advance(8_000);
  server.trip = () => ({ there: 0, back: 0 });
  await clock.advance(8_000);
  assert.equal(call.state.replayed, true);
  const beats = server.numbers.length;
  // The heartbeat that counted was at 30 s: the next one is due at 60 s, not 30 s after the late answer.
  await clock.advance(15_000);
  assert.equal(server.numbers.length, beats + 1);
  await clock.advance(400_000);
  assert.equal(server.endedAt, server.deadline);
  assert.ok(heard.ticks.every((left, index) => index === 0 || left === heard.ticks[index - 1]! - 1));
});

Deno.test("extend() after a lost heartbeat is a new question: a top-up counts at once", async () => {
  const { clock, server, call, heard } = await answeredCall(200);
  await clock.advance(29_000);
  server.trip = () => ({ there: 0, back: 0, lost: "answer" });
  await clock.advance(1_500);
  server.trip = () => ({ there: 0, back: 0 });
  server.affordable = 800;
  await call.extend();
  assert.equal(call.state.replayed, undefined);
  assert.deepEqual(heard.events, ["error network_error", "extended 600"]);
  await call.end();
});

Deno.test("A call taken up elsewhere goes on with higher numbers", async () => {
  const { clock, server, talktime, call } = await answeredCall(3_000);
  await clock.advance(40_000);
  await call.extend();
  call.detach();
  await clock.advance(1);
  const { data: resumed } = await talktime.calls.resume("call-1");
  await resumed!.extend();
  await clock.advance(60_000);
  assert.ok(rises(server.numbers), server.numbers.join());
  assert.equal(server.numbers.length, 5);
  await resumed!.end();
});

Deno.test("A call that begins answered is billed at once and tells its first warnings", async () => {
  const { clock, server, call, heard } = await answeredCall(45);
  assert.equal(call.status, "answered");
  await clock.advance(0);
  assert.deepEqual(heard.events, ["warning 60"]);
  await clock.advance(45_000);
  assert.equal(server.endedAt, server.deadline);
  assert.ok(!server.asked.includes("answer_call"));
});

async function serverCall(micros: number, options: CallOptions & { answered?: boolean }) {
  const { userId } = await newPerson(env);
  await addCredit(sql, userId, micros);
  const { calls } = createTalktime(admin(env), { userId });
  const { data: call, error } = await calls.start(NUMBER, options);
  assert.equal(error, null);
  return { call: call!, calls, userId };
}

Deno.test("A heartbeat repeated by number is answered by the database as before", async () => {
  const { call, userId } = await serverCall(1_000_000, { answered: true });
  assert.equal((await call.extend()).data?.replayed, false);
  const [row] =
    await sql`select last_request_number::float8 as number from public.call_logs where user_id = ${userId}`;
  const { data } = await admin(env).rpc("extend_call", {
    ...{ call_id: call.callId, user_id: userId, request_number: row!.number },
  });
  assert.equal(data.replayed, true);
  assert.equal(Date.parse(data.server_time), Date.parse(call.state.serverTime));
  await call.end();
});

Deno.test("The seconds a phone system counts are what is charged when no further heartbeat comes", async () => {
  const { call, userId } = await serverCall(1_000_000, { answered: true, elapsedSeconds: () => 0 });
  assert.equal((await call.extend()).error, null);
  const [row] = await sql`select proven_seconds from public.call_logs where user_id = ${userId}`;
  assert.equal(Number(row!.proven_seconds), 0);
  await call.end();
});

Deno.test("A call that begins answered holds, and costs from its first second", async () => {
  const { call, calls } = await serverCall(1_000_000, { answered: true });
  assert.deepEqual([call.status, call.state.holdMicros], ["answered", 750_000]);
  await call.end();
  const { data } = await calls.explain(call.callId);
  assert.deepEqual([data?.billedSeconds, data?.costMicros, data?.netMicros], [60, 150_000, 150_000]);
});
