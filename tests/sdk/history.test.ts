import assert from "node:assert/strict";
import type { PageOptions, PageRequest, Result } from "../../client-sdk/src/index.ts";
import { admin } from "../support/stack.ts";
import { createTalktime } from "../../client-sdk/src/index.ts";
import { addCredit } from "../support/wallets.ts";
import { beginPurchase, buy, newPerson, type Person } from "./support/people.ts";
import { env, sql } from "./support/stack.ts";

const NUMBER = "+14155552671";

/** Walks a list page by page, as a page with a "more" button does. */
async function pages<T>(list: (options: PageOptions) => PageRequest<T>, limit: number): Promise<T[][]> {
  const found: T[][] = [];
  let cursor: string | null = null;
  do {
    const { data, error }: Awaited<PageRequest<T>> = await list({ limit, cursor });
    assert.equal(error, null);
    found.push(data!.items);
    cursor = data!.next;
  } while (cursor !== null);
  return found;
}

async function walked<T>(all: AsyncIterable<Result<T>>): Promise<T[]> {
  const items: T[] = [];
  for await (const { data, error } of all) {
    assert.equal(error, null);
    items.push(data!);
  }
  return items;
}

async function personWithCalls(count: number): Promise<Person> {
  const person = await newPerson(env);
  await addCredit(sql, person.userId, 10_000_000);
  const trusted = createTalktime(admin(env), { userId: person.userId });
  for (let index = 0; index < count; index++) {
    const { data: call } = await trusted.calls.start(NUMBER, {
      callId: `call.${index},(a)"b"`.replace(/[^\w.:@-]/g, "-"),
    });
    await call!.answer();
    await call!.end();
  }
  return person;
}

Deno.test("Lines, calls and statement come newest first, page by page, each once", async () => {
  const { talktime: { history } } = await personWithCalls(5);
  const transactions = await pages((options) => history.transactions(options), 2);
  assert.deepEqual(transactions.map((page) => page.map((item) => item.line)), [[6, 5], [4, 3], [2, 1]]);

  const calls = await pages((options) => history.calls(options), 2);
  const ids = calls.flat().map((call) => call.callId);
  assert.deepEqual(calls.map((page) => page.length), [2, 2, 1]);
  assert.deepEqual(ids.map((id) => id[5]), ["4", "3", "2", "1", "0"]);

  const statement = await pages((options) => history.statement(options), 4);
  assert.deepEqual(statement.map((page) => page.map((item) => item.line)), [[6, 5, 4, 3], [2, 1]]);
});

Deno.test("all() walks everything across pages, and the pages stay put while new lines arrive", async () => {
  const { talktime: { history, calls }, userId } = await personWithCalls(4);
  const lines: number[] = [];
  for await (const { data } of history.transactions({ limit: 2 }).all()) {
    lines.push(data!.line);
    if (lines.length === 2) await addCredit(sql, userId, 1_000_000);
  }
  assert.deepEqual(lines, [5, 4, 3, 2, 1]);
  assert.equal((await walked(history.calls({ limit: 3 }).all())).length, 4);
  assert.equal((await walked(history.statement({ limit: 3 }).all())).length, 6);
  assert.equal((await calls.estimate(NUMBER)).error, null);
});

Deno.test("Calls that began at the same instant are neither skipped nor repeated", async () => {
  const { talktime: { history }, userId } = await personWithCalls(6);
  await sql`update public.call_logs set started_at = (select min(started_at) from public.call_logs where user_id = ${userId})
    where user_id = ${userId}`;
  const ids = (await walked(history.calls({ limit: 2 }).all())).map((call) => call.callId);
  assert.equal(new Set(ids).size, 6);
  assert.deepEqual(ids, ids.toSorted());
});

Deno.test("A statement explains a charge: the call, its rate and the payment that paid for it", async () => {
  const { talktime } = await newPerson(env);
  const purchase = await buy(env, talktime);
  const { data: call } = await talktime.calls.start(NUMBER);
  await call!.answer();
  await call!.end();
  const [charge, credit] = await walked(talktime.history.statement().all());
  assert.equal(charge?.kind, "call");
  assert.equal(charge?.amountMicros, -150_000);
  assert.equal(charge?.balanceAfterMicros, 9_850_000);
  assert.equal(charge?.call?.destination, "+1415•••2671");
  assert.equal(charge?.call?.billedSeconds, 60);
  assert.equal(charge?.call?.increments, "60/60");
  assert.deepEqual(
    charge?.grants.map(({ amountMicros, paymentIntentId }) => [amountMicros, paymentIntentId]),
    [
      [-150_000, purchase.paymentIntentId],
    ],
  );
  assert.equal(credit?.kind, "purchase");
  assert.equal(credit?.purchaseId, purchase.purchaseId);
  assert.equal(credit?.call, null);
});

Deno.test("Purchases come in pages too", async () => {
  const { talktime } = await newPerson(env);
  const begun = [];
  for (const code of ["credit_5", "credit_10", "credit_20"]) begun.push(await beginPurchase(talktime, code));
  const listed = await pages((options) => talktime.purchases.list(options), 2);
  assert.deepEqual(listed.map((page) => page.map((item) => item.packageCode)), [["credit_20", "credit_10"], [
    "credit_5",
  ]]);
  assert.equal(listed.flat()[0]?.checkoutUrl, begun[2]?.checkoutUrl);
});

Deno.test("A walk that meets an error yields it as its last result", async () => {
  const { talktime: { history } } = await personWithCalls(2);
  const results: string[] = [];
  for await (const { error } of history.statement({ limit: 1, cursor: "nonsense" }).all()) {
    results.push(error?.code ?? "item");
  }
  assert.deepEqual(results, ["invalid_request"]);
});

Deno.test("A live call is in the history without an end or a price yet", async () => {
  const { talktime, userId } = await newPerson(env);
  await addCredit(sql, userId, 1_000_000);
  await using call = (await talktime.calls.start(NUMBER)).data!;
  const { data: page } = await talktime.history.calls();
  const [live] = page!.items;
  assert.equal(live?.callId, call.callId);
  assert.deepEqual([live?.status, live?.endReason, live?.costMicros], ["authorized", null, null]);
});
