import assert from "node:assert/strict";
import { createTalktime, type WatchOptions } from "../../client-sdk/src/index.ts";
import { ManualClock, settle } from "./support/manual_clock.ts";
import { json, offline, scriptedClient } from "./support/scripted_server.ts";

/** A watched wallet: `micros` is what the server says, `seen` what the watch told. */
function watched(options: WatchOptions = {}) {
  const clock = new ManualClock();
  const server = { micros: 100, isDown: false, asked: 0 };
  const client = scriptedClient(() => {
    server.asked++;
    return server.isDown
      ? offline()
      : json({ available_micros: server.micros, as_of: `instant ${server.asked}` });
  });
  const seen: number[] = [];
  const errors: string[] = [];
  const watch = createTalktime(client, { clock }).balance.watch(
    ({ availableMicros }) => seen.push(availableMicros),
    { onError: (error) => errors.push(error.code), ...options },
  );
  return { clock, server, seen, errors, watch };
}

/** Runs `work` in a page that can be hidden and shown. */
async function withPage(work: (page: { show(visible: boolean): void }) => Promise<void>): Promise<void> {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  Object.assign(globalThis, { document: page });
  try {
    await work({
      show(visible) {
        page.visibilityState = visible ? "visible" : "hidden";
        page.dispatchEvent(new Event("visibilitychange"));
      },
    });
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("The balance is told at once and then only when it changes", async () => {
  const { clock, server, seen, watch } = watched();
  await clock.advance(20_000);
  assert.deepEqual(seen, [100]);
  assert.equal(server.asked, 5);
  server.micros = 70;
  await clock.advance(20_000);
  assert.deepEqual(seen, [100, 70]);
  watch.stop();
});

Deno.test("Failures slow the questions down, are told, and are forgotten with the first success", async () => {
  const { clock, server, seen, errors, watch } = watched({ intervalMs: 1_000 });
  await clock.advance(0);
  server.isDown = true;
  await clock.advance(60_000);
  // 1 s after the success, then 2, 4 and 8 s apart and no slower than that.
  assert.equal(server.asked, 1 + 9);
  assert.deepEqual([...new Set(errors)], ["network_error"]);
  server.isDown = false;
  server.micros = 50;
  await clock.advance(8_000);
  assert.deepEqual(seen, [100, 50]);
  const asked = server.asked;
  await clock.advance(3_000);
  assert.equal(server.asked, asked + 3);
  watch.stop();
});

Deno.test("After stop() nothing is asked or told", async () => {
  const { clock, server, seen, watch } = watched();
  watch.stop();
  await clock.advance(60_000);
  assert.equal(server.asked, 0);
  assert.deepEqual(seen, []);
  assert.equal(clock.waiting, 0);
  assert.equal((await watch.refresh()).error?.code, "aborted");
});

Deno.test("A signal stops the watch, also one that has aborted before", async () => {
  const stop = new AbortController();
  const { clock, server } = watched({ signal: stop.signal });
  await clock.advance(0);
  stop.abort();
  await clock.advance(60_000);
  assert.equal(server.asked, 1);
  const late = watched({ signal: stop.signal });
  await late.clock.advance(60_000);
  assert.equal(late.server.asked, 0);
});

Deno.test("A watch in a using block stops with it", async () => {
  const { clock, server, watch } = watched();
  {
    using inside = watch;
    await inside.refresh();
  }
  const { asked } = server;
  await clock.advance(60_000);
  assert.equal(server.asked, asked);
});

Deno.test("refresh() asks now and gives the balance", async () => {
  const { clock, server, seen, watch } = watched();
  await clock.advance(0);
  server.micros = 30;
  assert.equal((await watch.refresh()).data?.availableMicros, 30);
  assert.deepEqual(seen, [100, 30]);
  await clock.advance(4_999);
  assert.equal(server.asked, 2);
  watch.stop();
});

Deno.test("An answer that a newer one overtook is not shown", async () => {
  const answers: ((micros: number) => void)[] = [];
  const client = scriptedClient(() =>
    new Promise((resolve) => answers.push((micros) => resolve(json({ available_micros: micros }))))
  );
  const seen: number[] = [];
  const clock = new ManualClock();
  const watch = createTalktime(client, { clock }).balance.watch((balance) =>
    seen.push(balance.availableMicros)
  );
  await clock.advance(0);
  const second = watch.refresh();
  await settle();
  answers[1]!(2);
  await second;
  answers[0]!(1);
  await settle();
  assert.deepEqual(seen, [2]);
  watch.stop();
});

Deno.test("A hidden page asks nothing, and asks at once when it is seen again", async () => {
  await withPage(async (page) => {
    const { clock, server, seen, watch } = watched();
    await clock.advance(0);
    page.show(false);
    await clock.advance(60_000);
    // The question that was planned is asked; its answer plans no other.
    assert.equal(server.asked, 2);
    server.micros = 5;
    page.show(true);
    await settle();
    assert.deepEqual(seen, [100, 5]);
    await clock.advance(5_000);
    assert.equal(server.asked, 4);
    watch.stop();
    page.show(true);
    await clock.advance(60_000);
    assert.equal(server.asked, 4);
  });
});

Deno.test("A watch begun on a hidden page waits to be seen", async () => {
  await withPage(async (page) => {
    page.show(false);
    const { clock, server, watch } = watched();
    await clock.advance(60_000);
    assert.equal(server.asked, 0);
    page.show(true);
    await settle();
    assert.equal(server.asked, 1);
    watch.stop();
  });
});
