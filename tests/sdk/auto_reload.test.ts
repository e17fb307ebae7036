// Saved cards and auto-reload as a program uses them.
import assert from "node:assert/strict";
import { type AutoReloadTerms, createTalktime, toMicros } from "../../client-sdk/src/index.ts";
import { admin, anonymous } from "../support/stack.ts";
import { newPerson, type Person, returnPages } from "./support/people.ts";
import { saveCard } from "./support/saved_cards.ts";
import { env, sql, stripe } from "./support/stack.ts";

const TERMS: AutoReloadTerms = {
  packageCode: "credit_10",
  thresholdMicros: toMicros(5_000_000),
  monthlyCapCents: 5_000,
  consent: true,
  consentText: "Buy $10 of credit with my saved card whenever I have less than $5.",
};

/** One attempt, made and refused or paid, by the same SQL functions as behind the worker. */
async function attempt({ userId }: Person, failureCode: string | null): Promise<string> {
  // Nobody else's is begun with it.
  await sql`update public.auto_reload_settings set enabled = false where user_id <> ${userId} and enabled`;
  await sql`update private.reload_scan set scanned_at = '-infinity'`;
  await sql`update public.auto_reload_settings set next_attempt_at = private.clock() where user_id = ${userId}`;
  await sql`update public.purchases set created_at = created_at - interval '1 hour' where user_id = ${userId}`;
  await sql`select public.claim_due_reloads(100)`;
  const [open] =
    await sql`select purchase_id from private.reload_attempts where user_id = ${userId} and ended_at is null`;
  const purchaseId: string = open!.purchase_id;
  await sql`select public.begin_reload_charge(${userId}, ${purchaseId})`;
  await sql`select public.apply_payment_intent(${
    sql.json({
      id: `pi_${purchaseId}`,
      status: failureCode === null ? "succeeded" : "requires_payment_method",
      amount: 1000,
      amount_received: failureCode === null ? 1000 : 0,
      currency: "usd",
      livemode: false,
      created: 1,
      failure_code: failureCode,
      metadata: { origin: "auto_reload", user_id: userId, purchase_id: purchaseId },
    })
  })`;
  return purchaseId;
}

Deno.test("A card is saved on a page, comes back with its session, and can be removed", async () => {
  const { talktime } = await newPerson(env);
  assert.deepEqual((await talktime.billing.list()).data, []);
  const { data: page, error } = await talktime.billing.addCard(returnPages);
  assert.equal(error, null);
  const sessionId = new URL(page!.url).pathname.split("/").at(-1)!;
  await stripe.payCheckout(sessionId, { card: "5555555555554444" });
  const { data: cards } = await talktime.billing.sync({ sessionId });
  assert.deepEqual(cards!.map(({ brand, last4, isDefault }) => [brand, last4, isDefault]), [
    ["mastercard", "4444", true],
  ]);
  assert.deepEqual((await talktime.billing.list()).data, cards);
  const [card] = cards!;
  assert.equal((await talktime.billing.setDefault(card!.paymentMethodId)).error, null);
  assert.deepEqual((await talktime.billing.remove(card!.paymentMethodId)).data, []);
  const again = await talktime.billing.remove(card!.paymentMethodId);
  assert.equal(again.error?.code, "payment_method_not_found");
});

Deno.test("Auto-reload needs a card, keeps what was agreed to, and is switched off at once", async () => {
  const person = await newPerson(env);
  const { autoReload } = person.talktime;
  const refused = await autoReload.set(TERMS);
  assert.equal(refused.error?.code, "auto_reload_not_possible");
  assert.equal(refused.error?.details.problem, "no_saved_card");
  const card = await saveCard(person.userId);
  const { data: state, error } = await autoReload.set(TERMS);
  assert.equal(error, null);
  assert.deepEqual(
    [state!.enabled, state!.thresholdMicros, state!.packageCode, state!.priceCents, state!.monthlyCapCents],
    [true, 5_000_000, "credit_10", 1000, 5_000],
  );
  assert.deepEqual([state!.card, state!.paymentMethodId, state!.consentText], [
    card,
    null,
    TERMS.consentText,
  ]);
  assert.ok(Date.parse(state!.consentAt!) <= Date.now() + 5_000);
  const { data: off } = await autoReload.disable();
  assert.deepEqual([off!.enabled, off!.suspendedReason, off!.purchaseInFlight], [false, null, null]);
  assert.equal((await autoReload.get()).data?.enabled, false);
});

Deno.test("Without a person's consent nothing is switched on", async () => {
  const person = await newPerson(env);
  await saveCard(person.userId);
  const { autoReload } = person.talktime;
  const unasked = await autoReload.set({ ...TERMS, consent: false as true });
  assert.equal(unasked.error?.code, "invalid_request");
  assert.equal(unasked.error?.details.parameter, "consent");
  assert.equal((await autoReload.set({ ...TERMS, consentText: "ok" })).error?.code, "invalid_request");
  assert.equal((await autoReload.get()).data?.enabled, false);
});

Deno.test("Every attempt is listed, newest first, in pages, and leads to a page where it is confirmed", async () => {
  const person = await newPerson(env);
  await saveCard(person.userId);
  const { autoReload, purchases } = person.talktime;
  await autoReload.set(TERMS);
  const first = await attempt(person, "insufficient_funds");
  const second = await attempt(person, "authentication_required");
  const { data: page } = await autoReload.attempts({ limit: 1 });
  assert.deepEqual(page!.items.map(({ purchaseId, failureCode }) => [purchaseId, failureCode]), [
    [second, "authentication_required"],
  ]);
  const { data: rest } = await autoReload.attempts({ limit: 1, cursor: page!.next });
  assert.deepEqual(rest!.items.map(({ purchaseId, status }) => [purchaseId, status]), [[first, "failed"]]);
  assert.equal(rest!.next, null);
  assert.equal((await autoReload.attempts({ limit: 0 })).error?.code, "invalid_request");
  assert.equal((await autoReload.get()).data?.suspendedReason, "authentication_required");

  const { data: checkout, error } = await autoReload.confirm(second, returnPages);
  assert.equal(error, null);
  await stripe.payCheckout(checkout!.purchase.stripeSessionId!);
  await purchases.verify({ purchaseId: checkout!.purchase.purchaseId });
  assert.equal((await autoReload.get()).data?.suspendedReason, null);
  const other = await newPerson(env);
  assert.equal(
    (await other.talktime.autoReload.confirm(second, returnPages)).error?.code,
    "purchase_not_found",
  );
});

Deno.test("A trusted server reads and switches off for the person it names; a stranger does not", async () => {
  const [person, other] = [await newPerson(env), await newPerson(env)];
  const card = await saveCard(person.userId);
  await person.talktime.autoReload.set(TERMS);
  const trusted = createTalktime(admin(env), { userId: person.userId });
  assert.equal((await trusted.billing.list()).data?.[0]?.paymentMethodId, card);
  assert.equal((await trusted.autoReload.disable()).data?.enabled, false);
  const meddling = createTalktime(other.client, { userId: person.userId });
  assert.equal((await meddling.billing.list()).error?.code, "forbidden");
  assert.equal((await meddling.autoReload.set(TERMS)).error?.code, "forbidden");
  const stranger = createTalktime(anonymous(env));
  assert.equal((await stranger.autoReload.get()).error?.code, "not_authenticated");
});

Deno.test("A part that is loaded later is no promise, and has no more than its methods", async () => {
  const { talktime } = await newPerson(env);
  assert.equal(await Promise.resolve(talktime.billing), talktime.billing);
  assert.doesNotThrow(() => Deno.inspect(talktime));
});
