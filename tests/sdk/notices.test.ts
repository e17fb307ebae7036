import assert from "node:assert/strict";
import { createTalktime, toMicros } from "../../client-sdk/src/index.ts";
import { admin } from "../support/stack.ts";
import { newPerson, type Person } from "./support/people.ts";
import { env, sql } from "./support/stack.ts";

async function tell({ userId }: Person, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    const payload = sql.json({ amount_cents: index, currency: "usd", clawed_back_micros: 0 });
    await sql`select private.notify_user(${userId}, 'refund', ${`n${index}`}, ${payload})`;
  }
}

Deno.test("Notices come newest first, page by page, each once, and only one's own", async () => {
  const [person, other] = [await newPerson(env), await newPerson(env)];
  await tell(person, 5);
  await tell(other, 1);
  const { notices } = person.talktime;
  const seen: unknown[] = [];
  for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
    const { data, error } = await notices.list({ limit: 2, cursor });
    assert.equal(error, null);
    seen.push(data!.items.map(({ payload }) => payload.amountCents));
    cursor = data!.next;
  }
  assert.deepEqual(seen, [[5, 4], [3, 2], [1]]);
  const [newest] = (await notices.list({ limit: 1 })).data!.items;
  const { noticeId, createdAt, ...rest } = newest!;
  assert.ok(noticeId > 0 && Number.isFinite(Date.parse(createdAt)));
  assert.deepEqual(rest, {
    userId: person.userId,
    kind: "refund",
    payload: { amountCents: 5, currency: "usd", clawedBackMicros: 0 },
  });
  let count = 0;
  for await (const { error } of notices.list({ limit: 2 }).all()) count += error ? 0 : 1;
  assert.equal(count, 5);
});

Deno.test("Preferences keep what is not named, and a server changes them for the person it names", async () => {
  const person = await newPerson(env);
  const { notices } = person.talktime;
  const first = await notices.preferences();
  assert.deepEqual(first.data, {
    userId: person.userId,
    lowBalance: true,
    callCutOff: true,
    creditExpiring: true,
    referralRewarded: true,
    lowBalanceThresholdMicros: null,
  });
  const changed = await notices.setPreferences({ lowBalanceThresholdMicros: toMicros(5_000_000) });
  assert.equal(changed.data?.lowBalanceThresholdMicros, 5_000_000);
  const trusted = createTalktime(admin(env), { userId: person.userId });
  assert.equal(
    (await trusted.notices.setPreferences({ callCutOff: false, referralRewarded: false })).error,
    null,
  );
  assert.deepEqual((await notices.preferences()).data, {
    userId: person.userId,
    lowBalance: true,
    callCutOff: false,
    creditExpiring: true,
    referralRewarded: false,
    lowBalanceThresholdMicros: 5_000_000,
  });
});

Deno.test("Somebody else's preferences and impossible ones are refused", async () => {
  const [person, other] = [await newPerson(env), await newPerson(env)];
  const meddling = createTalktime(person.client, { userId: other.userId });
  assert.equal((await meddling.notices.setPreferences({ lowBalance: false })).error?.code, "forbidden");
  assert.equal((await meddling.notices.preferences()).error?.code, "forbidden");
  const negative = { lowBalanceThresholdMicros: -1 as ReturnType<typeof toMicros> };
  const { error } = await person.talktime.notices.setPreferences(negative);
  assert.deepEqual([error?.code, error?.details?.parameter], [
    "invalid_request",
    "low_balance_threshold_micros",
  ]);
  assert.equal((await other.talktime.notices.preferences()).data?.lowBalance, true);
});
