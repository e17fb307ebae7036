// One balance for the whole client: what it asks, how often, and what it can do without asking.
import assert from "node:assert/strict";
import { settle } from "./support/manual_clock.ts";
import { WatchedWallet } from "./support/watched_wallet.ts";

const withoutRealtime = () => new WatchedWallet({ realtime: false });

Deno.test("Ten watches ask as often as one: 13 requests a minute instead of 130", async () => {
  const alone = withoutRealtime();
  const one = alone.watch();
  await alone.clock.advance(60_000);
  const wallet = withoutRealtime();
  const watches = Array.from({ length: 10 }, () => wallet.watch());
  await wallet.clock.advance(60_000);
  assert.equal(alone.balanceQuestions, 13);
  assert.equal(wallet.balanceQuestions, 13);
  assert.equal(wallet.seen.length, 10);
  for (const watch of [one, ...watches]) watch.stop();
});

Deno.test("With pushes ten watches ask three times a minute, and no more for what their own call changed", async () => {
  const wallet = new WatchedWallet({ realtime: true });
  const watches = Array.from({ length: 10 }, () => wallet.watch());
  await wallet.clock.advance(30_000);
  // Once at the start, once when the channel is joined.
  assert.equal(wallet.balanceQuestions, 2);
  wallet.held = 40;
  wallet.micros = 60;
  // The call's answer and the push tell of the same change.
  const { data: call } = await wallet.talktime.calls.start("+14155552671");
  wallet.push();
  await wallet.clock.advance(30_000);
  assert.equal(wallet.balanceQuestions, 3);
  assert.deepEqual(wallet.seen, [...Array(10).fill(100), ...Array(10).fill(60)]);
  call!.detach();
  for (const watch of watches) watch.stop();
});

Deno.test("get() at the same time is one request, and each caller has the answer", async () => {
  const wallet = withoutRealtime();
  const results = await Promise.all(Array.from({ length: 5 }, () => wallet.talktime.balance.get()));
  assert.deepEqual(results.map(({ data }) => data?.availableMicros), Array(5).fill(100));
  assert.equal(wallet.balanceQuestions, 1);
  await wallet.talktime.balance.get();
  assert.equal(wallet.balanceQuestions, 2);
});

Deno.test("One caller's signal stops neither the shared request nor another caller", async () => {
  const wallet = withoutRealtime();
  const impatient = new AbortController();
  const first = wallet.talktime.balance.get({ signal: impatient.signal });
  const second = wallet.talktime.balance.get();
  impatient.abort();
  assert.equal((await first).error?.code, "aborted");
  assert.equal((await second).data?.availableMicros, 100);
  const asked = wallet.asked.length;
  assert.equal((await wallet.talktime.balance.get({ signal: impatient.signal })).error?.code, "aborted");
  assert.equal(wallet.asked.length, asked);
});

Deno.test("get() after an own action does not share a question asked before it", async () => {
  const wallet = withoutRealtime();
  const slow: ((response: Response) => void)[] = [];
  const watch = wallet.watch();
  wallet.answer = (name) =>
    name === "get_balance" && slow.length === 0 ? new Promise((resolve) => slow.push(resolve)) : undefined;
  await wallet.clock.advance(0);
  assert.equal(slow.length, 1);
  const before = Response.json(wallet.balance());
  wallet.micros = 500;
  await wallet.talktime.purchases.verify({ purchaseId: "purchase-1" });
  assert.equal((await wallet.talktime.balance.get()).data?.availableMicros, 500);
  slow[0]!(before);
  await settle();
  // The late answer, from before the purchase, is not shown.
  assert.deepEqual(wallet.seen, [500]);
  watch.stop();
});

Deno.test("get() after a call's answer does not share a question asked before it", async () => {
  const wallet = withoutRealtime();
  const slow: ((response: Response) => void)[] = [];
  wallet.answer = (name) =>
    name === "get_balance" && slow.length === 0 ? new Promise((resolve) => slow.push(resolve)) : undefined;
  const watch = wallet.watch();
  await wallet.clock.advance(0);
  const before = Response.json(wallet.balance());
  wallet.micros = 60;
  await wallet.talktime.calls.get("call-1");
  assert.equal((await wallet.talktime.balance.get()).data?.availableMicros, 60);
  slow[0]!(before);
  watch.stop();
});

Deno.test("A question asked before a purchase was verified does not undo what the purchase showed", async () => {
  const wallet = withoutRealtime();
  const watch = wallet.watch();
  await wallet.clock.advance(4_000);
  const before = Response.json(wallet.balance());
  let answer: (response: Response) => void = () => {};
  wallet.answer = (name) => name === "get_balance" ? new Promise((resolve) => (answer = resolve)) : undefined;
  void watch.refresh();
  await settle();
  wallet.micros = 500;
  await wallet.talktime.purchases.verify({ purchaseId: "purchase-1" });
  answer(before);
  await settle();
  assert.deepEqual(wallet.seen, [100, 500]);
  watch.stop();
});

Deno.test("A verified purchase shows its balance without another request", async () => {
  const wallet = withoutRealtime();
  const watch = wallet.watch();
  await wallet.clock.advance(4_000);
  wallet.micros = 500;
  await wallet.talktime.purchases.verify({ purchaseId: "purchase-1" });
  assert.deepEqual(wallet.seen, [100, 500]);
  await wallet.clock.advance(4_999);
  assert.deepEqual(wallet.asked, ["get_balance", "verify-checkout"]);
  await wallet.clock.advance(1);
  assert.equal(wallet.balanceQuestions, 2);
  watch.stop();
});

Deno.test("A call's answer that agrees with what is known saves the next question, one that does not asks at once", async () => {
  const wallet = withoutRealtime();
  const watch = wallet.watch();
  await wallet.clock.advance(4_000);
  await wallet.talktime.calls.get("call-1");
  await wallet.clock.advance(4_999);
  assert.equal(wallet.balanceQuestions, 1);
  wallet.micros = 70;
  await wallet.talktime.calls.get("call-1");
  await wallet.clock.advance(0);
  assert.equal(wallet.balanceQuestions, 2);
  assert.deepEqual(wallet.seen, [100, 70]);
  watch.stop();
});

Deno.test("Without a watch the answers to other requests ask nothing", async () => {
  const wallet = withoutRealtime();
  await wallet.talktime.purchases.verify({ purchaseId: "purchase-1" });
  await wallet.talktime.calls.get("call-1");
  await wallet.clock.advance(60_000);
  assert.equal(wallet.balanceQuestions, 0);
  assert.equal(wallet.clock.waiting, 0);
});

Deno.test("A further watch begins with what is known, and asks nothing", async () => {
  const wallet = withoutRealtime();
  const first = wallet.watch();
  await wallet.clock.advance(2_000);
  const second = wallet.watch();
  assert.deepEqual(wallet.seen, [100]);
  await settle();
  assert.deepEqual(wallet.seen, [100, 100]);
  assert.equal(wallet.balanceQuestions, 1);
  first.stop();
  second.stop();
});

Deno.test("A watch begun anew shows the last balance at once and asks for the new one", async () => {
  const wallet = withoutRealtime();
  const first = wallet.watch();
  await wallet.clock.advance(0);
  first.stop();
  await wallet.clock.advance(600_000);
  wallet.micros = 30;
  let answer = () => {};
  wallet.answer = () => new Promise((resolve) => (answer = () => resolve(Response.json(wallet.balance()))));
  const second = wallet.watch();
  await wallet.clock.advance(0);
  assert.deepEqual(wallet.seen, [100, 100]);
  answer();
  await settle();
  assert.deepEqual(wallet.seen, [100, 100, 30]);
  second.stop();
});

Deno.test("The shortest interval of several counts, and goes with its watch", async () => {
  const wallet = withoutRealtime();
  const slow = wallet.watch({ intervalMs: 20_000 });
  await wallet.clock.advance(1_000);
  const quick = wallet.watch({ intervalMs: 2_000 });
  await wallet.clock.advance(9_000);
  assert.equal(wallet.balanceQuestions, 1 + 5);
  quick.stop();
  await wallet.clock.advance(22_000);
  assert.equal(wallet.balanceQuestions, 1 + 5 + 2);
  slow.stop();
  await wallet.clock.advance(60_000);
  assert.equal(wallet.balanceQuestions, 8);
  assert.equal(wallet.clock.waiting, 0);
});

Deno.test("A callback that throws is reported and keeps nothing from the others", async () => {
  const wallet = withoutRealtime();
  const uncaught: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.push(event.error);
  };
  addEventListener("error", onError);
  const failing = wallet.talktime.balance.watch(() => {
    throw new Error("in the app's own code");
  });
  const watch = wallet.watch();
  await wallet.clock.advance(10_000);
  removeEventListener("error", onError);
  assert.deepEqual(wallet.seen, [100]);
  assert.equal(uncaught.length, 1);
  assert.equal(wallet.balanceQuestions, 3);
  failing.stop();
  watch.stop();
});

Deno.test("After a sign-out the balance of who was here is not shown any more", async () => {
  const wallet = withoutRealtime();
  const watch = wallet.watch();
  await wallet.clock.advance(0);
  assert.deepEqual(wallet.seen, [100]);
  wallet.answer = (name) =>
    name === "get_balance"
      ? Response.json({ code: "401", message: "not_authenticated" }, { status: 401 })
      : undefined;
  await wallet.client.auth.signOut({ scope: "local" });
  await wallet.clock.advance(0);
  const late = wallet.watch();
  await wallet.clock.advance(0);
  assert.deepEqual(wallet.seen, [100]);
  assert.ok(wallet.balanceQuestions >= 2);
  watch.stop();
  late.stop();
});
