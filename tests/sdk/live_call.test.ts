import assert from "node:assert/strict";
import { createTalktime, type LiveCall } from "../../client-sdk/src/index.ts";
import { type Heard, listen } from "./support/listening.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { SimulatedCall } from "./support/simulated_call.ts";

interface Line {
  clock: ManualClock;
  server: SimulatedCall;
  call: LiveCall;
  heard: Heard;
}

/** A call that may talk for so many seconds, ringing or answered. */
async function callFor(
  affordable: number,
  options: { answered?: boolean; limit?: SimulatedCall["limit"] } = {},
): Promise<Line> {
  const clock = new ManualClock();
  const server = new SimulatedCall(clock, affordable);
  server.limit = options.limit ?? "credit";
  const { data: call, error } = await createTalktime(server.client, { clock }).calls.start("+14155552671");
  assert.equal(error, null);
  const heard = listen(call!);
  if (options.answered ?? true) assert.equal((await call!.answer()).error, null);
  return { clock, server, call: call!, heard };
}

const lose = (lost: "request" | "answer") => () => ({ there: 0, back: 0, lost });
const countdown = (from: number, to = 0) => Array.from({ length: from - to + 1 }, (_, index) => from - index);

Deno.test("A call that is never topped up warns, counts down each second and ends at its deadline", async () => {
  const { clock, call, heard, server } = await callFor(120);
  await clock.advance(200_000);
  assert.deepEqual(heard.events, [
    "warning 60",
    "warning 30",
    "warning 10",
    "depleted credit",
    "ended credit_exhausted",
  ]);
  assert.deepEqual(heard.ticks, countdown(119));
  assert.equal(server.endedAt, server.deadline);
  assert.equal(call.status, "ended");
  assert.equal(call.secondsLeft, 0);
  assert.equal(clock.waiting, 0);
});

Deno.test("A call that another limit than credit stops says which, and that more credit would not help", async () => {
  for (const limit of ["time_limit", "daily_limit"] as const) {
    const { clock, call, heard, server } = await callFor(120, { limit });
    assert.deepEqual([call.state.limitedBy, call.state.finalUnit], [limit, false]);
    await clock.advance(200_000);
    assert.deepEqual(heard.events.slice(-2), [`depleted ${limit}`, `ended ${limit}`]);
    assert.equal(server.endedAt, server.deadline);
    assert.equal(server.asked.at(-1), "end_call");
  }
});

Deno.test("A call hung up in time is not depleted, even where the server could not be told", async () => {
  const { clock, call, heard, server } = await callFor(120);
  await clock.advance(61_000);
  assert.equal(call.state.limitedBy, "credit");
  server.trip = lose("request");
  const ended = call.end();
  await clock.advance(60_000);
  assert.equal((await ended).error?.code, "network_error");
  assert.equal(heard.events.at(-1), "ended unconfirmed");
  assert.ok(!heard.events.some((line) => line.startsWith("depleted")));
});

Deno.test("Warnings come on their second", async () => {
  const { clock, call } = await callFor(120);
  const warned: [number, number][] = [];
  call.on("warning", ({ thresholdSeconds, secondsLeft }) => warned.push([thresholdSeconds, secondsLeft]));
  await clock.advance(200_000);
  assert.deepEqual(warned, [[60, 60], [30, 30], [10, 10]]);
});

Deno.test("A long call is kept alive by its heartbeats and shows all the talk time there is", async () => {
  const { clock, call, heard, server } = await callFor(4_000);
  assert.equal(call.secondsLeft, 4_000);
  await clock.advance(600_500);
  assert.equal(call.secondsLeft, 3_399);
  assert.equal(call.elapsedSeconds, 600);
  assert.equal(server.asked.filter((name) => name === "extend_call").length, 20);
  assert.deepEqual(heard.events, []);
  assert.deepEqual(heard.ticks, countdown(3_999, 3_399));
  await call.end();
  assert.deepEqual(heard.events, ["ended completed"]);
});

Deno.test("The deadline holds whatever the device's own clock says", async () => {
  const realNow = Date.now;
  try {
    Date.now = () => 0;
    const { clock, server, heard } = await callFor(90);
    Date.now = () => 9e15;
    await clock.advance(120_000);
    assert.equal(server.endedAt, server.deadline);
    assert.equal(heard.events.at(-1), "ended credit_exhausted");
  } finally {
    Date.now = realNow;
  }
});

Deno.test("Slow answers never make the call end late, and do not make the time left jump", async () => {
  const { clock, server, call, heard } = await callFor(400);
  server.trip = () => ({ there: 200, back: 2_500 });
  await clock.advance(500_000);
  assert.ok(server.localTime(server.endedAt!) <= server.localTime(server.deadline) + 200);
  assert.deepEqual(heard.ticks, countdown(399));
  assert.equal(call.state.endReason, "credit_exhausted");
});

Deno.test("Heartbeats that get lost are sent again, faster at first, and the call goes on", async () => {
  const { clock, server, call, heard } = await callFor(3_000);
  server.trip = lose("request");
  await clock.advance(60_000);
  // Due at 30 s, then 1, 2, 4, 8 and 16 seconds later.
  assert.deepEqual(heard.events, Array(5).fill("error network_error"));
  server.trip = () => ({ there: 0, back: 0 });
  await clock.advance(30_000);
  assert.equal(heard.events.length, 5);
  assert.equal(call.status, "answered");
  server.trip = lose("request");
  await clock.advance(3_000);
  // The first success is forgotten trouble: the next loss is tried again after a second, not after sixteen.
  assert.equal(heard.events.length, 7);
  server.trip = () => ({ there: 0, back: 0 });
  assert.ok(server.authorized > 300);
  await call.end();
});

Deno.test("A heartbeat whose answer is lost is simply sent again", async () => {
  const { clock, server, heard, call } = await callFor(1_000);
  let losses = 3;
  server.trip = () => ({ there: 0, back: 0, lost: losses-- > 0 ? "answer" : undefined });
  await clock.advance(400_000);
  assert.deepEqual(heard.events, Array(3).fill("error network_error"));
  assert.deepEqual(heard.ticks, countdown(999, 600));
  await call.end();
});

Deno.test("A call cut off from the server ends at the deadline, unconfirmed, and says so once", async () => {
  const { clock, server, heard, call } = await callFor(3_000);
  server.trip = lose("request");
  await clock.advance(299_000);
  assert.deepEqual([...new Set(heard.events)], ["error network_error"]);
  await clock.advance(1_000);
  assert.equal(heard.events.at(-2), "depleted connection");
  await clock.advance(600_000);
  const last = heard.events.slice(heard.events.indexOf("depleted connection"));
  assert.deepEqual(last, [
    "depleted connection",
    ...Array(4).fill("error network_error"),
    "error network_error given up",
    "ended unconfirmed",
  ]);
  assert.equal(call.status, "ended");
  assert.equal(clock.waiting, 0);
});

Deno.test("An end that could not be reported can be reported later, without a second ended", async () => {
  const { clock, server, heard, call } = await callFor(3_000);
  server.trip = lose("request");
  const first = call.end();
  await clock.advance(60_000);
  assert.equal((await first).error?.code, "network_error");
  server.trip = () => ({ there: 0, back: 0 });
  const { data: state } = await call.end();
  assert.equal(state?.endReason, "completed");
  assert.equal(call.state.status, "ended");
  assert.equal(heard.events.filter((line) => line.startsWith("ended")).length, 1);
});

Deno.test("An end whose answers get lost is reported until it is confirmed", async () => {
  const { clock, server, heard, call } = await callFor(3_000);
  let losses = 3;
  server.trip = () => ({ there: 0, back: 0, lost: losses-- > 0 ? "answer" : undefined });
  const ending = call.end();
  await clock.advance(20_000);
  assert.equal((await ending).error, null);
  assert.equal(heard.events.at(-1), "ended completed");
});

Deno.test("An answer that gets lost is reported again, so that nobody talks for nothing", async () => {
  const { clock, server, call } = await callFor(300, { answered: false });
  let losses = 2;
  server.trip = (name) => ({
    there: 0,
    back: 0,
    lost: name === "answer_call" && losses-- > 0 ? "request" : undefined,
  });
  const answering = call.answer();
  await clock.advance(5_000);
  assert.equal((await answering).error, null);
  assert.equal(call.status, "answered");
  await call.end();
});

Deno.test("A top-up lifts the time left at the next heartbeat, and warns again when it is used up again", async () => {
  const { clock, server, heard } = await callFor(100);
  await clock.advance(75_000);
  server.affordable += 120;
  await clock.advance(200_000);
  assert.deepEqual(heard.events, [
    "warning 60",
    "warning 30",
    "extended 120",
    "warning 60",
    "warning 30",
    "warning 10",
    "depleted credit",
    "ended credit_exhausted",
  ]);
});

Deno.test("A top-up in the very last seconds still counts", async () => {
  const { clock, server, heard } = await callFor(100);
  await clock.advance(95_000);
  server.affordable += 60;
  await clock.advance(4_000);
  assert.equal(heard.events.at(-1), "extended 60");
  await clock.advance(100_000);
  assert.equal(server.endedAt! - server.answeredAt!, 160_000);
});

Deno.test("extend() makes a top-up count at once, also while a heartbeat hangs", async () => {
  const { clock, server, call, heard } = await callFor(100);
  server.trip = () => ({ there: 600_000, back: 0 });
  await clock.advance(41_000);
  server.affordable += 60;
  server.trip = () => ({ there: 0, back: 0 });
  const { data: state } = await call.extend();
  assert.equal(state?.secondsLeft, 119);
  assert.deepEqual(heard.events, ["extended 60"]);
  await call.end();
});

Deno.test("A call that someone else ended is noticed, with how it ended", async () => {
  const { clock, server, heard, call } = await callFor(3_000);
  await clock.advance(10_000);
  server.end("heartbeat_lost");
  await clock.advance(30_000);
  assert.deepEqual(heard.events, ["ended heartbeat_lost"]);
  assert.equal((await call.ended).confirmed, true);
  assert.equal(clock.waiting, 0);
});

Deno.test("A call that the server cut off for lack of credit is depleted before it is ended", async () => {
  const { clock, server, heard } = await callFor(3_000);
  await clock.advance(10_000);
  server.end("credit_exhausted");
  await clock.advance(30_000);
  assert.deepEqual(heard.events, ["depleted credit", "ended credit_exhausted"]);
  const late = await callFor(3_000, { limit: "time_limit" });
  late.server.end("time_limit");
  await late.clock.advance(30_000);
  assert.deepEqual(late.heard.events, ["depleted time_limit", "ended time_limit"]);
});

Deno.test("Answering a call that is already over tells that it ended", async () => {
  const { server, call, heard } = await callFor(300, { answered: false });
  server.end("no_answer");
  assert.equal((await call.answer()).error?.code, "call_ended");
  await call.ended;
  assert.deepEqual(heard.events, ["ended no_answer"]);
});

Deno.test("While it rings nothing is counted down, and an answer given elsewhere is noticed", async () => {
  const { clock, server, call, heard } = await callFor(300, { answered: false });
  await clock.advance(12_000);
  assert.deepEqual(heard.lines, []);
  assert.equal(call.secondsLeft, 300);
  assert.deepEqual(server.asked, ["start_call", "get_call", "get_call"]);
  server.status = "answered";
  server.answeredAt = server.now;
  await clock.advance(10_000);
  assert.equal(call.status, "answered");
  assert.equal(heard.ticks.at(-1), 290);
  await call.end();
});

Deno.test("A question that hangs while it rings does not spin", async () => {
  const { clock, server, call } = await callFor(300, { answered: false });
  server.trip = () => ({ there: 20_000, back: 0 });
  await clock.advance(19_000);
  assert.deepEqual(server.asked, ["start_call", "get_call"]);
  server.trip = () => ({ there: 0, back: 0 });
  await call.end();
});

Deno.test("Ending twice is one request and one ended", async () => {
  const { server, call, heard } = await callFor(300);
  const [first, second] = await Promise.all([call.end(), call.end("failed")]);
  assert.equal(first, second);
  assert.equal(server.asked.filter((name) => name === "end_call").length, 1);
  assert.deepEqual(heard.events, ["ended completed"]);
});

Deno.test("Ending does not wait for a heartbeat that hangs", async () => {
  const { clock, server, call, heard } = await callFor(300);
  server.trip = (name) => ({ there: name === "extend_call" ? 600_000 : 0, back: 0 });
  await clock.advance(31_000);
  assert.equal((await call.end()).error, null);
  assert.deepEqual(heard.events, ["ended completed"]);
});

Deno.test("A call nobody answered is canceled when it is ended", async () => {
  const { call, heard } = await callFor(300, { answered: false });
  await call.end();
  assert.deepEqual(heard.events, ["ended canceled"]);
});

Deno.test("After the end, nothing can be asked of the call", async () => {
  const { server, call } = await callFor(300);
  await call.end();
  const asked = server.asked.length;
  assert.equal((await call.extend()).data?.status, "ended");
  assert.equal((await call.answer()).data?.status, "ended");
  assert.equal(server.asked.length, asked);
});

Deno.test("Leaving its block ends the call", async () => {
  const line = await callFor(300);
  {
    await using call = line.call;
    assert.equal(call.status, "answered");
  }
  assert.equal(line.server.status, "ended");
  assert.deepEqual(line.heard.events, ["ended completed"]);
});

Deno.test("A detached call is left alone and goes on elsewhere", async () => {
  const { clock, server, call, heard } = await callFor(300);
  call.detach();
  const asked = server.asked.length;
  await clock.advance(100_000);
  assert.equal(server.asked.length, asked);
  assert.equal(clock.waiting, 0);
  const { data: resumed } = await createTalktime(server.client, { clock }).calls.resume(call.callId);
  assert.equal(resumed?.secondsLeft, 200);
  await resumed!.end();
  assert.deepEqual(heard.events, []);
});

Deno.test("A listener that throws is reported and does not stop the call", async () => {
  const reported: string[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  globalThis.addEventListener("error", onError);
  try {
    const { clock, call, heard } = await callFor(90);
    call.on("warning", ({ thresholdSeconds }) => {
      throw new Error(`listener of ${thresholdSeconds}`);
    });
    await clock.advance(100_000);
    assert.deepEqual(reported, ["listener of 60", "listener of 30", "listener of 10"]);
    assert.equal(heard.events.at(-1), "ended credit_exhausted");
  } finally {
    globalThis.removeEventListener("error", onError);
  }
});

Deno.test("A listener can be removed", async () => {
  const { clock, call } = await callFor(300);
  let ticks = 0;
  const stop = call.on("tick", () => ticks++);
  await clock.advance(3_500);
  stop();
  await clock.advance(10_000);
  assert.equal(ticks, 4);
  await call.end();
});

Deno.test("A listener may end the call it listens to", async () => {
  const { clock, call, heard } = await callFor(300);
  call.on("tick", ({ secondsLeft }) => {
    if (secondsLeft <= 290) void call.end();
  });
  await clock.advance(100_000);
  assert.equal(heard.ticks.at(-1), 290);
  assert.deepEqual(heard.events, ["ended completed"]);
});
