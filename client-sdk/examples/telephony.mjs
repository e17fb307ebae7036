// A telephony server's side of prepaid calls: a phone system (Asterisk, FreeSWITCH, …) asks before it dials, reports the
// answer and the end, and is told when to hang up.
//
//   TALKTIME_URL=http://127.0.0.1:54321 TALKTIME_SECRET_KEY=sb_secret_… HANGUP_URL=http://pbx/hangup node telephony.mjs
//
//   POST /calls            {"user_id", "call_id", "destination"}   → 200 {"seconds"}, 402 without credit
//   POST /calls/ID/answer
//   POST /calls/ID/end     {"reason", "duration_seconds"}          → 200 {"cost_micros"}
import { createServer } from "node:http";
import process from "node:process";
import { createClient } from "@supabase/supabase-js";
import { createTalktime, formatMoney } from "@talktime/client";

const { TALKTIME_URL, TALKTIME_SECRET_KEY, HANGUP_URL, PORT = "8090" } = process.env;
const supabase = createClient(TALKTIME_URL, TALKTIME_SECRET_KEY, { auth: { persistSession: false } });

/** The calls this process keeps alive, by their id. */
const live = new Map();

/** Asks whether the call may be made, and keeps it alive from then on. */
async function authorize({ user_id, call_id, destination }) {
  const talktime = createTalktime(supabase, { userId: user_id });
  const { data: call, error } = await talktime.calls.start(destination, { callId: call_id });
  if (error) return refuse(error);
  live.set(call.callId, call);
  call.on("depleted", () => hangUp(call.callId));
  call.on("ended", ({ state }) => {
    live.delete(call.callId);
    const cost = state.costMicros === null
      ? "not settled yet"
      : formatMoney(state.costMicros, { locale: "en-US" });
    console.log(`${call.callId} to ${state.destination}: ${state.endReason}, ${cost}`);
  });
  return { status: 200, body: { call_id: call.callId, seconds: call.secondsLeft } };
}

async function answer(call) {
  const { data, error } = await call.answer();
  return error ? refuse(error) : { status: 200, body: { seconds: data.secondsLeft } };
}

async function end(call, { reason, duration_seconds }) {
  const { data, error } = await call.end(reason, { durationSeconds: duration_seconds });
  return error ? refuse(error) : { status: 200, body: { cost_micros: data.costMicros } };
}

/** Tells the phone system that the credit is used up. */
async function hangUp(callId) {
  await fetch(HANGUP_URL, { method: "POST", body: JSON.stringify({ call_id: callId }) }).catch(
    ({ message }) => {
      console.error(`${callId}: the phone system cannot be told to hang up: ${message}`);
    },
  );
}

const refuse = ({ status, code, message }) => ({ status: status || 503, body: { code, message } });

async function handle({ method, url }, body) {
  const [, calls, callId, action] = url.split("/");
  if (method !== "POST" || calls !== "calls") return { status: 404, body: {} };
  if (!callId) return await authorize(body);
  const call = live.get(decodeURIComponent(callId));
  if (!call) return { status: 404, body: { code: "call_not_found" } };
  return await (action === "answer" ? answer(call) : end(call, body));
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  const answered = await handle(request, body);
  response.writeHead(answered.status, { "content-type": "application/json" });
  response.end(JSON.stringify(answered.body));
});
server.listen(
  Number(PORT),
  "127.0.0.1",
  () => console.log(`Listening on http://127.0.0.1:${server.address().port}`),
);
