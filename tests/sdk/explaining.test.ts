// Why a call cost what it cost, and what has become of that since.
import assert from "node:assert/strict";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { addCredit } from "../support/wallets.ts";
import { newPaidPerson } from "./support/example_context.ts";
import { newPerson } from "./support/people.ts";
import { env, sql } from "./support/stack.ts";

const NUMBER = "+14155552671";

Deno.test("A call explains its price down to the purchase that paid it", async () => {
  const { person, purchaseId } = await newPaidPerson();
  const { calls } = person.talktime;
  const { data: call } = await calls.start(NUMBER, { answered: true });
  const { data: before } = await calls.explain(call!.callId);
  assert.deepEqual([before?.status, before?.costMicros, before?.rounding], ["answered", null, null]);
  await call!.end();
  const { data } = await calls.explain(call!.callId);
  assert.match(data!.sentence, /\+1415•••2671 at \$0\.15 a minute .* billed as 60 s/);
  assert.deepEqual(data?.rounding, {
    numerator: 60 * 150_000,
    denominator: 60,
    mode: data?.rate.roundingMode,
    precisionMicros: data?.rate.precisionMicros,
    roundedMicros: 150_000,
  });
  assert.deepEqual(
    data?.payments.map((
      { amountMicros, source, purchaseId, priceCents },
    ) => [amountMicros, source, purchaseId, priceCents]),
    [[150_000, "paid", purchaseId, 1_000]],
  );
});

Deno.test("A refund shows in the call's state and its explanation", async () => {
  const person = await newPerson(env);
  await addCredit(sql, person.userId, 1_000_000);
  const { calls } = person.talktime;
  const { data: call } = await calls.start(NUMBER, { answered: true });
  await call!.end();
  await sql`select public.refund_call(${person.userId}, ${call!.callId}, 'Bad line', 50000)`;
  const { data: state } = await calls.get(call!.callId);
  assert.deepEqual([state?.refundedMicros, state?.reratedMicros, state?.topUpUrl !== undefined], [
    50_000,
    0,
    true,
  ]);
  const { data: explanation } = await calls.explain(call!.callId);
  assert.deepEqual([explanation?.refundedMicros, explanation?.netMicros], [50_000, 100_000]);
});

Deno.test("On its last credit a call offers the page to add more", async () => {
  const person = await newPerson(env);
  await addCredit(sql, person.userId, 150_000);
  await sql`update private.settings set value = '"https://example.com/credit"' where name = 'top_up_url'`;
  try {
    const { data: call } = await person.talktime.calls.start(NUMBER, { answered: true });
    assert.deepEqual([call?.state.finalUnit, call?.state.topUpUrl], [true, "https://example.com/credit"]);
    await call!.end();
    // With credit to spare it is the day's limit that ends a call, and more credit would not help.
    await addCredit(sql, person.userId, 10_000_000);
    await sql`update public.users set daily_spend_limit_micros = 300_000 where id = ${person.userId}`;
    const { data: limited } = await person.talktime.calls.start(NUMBER, { answered: true });
    const { limitedBy, finalUnit, topUpUrl } = limited!.state;
    assert.deepEqual([limitedBy, finalUnit, topUpUrl], ["daily_limit", false, null]);
    const { data: ended } = await limited!.end("credit_exhausted");
    assert.deepEqual([ended?.endReason, ended?.limitedBy], ["daily_limit", "daily_limit"]);
  } finally {
    await sql`update private.settings set value = 'null' where name = 'top_up_url'`;
  }
});

Deno.test("Somebody else's call is not explained", async () => {
  const [owner, other] = await Promise.all([newPerson(env), newPerson(env)]);
  await addCredit(sql, owner.userId, 1_000_000);
  const { data: call } = await owner.talktime.calls.start(NUMBER);
  assert.equal((await other.talktime.calls.explain(call!.callId)).error?.code, "call_not_found");
  await call!.end();
});

Deno.test("Limits of a wallet are told apart: for a day, for calls at once, and what may be owed", async () => {
  const person = await newPerson(env);
  const { calls, balance } = person.talktime;
  await addCredit(sql, person.userId, 1_000_000);
  await sql`update public.users set max_concurrent_calls = 1, credit_limit_micros = 500000 where id = ${person.userId}`;
  const { data } = await balance.get();
  assert.deepEqual([data?.creditLimitMicros, data?.availableMicros], [500_000, 1_500_000]);
  const { data: call } = await calls.start(NUMBER, { answered: true });
  assert.equal((await calls.start(NUMBER)).error?.code, "too_many_calls");
  await call!.end();
  await sql`update public.users set daily_spend_limit_micros = 100000 where id = ${person.userId}`;
  const { error } = await createTalktime(person.client).calls.start(NUMBER);
  assert.equal(error?.code, "daily_limit_reached");
  assert.match(error!.message, /limit for today/);
});
