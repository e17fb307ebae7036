// Credit that buys itself: charged when it is wanted, never when it is not.
import assert from "node:assert/strict";
import {
  addCard,
  agree,
  attempts,
  balanceOf,
  billing,
  chargesOf,
  letPass,
  newReloader,
  NOTHING,
  noticesOf,
  reload,
  reloadDb,
  spendAll,
  stateOf,
  statuses,
  switchOff,
  timesAsked,
  work,
} from "./support/reloading.ts";
import {
  assertRefused,
  call,
  createCheckout,
  sql,
  stripe,
  stripeApi,
  verified,
  withSetting,
} from "./support/world.ts";

Deno.test("Below the threshold the saved card is charged once, with one request to Stripe", async () => {
  const person = await newReloader();
  await stripe.clearRequests();
  assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
  assert.equal((await stripe.requests()).length, 1);
  assert.equal(await balanceOf(person), 10_000_000);
  assert.deepEqual(await chargesOf(person), [1000]);
  const [attempt] = await attempts(person);
  const intent = await stripeApi.paymentIntents.retrieve(attempt!.payment_intent_id!);
  assert.deepEqual(intent.metadata, {
    user_id: person.userId,
    purchase_id: attempt!.purchase_id,
    package_code: "credit_10",
    origin: "auto_reload",
  });
  assert.deepEqual([intent.customer, intent.payment_method], [person.customer, person.card]);
  const [notice] = await noticesOf(person, "purchase_confirmed");
  assert.deepEqual([notice!.origin, notice!.paid_cents], ["auto_reload", 1000]);
  assert.deepEqual(await reload(), NOTHING, "there is enough now");
  await spendAll(person);
  assert.deepEqual(await reload(), NOTHING, "and no second one within the interval");
  await letPass(person, 300);
  assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
  assert.deepEqual(await chargesOf(person), [1000, 1000]);
});

Deno.test("Two workers at once, or five, charge once", async () => {
  const person = await newReloader();
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => reload()));
  assert.equal(answers.reduce((sum, { paid }) => sum + paid, 0), 1);
  assert.deepEqual(await chargesOf(person), [1000]);
  assert.deepEqual(await statuses(person), ["paid"]);
});

Deno.test("A refusal for now is tried again later, and then paid", async () => {
  const person = await newReloader();
  await stripe.declineFrom(person.card, "insufficient_funds");
  assert.deepEqual(await reload(), { ...NOTHING, failed: 1 });
  assert.deepEqual(await reload(), NOTHING);
  await letPass(person, 3_599);
  assert.deepEqual(await reload(), NOTHING, "not within the hour");
  await stripe.declineFrom(person.card, null);
  await letPass(person, 1);
  assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
  assert.deepEqual(await statuses(person), ["insufficient_funds", "paid"]);
  const [notice] = await noticesOf(person, "auto_reload_failed");
  assert.deepEqual([notice!.failure_code, notice!.suspended], ["insufficient_funds", false]);
});

Deno.test("A card that can be saved and always fails is asked three times in a month", async () => {
  const person = await newReloader("4000000000000341");
  await stripe.clearRequests();
  for (let hour = 0; hour < 30 * 24; hour += 1) {
    // Hours in which nothing can be due need no worker.
    if (hour < 30 || hour % 240 === 0) await work();
    await letPass(person, 3_600);
  }
  assert.equal(await timesAsked(), 3);
  assert.deepEqual(await statuses(person), ["generic_decline", "generic_decline", "generic_decline"]);
  assert.equal(await stateOf(person), "too_many_failures");
  assert.deepEqual(await chargesOf(person), []);
});

Deno.test("A stolen card stops auto-reload until another one is saved", async () => {
  const person = await newReloader();
  await stripe.declineFrom(person.card, "stolen_card");
  assert.deepEqual(await reload(), { ...NOTHING, failed: 1 });
  assert.equal(await stateOf(person), "card_refused");
  await assert.rejects(agree(person), /auto_reload_not_possible/);
  await stripe.clearRequests();
  await letPass(person, 40 * 86_400);
  assert.deepEqual(await reload(), NOTHING);
  assert.equal(await timesAsked(), 0);
  const fresh = await addCard(person, "5555555555554444");
  assert.equal(await stateOf(person), "on");
  assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
  const paid = (await attempts(person)).at(-1)!;
  assert.equal((await stripeApi.paymentIntents.retrieve(paid.payment_intent_id!)).payment_method, fresh);
});

Deno.test("A bank that wants to see the person brings them back to a page, and it goes on after that", () =>
  withSetting("manage_url", '"https://app.example/billing"', async () => {
    const person = await newReloader();
    await stripe.declineFrom(person.card, "authentication_required");
    assert.deepEqual(await reload(), { ...NOTHING, failed: 1 });
    assert.equal(await stateOf(person), "authentication_required");
    const [attempt] = await attempts(person);
    const [notice] = await noticesOf(person, "payment_action_required");
    assert.equal(notice!.url, `https://app.example/billing?confirm_purchase=${attempt!.purchase_id}`);
    await letPass(person, 86_400);
    assert.deepEqual(await reload(), NOTHING, "nothing is charged meanwhile");

    const { body } = await createCheckout(person, { save_card: true });
    const session = body.purchase.stripe_session_id;
    const paid = await stripe.payCheckout(session, { savedMethod: person.card });
    assert.equal(paid.kind, "complete", "the page shows the saved card, and the person confirms");
    await verified(person, session);
    assert.equal(await balanceOf(person), 10_000_000);
    assert.equal(await stateOf(person), "on");
    await stripe.declineFrom(person.card, null);
    await spendAll(person);
    assert.deepEqual(await reload(), { ...NOTHING, paid: 1 });
    assert.deepEqual(await chargesOf(person), [1000, 1000]);
  }));

Deno.test("The monthly cap is never passed, whatever is spent", async () => {
  const person = await newReloader();
  await agree(person, 2_500);
  for (let round = 0; round < 5; round += 1) {
    await reload();
    await spendAll(person);
    await makeDue(person.userId);
  }
  assert.deepEqual(await chargesOf(person), [1000, 1000]);
});

/** The interval is over; the month is not. */
async function makeDue(userId: string) {
  await sql`update public.purchases set created_at = created_at - interval '10 minutes' where user_id = ${userId}`;
  await sql`update public.auto_reload_settings set next_attempt_at = private.clock() where user_id = ${userId} and next_attempt_at < private.clock() + interval '1 hour'`;
}

Deno.test("Switched off between claim and charge, Stripe is not asked", async () => {
  const person = await newReloader();
  await stripe.clearRequests();
  const db = {
    ...reloadDb,
    claimDueReloads: async (batchSize: number) => {
      const claimed = await reloadDb.claimDueReloads(batchSize);
      await switchOff(person);
      return claimed;
    },
  };
  assert.deepEqual(await work(db), { ...NOTHING, dropped: 1 });
  assert.equal(await timesAsked(), 0);
  assert.deepEqual(await statuses(person), ["switched_off"]);
  await letPass(person, 86_400);
  assert.deepEqual(await reload(), NOTHING);
  assert.deepEqual(await chargesOf(person), []);
});

Deno.test("A card removed by its owner is charged no more", async () => {
  const person = await newReloader();
  await addCard(person, "5555555555554444");
  const { body } = await billing(person, { action: "list" });
  const [current] = body.payment_methods;
  assert.equal(
    (await billing(person, { action: "remove", payment_method_id: current.payment_method_id })).status,
    200,
  );
  assert.equal(await stateOf(person), "off");
  assert.deepEqual(await reload(), NOTHING);
});

Deno.test("Only our own servers may start it", async () => {
  const person = await newReloader();
  assertRefused(await call("auto-reload", {}, { token: person.accessToken }), 403, "forbidden");
  assertRefused(await call("auto-reload", {}), 403, "forbidden");
  assert.deepEqual(await chargesOf(person), []);
});
