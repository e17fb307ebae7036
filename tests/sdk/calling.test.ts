import assert from "node:assert/strict";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { admin } from "../support/stack.ts";
import { addCredit } from "../support/wallets.ts";
import { listen } from "./support/listening.ts";
import { newPerson, type Person } from "./support/people.ts";
import { env, sql } from "./support/stack.ts";

const NUMBER = "+14155552671";

async function personWith(micros: number): Promise<Person> {
  const person = await newPerson(env);
  await addCredit(sql, person.userId, micros);
  return person;
}

Deno.test("An estimate prices a call and reserves nothing", async () => {
  const { talktime } = await personWith(1_000_000);
  const { data } = await talktime.calls.estimate("+1 (415) 555-2671", { durationSeconds: 61 });
  assert.equal(data?.destination, "+1415•••2671");
  assert.equal(data?.rate.perMinuteMicros, 150_000);
  assert.deepEqual([data?.billedSeconds, data?.costMicros], [120, 300_000]);
  assert.deepEqual([data?.maxSeconds, data?.canStart], [360, true]);
  assert.equal((await talktime.balance.get()).data?.heldMicros, 0);
});

Deno.test("A call holds credit, is charged when it ends, and gives the rest back", async () => {
  const { talktime } = await personWith(1_000_000);
  const { data: call } = await talktime.calls.start(NUMBER);
  assert.equal(call?.status, "authorized");
  assert.equal(call?.secondsLeft, 360);
  assert.equal((await talktime.balance.get()).data?.heldMicros, 750_000);

  const { data: answered } = await call!.answer();
  assert.equal(answered?.status, "answered");
  assert.equal(answered?.heartbeatSeconds, 30);

  const { data: ended } = await call!.end();
  assert.deepEqual([ended?.billedSeconds, ended?.costMicros, ended?.endReason], [60, 150_000, "completed"]);
  const { data: balance } = await talktime.balance.get();
  assert.deepEqual([balance?.heldMicros, balance?.availableMicros], [0, 850_000]);
});

Deno.test("A call nobody answered costs nothing", async () => {
  const { talktime } = await personWith(1_000_000);
  const { data: call } = await talktime.calls.start(NUMBER);
  const { data: ended } = await call!.end("busy");
  assert.deepEqual([ended?.costMicros, ended?.endReason], [0, "busy"]);
  assert.equal((await talktime.balance.get()).data?.availableMicros, 1_000_000);
});

Deno.test("Without enough credit there is no call, and the error says how much is missing", async () => {
  const { talktime } = await personWith(149_999);
  const { error } = await talktime.calls.start(NUMBER);
  assert.equal(error?.code, "insufficient_credit");
  assert.equal(error?.status, 402);
  assert.deepEqual(error?.details, { available_micros: 149_999, minimum_micros: 150_000 });
});

Deno.test("A remembered balance decides nothing: whether a call may start is the database's to say", async () => {
  const { talktime, client, userId } = await personWith(750_000);
  assert.equal((await talktime.balance.get()).data?.availableMicros, 750_000);
  const { data: elsewhere } = await createTalktime(client).calls.start(NUMBER);
  assert.equal((await talktime.calls.start(NUMBER)).error?.code, "insufficient_credit");
  assert.equal((await talktime.balance.get()).data?.availableMicros, 0);
  await elsewhere!.end();
  await addCredit(sql, userId, 1);
  const { data: call, error } = await talktime.calls.start(NUMBER);
  assert.equal(error, null);
  await call!.end();
});

Deno.test("The same call id and number are the same call; another number is a conflict", async () => {
  const { talktime } = await personWith(1_000_000);
  const callId = `sip:${crypto.randomUUID()}@pbx`;
  const first = await talktime.calls.start(NUMBER, { callId });
  const second = await talktime.calls.start(NUMBER, { callId });
  assert.equal(first.data?.state.replayed, false);
  assert.equal(second.data?.state.replayed, true);
  first.data?.detach();
  assert.equal((await talktime.calls.start("+442071838750", { callId })).error?.code, "idempotency_conflict");
  await second.data!.end();
  assert.equal((await talktime.calls.start(NUMBER, { callId })).error?.code, "call_ended");
});

Deno.test("A live call can be taken up again elsewhere", async () => {
  const { talktime, client } = await personWith(1_000_000);
  const { data: call } = await talktime.calls.start(NUMBER);
  await call!.answer();
  call!.detach();
  const { data: resumed } = await createTalktime(client).calls.resume(call!.callId);
  assert.equal(resumed?.status, "answered");
  assert.ok(resumed!.secondsLeft > 350 && resumed!.secondsLeft <= 360);
  await resumed!.end();
  const { error } = await talktime.calls.resume(call!.callId);
  assert.equal(error?.code, "call_ended");
  assert.deepEqual(error?.details, { call_id: call!.callId, end_reason: "completed" });
});

Deno.test("Each thing that is wrong with a call has its own code", async () => {
  const { talktime, userId } = await personWith(1_000_000);
  const startError = async (number: string, callId: string = crypto.randomUUID()) =>
    (await talktime.calls.start(number, { callId })).error?.code;
  assert.equal(await startError("911"), "invalid_destination");
  assert.equal(await startError(NUMBER, "no spaces please"), "invalid_call_id");
  assert.equal((await talktime.calls.get("unknown")).error?.code, "call_not_found");
  assert.equal((await talktime.calls.resume("unknown")).error?.code, "call_not_found");
  assert.equal(
    (await talktime.calls.estimate(NUMBER, { durationSeconds: -1 })).error?.code,
    "invalid_request",
  );
  const { data: call } = await talktime.calls.start(NUMBER);
  const { error } = await talktime.calls.get(call!.callId.toUpperCase() + "x");
  assert.equal(error?.code, "call_not_found");
  await call!.end();
  await sql`update public.users set status = 'suspended' where id = ${userId}`;
  assert.equal(await startError(NUMBER), "wallet_suspended");
});

Deno.test("A number that no rate covers is refused", async () => {
  const { talktime, userId } = await personWith(1_000_000);
  const plan = `plan_${crypto.randomUUID().slice(0, 8)}`;
  await sql`insert into public.rate_plans (code, name) values (${plan}, 'Nothing but Italy')`;
  await sql`insert into public.rates (rate_plan, prefix, per_minute_micros, initial_increment_seconds, increment_seconds)
    values (${plan}, '39', 150000, 60, 60)`;
  await sql`update public.users set rate_plan = ${plan} where id = ${userId}`;
  assert.equal((await talktime.calls.start(NUMBER)).error?.code, "destination_not_rated");
  assert.equal((await talktime.calls.estimate("+390612345678")).error, null);
});

Deno.test("A telephony server acts for the user it names, with the duration it measured", async () => {
  const { talktime, userId } = await personWith(1_000_000);
  const server = createTalktime(admin(env), { userId });
  const { data: call } = await server.calls.start(NUMBER, { callId: "asterisk-1" });
  const heard = listen(call!);
  await call!.answer();
  assert.equal((await call!.end("completed", { durationSeconds: 99 })).error?.code, "duration_invalid");
  // The wrong duration was refused, so the call goes on and can be ended with the right one.
  assert.equal(call!.status, "answered");
  assert.equal((await call!.extend()).error, null);
  const { data: ended } = await call!.end("completed", { durationSeconds: 0 });
  assert.deepEqual([ended?.durationSeconds, ended?.costMicros], [0, 0]);
  assert.deepEqual(heard.events, ["error duration_invalid given up", "ended completed"]);
  const { data: page } = await talktime.history.calls();
  assert.deepEqual(page?.items.map((item) => item.callId), ["asterisk-1"]);
});

Deno.test("A telephony server reads one user's history, not everyone's", async () => {
  const [one, other] = await Promise.all([personWith(1_000_000), personWith(2_000_000)]);
  const { history } = createTalktime(admin(env), { userId: one.userId });
  const { data: page } = await history.transactions();
  assert.deepEqual(page?.items.map((item) => item.amountMicros), [1_000_000]);
  // A page long enough to hold more than the one person with the most lines.
  const everyones = createTalktime(admin(env)).history.transactions({ limit: 500 });
  assert.equal((await everyones).error?.code, "forbidden");
  assert.equal((await createTalktime(admin(env)).balance.get()).error?.code, "invalid_request");
  const unknown = createTalktime(admin(env), { userId: crypto.randomUUID() });
  assert.equal((await unknown.balance.get()).error?.code, "user_not_found");
  assert.equal((await other.talktime.balance.get()).data?.balanceMicros, 2_000_000);
});

Deno.test("A signed-in user cannot act for another", async () => {
  const [one, other] = await Promise.all([personWith(1_000_000), personWith(1_000_000)]);
  const { balance, calls, history } = createTalktime(one.client, { userId: other.userId });
  assert.equal((await balance.get()).error?.code, "forbidden");
  assert.equal((await calls.start(NUMBER)).error?.code, "forbidden");
  assert.deepEqual((await history.transactions()).data?.items, []);
});
