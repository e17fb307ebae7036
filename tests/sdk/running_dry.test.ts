// Whole calls at sixty times the speed, on a database whose clock runs as fast.
import assert from "node:assert/strict";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { addCredit } from "../support/wallets.ts";
import { listen } from "./support/listening.ts";
import { newPerson } from "./support/people.ts";
import { accelerated, env, sql } from "./support/stack.ts";

const NUMBER = "+14155552671";
const SPEED = 60;

/** The last request is on its way for a moment, which counts sixty times over here: half a real second of it is allowed. */
const ON_ITS_WAY = SPEED / 2;

/** Waits until `holds`, for at most ten real seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    assert.ok(waited < 10_000, "waited too long");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("Three minutes of credit are three minutes of talk, with every warning, and not a micro more", async () => {
  const { client, userId } = await newPerson(env);
  await addCredit(sql, userId, 450_000);
  await accelerated(SPEED, async (clock) => {
    const talktime = createTalktime(client, { clock });
    const { data: call } = await talktime.calls.start(NUMBER);
    const heard = listen(call!);
    await call!.answer();
    const { state, confirmed } = await call!.ended;

    assert.deepEqual(heard.events, [
      "warning 60",
      "warning 30",
      "warning 10",
      "depleted credit",
      "ended credit_exhausted",
    ]);
    assert.equal(confirmed, true);
    assert.deepEqual([state.durationSeconds, state.billedSeconds, state.costMicros], [180, 180, 450_000]);
    assert.ok(state.unbilledSeconds < ON_ITS_WAY);
    assert.ok(heard.ticks.length > 60, `${heard.ticks.length} ticks`);
    assert.ok(heard.ticks.every((left, index) => index === 0 || left < heard.ticks[index - 1]!));
    const { data: balance } = await talktime.balance.get();
    assert.deepEqual([balance?.availableMicros, balance?.heldMicros], [0, 0]);
  });
});

Deno.test("A top-up in the middle of a call lifts it, and the talk goes on until that is used up too", async () => {
  const { client, userId } = await newPerson(env);
  await addCredit(sql, userId, 150_000);
  await accelerated(SPEED / 2, async (clock) => {
    const { calls, history } = createTalktime(client, { clock });
    const { data: call } = await calls.start(NUMBER);
    const heard = listen(call!);
    await call!.answer();
    await until(() => heard.events.includes("warning 30"));
    await addCredit(sql, userId, 150_000);
    const { data: extended } = await call!.extend();
    assert.equal(extended?.authorizedSeconds, 120);
    const { state } = await call!.ended;

    // A second more or less is rounding: the answer may have been quicker than any before.
    assert.deepEqual(heard.events.map((line) => line.replace(/^extended (59|60|61)$/, "extended")), [
      "warning 60",
      "warning 30",
      "extended",
      "warning 60",
      "warning 30",
      "warning 10",
      "depleted credit",
      "ended credit_exhausted",
    ]);
    assert.deepEqual([state.billedSeconds, state.costMicros], [120, 300_000]);
    const { data: page } = await history.statement();
    assert.deepEqual(page?.items.map((item) => item.amountMicros), [-300_000, 150_000, 150_000]);
  });
});

Deno.test("A call hung up after a minute and a half pays for two minutes, or for the second it stopped", async () => {
  for (const [plan, seconds] of [["standard", 120], ["prorated", 0]] as const) {
    const { client, userId } = await newPerson(env);
    await sql`update public.users set rate_plan = ${plan} where id = ${userId}`;
    await addCredit(sql, userId, 10_000_000);
    await accelerated(SPEED, async (clock) => {
      const { data: call } = await createTalktime(client, { clock }).calls.start(NUMBER);
      await call!.answer();
      await until(() => call!.elapsedSeconds >= 90);
      const { data: state } = await call!.end();
      const talked = state!.durationSeconds!;
      assert.ok(talked >= 90 && talked < 110, `${talked} s`);
      assert.equal(state?.billedSeconds, seconds || talked);
      assert.equal(state?.costMicros, (seconds || talked) * 2_500);
    });
  }
});

Deno.test("Two calls share one wallet, and neither talks past what is there", async () => {
  const { client, userId } = await newPerson(env);
  await addCredit(sql, userId, 450_000);
  await accelerated(SPEED, async (clock) => {
    const { calls, balance } = createTalktime(client, { clock });
    const [first, second] = [(await calls.start(NUMBER)).data!, (await calls.start(NUMBER)).error];
    // The first call's hold takes all there is.
    assert.equal(second?.code, "insufficient_credit");
    await first.answer();
    await addCredit(sql, userId, 150_000);
    const other = (await calls.start("+442071838750")).data!;
    await other.answer();
    const ends = await Promise.all([first.ended, other.ended]);
    assert.ok(ends.every(({ state }) => state.unbilledSeconds < ON_ITS_WAY));
    assert.equal(ends.reduce((sum, { state }) => sum + state.costMicros!, 0), 600_000);
    assert.equal((await balance.get()).data?.balanceMicros, 0);
  });
});
