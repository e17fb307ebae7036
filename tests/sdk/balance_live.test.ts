// Pushes where Realtime works, questions where it does not, and the way from one to the other and back.
import assert from "node:assert/strict";
import { settle } from "./support/manual_clock.ts";
import { WatchedWallet } from "./support/watched_wallet.ts";

/** realtime-js has timers of its own, which end a moment after the last channel was left. */
function liveTest(name: string, run: (wallet: WatchedWallet) => Promise<void>, realtime = true): void {
  Deno.test(name, async () => {
    const wallet = new WatchedWallet({ realtime });
    await run(wallet);
    await letGo();
    await wallet.client.realtime.disconnect();
  });
}

const topic = "realtime:wallet:user-1";

/** A closed socket takes a moment of real time. */
const letGo = () => new Promise((resolve) => setTimeout(resolve, 200));

liveTest("A change is shown when it is pushed, long before the next question is due", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  assert.deepEqual(wallet.realtime.members, [topic]);
  wallet.micros = 70;
  wallet.push();
  await wallet.clock.advance(0);
  assert.deepEqual(wallet.seen, [100, 70]);
  watch.stop();
});

liveTest("With pushes the balance is asked for once a minute, in case one was lost", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  const { balanceQuestions } = wallet;
  wallet.micros = 70;
  await wallet.clock.advance(58_000);
  assert.equal(wallet.balanceQuestions, balanceQuestions);
  await wallet.clock.advance(2_000);
  assert.equal(wallet.balanceQuestions, balanceQuestions + 1);
  assert.deepEqual(wallet.seen, [100, 70]);
  watch.stop();
});

liveTest("A push that says what is known already asks nothing", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  const { balanceQuestions } = wallet;
  for (let i = 0; i < 5; i++) {
    wallet.push();
    await wallet.clock.advance(2_000);
  }
  assert.equal(wallet.balanceQuestions, balanceQuestions);
  watch.stop();
});

liveTest("A busy wallet's pushes ask once a second at most, and the last one is not lost", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  const { balanceQuestions } = wallet;
  for (let i = 1; i <= 100; i++) {
    wallet.micros = 100 - i / 2;
    wallet.push();
    await wallet.clock.advance(50);
  }
  await wallet.clock.advance(1_000);
  assert.ok(wallet.balanceQuestions - balanceQuestions <= 7, String(wallet.balanceQuestions));
  assert.equal(wallet.seen.at(-1), 50);
  watch.stop();
});

liveTest("A push while a question is on its way is checked against its answer", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  let answer: (response: Response) => void = () => {};
  wallet.answer = () => new Promise((resolve) => (answer = resolve));
  const before = Response.json(wallet.balance());
  void watch.refresh();
  await settle();
  wallet.micros = 70;
  wallet.push();
  await settle();
  wallet.answer = () => undefined;
  answer(before);
  await wallet.clock.advance(1_000);
  assert.deepEqual(wallet.seen, [100, 70]);
  watch.stop();
});

liveTest(
  "When the connection breaks it asks again by itself, and goes back to pushes later",
  async (wallet) => {
    const watch = wallet.watch();
    await wallet.clock.advance(2_000);
    wallet.realtime.isUp = false;
    wallet.realtime.drop();
    wallet.micros = 70;
    await wallet.clock.advance(1_000);
    // What may have been missed is asked for at once.
    assert.deepEqual(wallet.seen, [100, 70]);
    const { balanceQuestions } = wallet;
    await wallet.clock.advance(30_000);
    assert.ok(wallet.balanceQuestions - balanceQuestions >= 5, "it polls");
    wallet.realtime.isUp = true;
    await wallet.clock.advance(60_000);
    assert.deepEqual(wallet.realtime.members, [topic]);
    const { balanceQuestions: live } = wallet;
    wallet.micros = 40;
    wallet.push();
    await wallet.clock.advance(50_000);
    assert.equal(wallet.balanceQuestions, live + 1);
    assert.deepEqual(wallet.seen, [100, 70, 40]);
    watch.stop();
  },
);

liveTest("A channel that the server closes is joined again", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  wallet.realtime.closeChannels();
  await settle();
  assert.deepEqual(wallet.realtime.members, []);
  await wallet.clock.advance(20_000);
  await letGo();
  assert.deepEqual(wallet.realtime.members, [topic]);
  watch.stop();
});

liveTest("Where no channel may be joined it polls, and tries to join less and less often", async (wallet) => {
  wallet.realtime.admits = false;
  const watch = wallet.watch();
  await wallet.clock.advance(60_000);
  assert.equal(wallet.balanceQuestions, 13);
  assert.ok(wallet.realtime.joins.length <= 5, String(wallet.realtime.joins.length));
  await wallet.clock.advance(3_600_000);
  assert.ok(wallet.realtime.joins.length <= 20, String(wallet.realtime.joins.length));
  wallet.micros = 70;
  await wallet.clock.advance(5_000);
  assert.deepEqual(wallet.seen, [100, 70]);
  watch.stop();
});

liveTest("Where there is no Realtime it polls", async (wallet) => {
  const watch = wallet.watch();
  await wallet.clock.advance(60_000);
  assert.ok(wallet.realtime.opened.length > 0);
  assert.deepEqual(wallet.realtime.joins, []);
  assert.equal(wallet.balanceQuestions, 13);
  watch.stop();
}, false);

liveTest("The channel goes with the last watch, and the socket with it", async (wallet) => {
  const [first, second] = [wallet.watch(), wallet.watch()];
  await wallet.clock.advance(2_000);
  first.stop();
  await settle();
  assert.deepEqual(wallet.realtime.members, [topic]);
  second.stop();
  await letGo();
  assert.deepEqual(wallet.realtime.members, []);
  assert.equal(wallet.client.realtime.isConnected(), false);
});

liveTest("A watch begun while the last one's channel is being left joins it anew", async (wallet) => {
  const first = wallet.watch();
  await wallet.clock.advance(2_000);
  first.stop();
  await settle();
  const second = wallet.watch();
  await wallet.clock.advance(2_000);
  await letGo();
  assert.deepEqual(wallet.realtime.members, [topic]);
  wallet.micros = 70;
  wallet.push();
  await wallet.clock.advance(1_000);
  assert.equal(wallet.seen.at(-1), 70);
  second.stop();
});

liveTest("Another channel of the app is left alone, and so is its socket", async (wallet) => {
  const own = wallet.client.channel("the-app");
  own.subscribe();
  const watch = wallet.watch();
  await wallet.clock.advance(2_000);
  watch.stop();
  await settle();
  assert.deepEqual(wallet.realtime.members, ["realtime:the-app"]);
  assert.equal(wallet.client.realtime.isConnected(), true);
  await wallet.client.removeChannel(own);
});

liveTest("A channel of this wallet that the app has itself is not taken from it", async (wallet) => {
  const own = wallet.client.channel("wallet:user-1", { config: { private: true } });
  let heard = 0;
  own.on("broadcast", { event: "wallet_changed" }, () => heard++).subscribe();
  const watch = wallet.watch();
  await wallet.clock.advance(30_000);
  assert.ok(wallet.balanceQuestions >= 6, "it polls");
  watch.stop();
  await settle();
  wallet.push();
  await settle();
  assert.equal(heard, 1);
  await wallet.client.removeChannel(own);
});

liveTest(
  "A hidden page asks nothing when something is pushed, and at once when it is seen",
  async (wallet) => {
    const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
    Object.assign(globalThis, { document: page });
    try {
      const watch = wallet.watch();
      await wallet.clock.advance(2_000);
      const { balanceQuestions } = wallet;
      page.visibilityState = "hidden";
      wallet.micros = 70;
      wallet.push();
      await wallet.clock.advance(30_000);
      assert.equal(wallet.balanceQuestions, balanceQuestions);
      page.visibilityState = "visible";
      page.dispatchEvent(new Event("visibilitychange"));
      await settle();
      assert.deepEqual(wallet.seen, [100, 70]);
      watch.stop();
      await settle();
    } finally {
      Reflect.deleteProperty(globalThis, "document");
    }
  },
);
