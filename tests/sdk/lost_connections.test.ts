// Real connections that break: before a request arrives, and after it was done but before its answer is back.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { createTalktime, type Talktime } from "../../client-sdk/src/index.ts";
import type { Clock } from "../../client-sdk/src/index.ts";
import { addCredit } from "../support/wallets.ts";
import { type FaultyProxy, startFaultyProxy } from "./support/faulty_proxy.ts";
import { listen } from "./support/listening.ts";
import { beginPurchase, newPerson, returnPages } from "./support/people.ts";
import { accelerated, env, sql, stripe } from "./support/stack.ts";

const NUMBER = "+14155552671";

interface BehindProxy {
  proxy: FaultyProxy;
  userId: string;
  /** Signed in, and every request of it goes through the proxy. */
  connect(clock?: Clock): Talktime;
}

async function withProxy(work: (line: BehindProxy) => Promise<void>): Promise<void> {
  const { userId, accessToken } = await newPerson(env);
  const proxy = await startFaultyProxy(env.API_URL);
  const client = createClient(proxy.url, env.PUBLISHABLE_KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { headers: { Authorization: `Bearer ${accessToken}` } },
  });
  const connect = (clock?: Clock) => createTalktime(client, clock ? { clock } : {});
  try {
    await work({ proxy, userId, connect });
  } finally {
    await proxy.stop();
  }
}

/** Drops the first requests for a target, alternately before and after they are done. */
function dropFirst(times: number, target: string): FaultyProxy["decide"] {
  return (asked) => {
    if (asked !== target || times === 0) return "pass";
    return times-- % 2 ? "drop_answer" : "drop_request";
  };
}

Deno.test("Heartbeats that break are sent again, and the call goes on to its proper end", async () => {
  await withProxy(async ({ proxy, userId, connect }) => {
    await addCredit(sql, userId, 300_000);
    await accelerated(60, async (clock) => {
      const { data: call } = await connect(clock).calls.start(NUMBER);
      const heard = listen(call!);
      await call!.answer();
      proxy.decide = dropFirst(3, "extend_call");
      const { state } = await call!.ended;
      assert.equal(heard.events.filter((line) => line === "error network_error").length, 3);
      assert.equal(heard.events.at(-1), "ended credit_exhausted");
      assert.deepEqual([state.durationSeconds, state.costMicros], [120, 300_000]);
    });
  });
});

Deno.test("Starting, answering and ending over a broken line charges once", async () => {
  await withProxy(async ({ proxy, userId, connect }) => {
    await addCredit(sql, userId, 1_000_000);
    const { calls, balance, history } = connect();
    const callId = crypto.randomUUID();
    proxy.decide = () => "drop_answer";
    assert.equal((await calls.start(NUMBER, { callId })).error?.code, "network_error");
    proxy.decide = () => "pass";
    const { data: call } = await calls.start(NUMBER, { callId });
    assert.equal(call?.state.replayed, true);
    proxy.decide = dropFirst(1, "answer_call");
    assert.equal((await call!.answer()).error, null);
    proxy.decide = dropFirst(1, "end_call");
    assert.equal((await call!.end()).data?.costMicros, 150_000);
    assert.equal((await balance.get()).data?.balanceMicros, 850_000);
    assert.equal((await history.calls()).data?.items.length, 1);
  });
});

Deno.test("A call cut off for good is over on this side at once, and says that it is unconfirmed", async () => {
  await withProxy(async ({ proxy, userId, connect }) => {
    await addCredit(sql, userId, 150_000);
    await accelerated(100, async (clock) => {
      const { data: call } = await connect(clock).calls.start(NUMBER);
      const heard = listen(call!);
      await call!.answer();
      proxy.decide = () => "drop_request";
      const { confirmed } = await call!.ended;
      assert.equal(confirmed, false);
      assert.equal(heard.events.filter((line) => line === "depleted credit").length, 1);
      assert.equal(heard.events.at(-1), "ended unconfirmed");
      // The sweeper settles it without being told, at the last second it knows of.
      await sql`select public.sweep_calls()`;
      proxy.decide = () => "pass";
      const { data: settled } = await connect().calls.get(call!.callId);
      assert.deepEqual([settled?.status, settled?.endReason], ["ended", "heartbeat_lost"]);
      assert.equal(settled?.costMicros, 0);
    });
  });
});

Deno.test("A checkout whose answer breaks off is the same purchase when it is tried again", async () => {
  await withProxy(async ({ proxy, connect }) => {
    const { purchases } = connect();
    proxy.decide = dropFirst(1, "create-checkout");
    const { data, error } = await purchases.checkout("credit_5", returnPages);
    assert.equal(error, null);
    assert.deepEqual(proxy.log, ["create-checkout drop_answer", "create-checkout pass"]);
    assert.deepEqual((await purchases.list()).data?.items.map((item) => item.purchaseId), [
      data!.purchase.purchaseId,
    ]);
  });
});

Deno.test("Waiting for a payment rides out a broken line, and the credit comes once", async () => {
  await withProxy(async ({ proxy, connect }) => {
    const { purchases, balance } = connect();
    const { purchaseId, stripeSessionId } = await beginPurchase(connect());
    await stripe.payCheckout(stripeSessionId!);
    proxy.decide = dropFirst(3, "verify-checkout");
    const { data } = await purchases.waitUntilFinal({ purchaseId }, { intervalMs: 20 });
    assert.equal(data?.purchase.status, "paid");
    assert.equal((await balance.get()).data?.balanceMicros, 10_000_000);
  });
});
