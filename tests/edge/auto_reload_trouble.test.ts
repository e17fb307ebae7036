// Stripe fails, the network cuts, the worker dies: there is one charge in the end, credited once.
import assert from "node:assert/strict";
import { createReloadDatabase } from "../../supabase/functions/auto-reload/database.ts";
import { Died } from "./support/dying.ts";
import { completeEnv, startFunction } from "./support/function_process.ts";
import { followEvents, sweep } from "./support/reconciler.ts";
import {
  attempts,
  balanceOf,
  chargesOf,
  letPass,
  newReloader,
  NOTHING,
  noticesOf,
  reload,
  reloadDb,
  stateOf,
  statuses,
  switchOff,
  timesAsked,
  work,
} from "./support/reloading.ts";
import { env, eventually, stripe, stripeApi } from "./support/world.ts";

const CHARGING = { method: "POST", path: "^/v1/payment_intents$" };

/** The worker dies as it hands over what Stripe said. */
const dying = {
  ...reloadDb,
  applyPaymentIntent: () => Promise.reject(new Died("before applyPaymentIntent")),
};

for (
  const [trouble, kind, times] of [
    ["wants fewer requests", "429", 1],
    ["breaks before the charge", "500", 1],
    ["is out of order", "503", 1],
    ["breaks after the charge", "500_after", 1],
    ["is cut off before it hears", "drop_before", 2],
    ["is cut off after the charge", "drop_after", 2],
    ["says nothing before the charge", "timeout", 1],
    ["says nothing after the charge", "timeout_after", 1],
  ] as const
) {
  Deno.test(`Stripe ${trouble}: unknown at first, one charge in the end`, async () => {
    const person = await newReloader();
    await stripe.fault({ match: CHARGING, kind, times, delayMs: 3_000 });
    assert.deepEqual(await work(), { ...NOTHING, unknown: 1 });
    assert.deepEqual(
      await statuses(person),
      ["created"],
      "unknown is not failed",
    );
    await stripe.clearFaults();
    assert.deepEqual(await work(), NOTHING, "nobody else begins another");
    for (
      let minutes = 0;
      minutes < 130 && await balanceOf(person) === 0;
      minutes += 2
    ) {
      await letPass(person, 120);
      await work();
    }
    // Stripe keeps a 500 under its key; what it broke before is charged by another attempt, after the first was found to be none.
    const expected = kind === "500" ? ["not_carried_out", "paid"] : ["paid"];
    assert.deepEqual(await statuses(person), expected);
    assert.deepEqual(await chargesOf(person), [1000]);
    assert.equal(await balanceOf(person), 10_000_000);
    assert.deepEqual(await noticesOf(person, "auto_reload_failed"), []);
  });
}

Deno.test("Killed between Stripe and the database: asked again under the same key, credited once", async () => {
  const person = await newReloader();
  assert.deepEqual(await work(dying), { ...NOTHING, unknown: 1 });
  assert.deepEqual(await chargesOf(person), [1000]);
  assert.equal(await balanceOf(person), 0);
  assert.deepEqual(await reload(), NOTHING, "not before the lease is over");
  await letPass(person, 120);
  assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
  assert.deepEqual(await chargesOf(person), [1000]);
  assert.equal(await balanceOf(person), 10_000_000);
});

for (
  const [way, heal] of [
    ["the events", () => followEvents()],
    ["the sweep", () => sweep({}, ["payment_intents"])],
  ] as const
) {
  Deno.test(`Killed between Stripe and the database: ${way} credit it before anybody asks again`, async () => {
    const person = await newReloader();
    await work(dying);
    await heal();
    assert.deepEqual(await statuses(person), ["paid"]);
    assert.equal(await balanceOf(person), 10_000_000);
    await letPass(person, 120);
    assert.deepEqual(await reload(), NOTHING);
    assert.deepEqual(await chargesOf(person), [1000]);
  });
}

Deno.test("The process is killed while Stripe charges: one charge, credited by the next", async () => {
  const person = await newReloader();
  await stripe.clearRequests();
  await stripe.fault({
    match: CHARGING,
    kind: "slow",
    times: 1,
    delayMs: 3_000,
  });
  const running = await startFunction("auto-reload", completeEnv);
  const cutOff = assert.rejects(
    fetch(running.url!, {
      method: "POST",
      headers: { apikey: env.SECRET_KEY },
      body: "{}",
    }),
  );
  await eventually(async () => await timesAsked() === 1, "Stripe is asked");
  await running.kill();
  await cutOff;
  await stripe.clearFaults();
  for (
    let attempt = 0;
    attempt < 5 && await balanceOf(person) === 0;
    attempt += 1
  ) {
    await letPass(person, 3_000);
    await reload();
  }
  assert.deepEqual(await statuses(person), ["paid"]);
  assert.deepEqual(await chargesOf(person), [1000]);
  assert.equal(await balanceOf(person), 10_000_000);
});

Deno.test("The database is away when Stripe has charged: nothing is lost, nothing twice", async () => {
  const person = await newReloader();
  const nowhere = createReloadDatabase({
    supabaseUrl: "http://127.0.0.1:1",
    secretKey: env.SECRET_KEY,
  });
  const away = { ...reloadDb, applyPaymentIntent: nowhere.applyPaymentIntent };
  assert.deepEqual(await work(away), { ...NOTHING, unknown: 1 });
  await letPass(person, 120);
  assert.deepEqual(await work(), { ...NOTHING, paid: 1 });
  assert.deepEqual(await chargesOf(person), [1000]);
});

Deno.test("Switched off while the outcome is unknown: Stripe is read, not asked again", async () => {
  for (const charged of [true, false]) {
    const person = await newReloader();
    if (charged) await work(dying);
    else {
      await stripe.fault({ match: CHARGING, kind: "503", times: 1 });
      await work();
    }
    await switchOff(person);
    await stripe.clearRequests();
    await letPass(person, 120);
    assert.deepEqual(
      await work(),
      charged ? { ...NOTHING, paid: 1 } : { ...NOTHING, failed: 1 },
    );
    assert.equal(await timesAsked(), 0);
    assert.deepEqual(await statuses(person), [
      charged ? "paid" : "switched_off",
    ]);
    assert.deepEqual(await chargesOf(person), charged ? [1000] : []);
  }
});

Deno.test("A charge that nobody heard of within the hour is looked for, not repeated: Stripe may have forgotten its key", async () => {
  const person = await newReloader();
  await work(dying);
  await letPass(person, 25 * 3_600);
  await stripe.clearRequests();
  assert.deepEqual(await work(), { ...NOTHING, paid: 1 });
  assert.equal(await timesAsked(), 0);
  assert.deepEqual(await chargesOf(person), [1000]);
});

Deno.test("A card or a customer that is gone at Stripe stops auto-reload", async () => {
  for (const gone of ["card", "customer"] as const) {
    const person = await newReloader();
    if (gone === "card") await stripeApi.paymentMethods.detach(person.card);
    else await stripeApi.customers.del(person.customer);
    assert.deepEqual(await reload(), { ...NOTHING, failed: 1 }, gone);
    assert.deepEqual(await statuses(person), ["card_removed"]);
    assert.equal(await stateOf(person), "card_removed");
    const [notice] = await noticesOf(person, "auto_reload_failed");
    assert.equal(notice!.suspended, true);
    await letPass(person, 86_400);
    assert.deepEqual(await reload(), NOTHING);
  }
});

Deno.test("Stripe's limit on requests ends a run; what was left is charged by the next", async () => {
  const people = [await newReloader()];
  await stripe.fault({ match: CHARGING, kind: "429", times: 1 });
  assert.deepEqual(await work(), { ...NOTHING, unknown: 1 });
  await letPass(people[0]!, 120);
  assert.deepEqual(await work(), { ...NOTHING, paid: 1 });
  assert.equal((await attempts(people[0]!)).length, 1);
});
