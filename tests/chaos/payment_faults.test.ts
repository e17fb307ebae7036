// Functions are killed at each step between Stripe and the database, Stripe answers late, wrongly or not at all, Postgres dies, a backup is
// restored, a month is missed. Nobody tells anybody afterwards; jobs run and time passes, and then the ledger is what Stripe's books say,
// to the cent.
import assert from "node:assert/strict";
import { FAULT_KINDS } from "../../dev/stripe/faults.ts";
import { untilQuiet } from "../support/healing.ts";
import { outcomeOf, pause } from "../support/load.ts";
import { sql as connect } from "../support/stack.ts";
import { differences } from "../support/stripe_books.ts";
import type { Step } from "./payment_functions.ts";
import {
  assertHeals,
  type Bought,
  checkout,
  credited,
  each,
  env,
  fine,
  functions,
  opened,
  paid,
  people,
  type Person,
  sql,
  stack,
  statuses,
  stripe,
  untilNextLook,
  world,
} from "./payment_world.ts";

// What is after one call is before the next.
const before = (at: string): Step => ({ at, when: "before" });
const after = (at: string): Step => ({ at, when: "after" });
const afterStripe = (at: string): Step => ({ at, when: "after", to: "stripe" });

Deno.test("create-checkout is killed at each step: who asks again gets one page, who gives up pays nothing", async () => {
  const steps = [
    before("create_purchase"),
    after("create_purchase"),
    afterStripe("POST /v1/checkout/sessions"),
    after("attach_checkout_session"),
  ];
  await opened((await people(1))[0]!); // the price is known from here on
  const all: Person[] = [];
  for (const step of steps) {
    const [patient, gone] = await people(2) as [Person, Person];
    all.push(patient, gone);
    const asked = checkout();
    await functions.killAt(step, "create-checkout", [
      { body: asked, token: patient.token },
      { body: checkout(), token: gone.token },
    ]);
    const { session } = await opened(patient, asked);
    await stripe.payCheckout(session); // and never comes back
  }
  await assertHeals();
  // One who gave up has no purchase at all: the function died before it began one.
  const ids = all.map(({ userId }) => userId);
  assert.deepEqual(await statuses(ids), { expired: steps.length - 1, paid: steps.length });
});

Deno.test("verify-checkout is killed at each step: every payment is credited once, by whoever comes next", async () => {
  const steps = [
    after("find_purchase"),
    afterStripe("GET /v1/checkout/sessions/[^/]+"),
    after("apply_checkout_session"),
  ];
  const all: Person[] = [];
  for (const step of steps) {
    const bought = await each(await people(2), paid);
    all.push(...bought.map(({ person }) => person));
    await functions.killAt(
      step,
      "verify-checkout",
      bought.map(({ session, person }) => ({ body: { session_id: session }, token: person.token })),
    );
    const [patient] = bought;
    fine(await functions.call("verify-checkout", { purchase_id: patient!.purchase }, patient!.person.token));
  }
  await assertHeals();
  assert.deepEqual(await statuses(all.map(({ userId }) => userId)), { paid: all.length });
});

Deno.test("refund-purchase is killed at each step: what was begun is refunded once, and its credit taken once", async () => {
  const steps = [
    before("begin_refund"),
    after("begin_refund"),
    afterStripe("POST /v1/refunds"),
    after("apply_refund"),
  ];
  const all: Person[] = [];
  for (const step of steps) {
    const bought = await each(await people(2), credited);
    all.push(...bought.map(({ person }) => person));
    const bodies = bought.map(({ person, purchase }, index) => ({
      user_id: person.userId,
      purchase_id: purchase,
      reason: "Asked for",
      idempotency_key: crypto.randomUUID(),
      ...(index === 0 ? { amount_cents: 333 } : {}),
    }));
    await functions.killAt(step, "refund-purchase", bodies.map((body) => ({ body })));
    fine(await functions.call("refund-purchase", bodies[0]));
  }
  await assertHeals();
  const rows = await sql`select refunded_cents::int as cents, count(*)::int as count from public.purchases
    where user_id = any (${all.map(({ userId }) => userId)}) group by 1 order by 1`;
  // The one whose refund died before it was begun was never asked again.
  assert.deepEqual(rows.map(({ cents, count }) => [cents, count]), [[0, 1], [333, 4], [1000, 3]]);
});

Deno.test("reconcile-payments is killed at each step, mid walk too: the next run carries on where it died", async () => {
  const steps = [
    after("begin_reconcile_run"),
    after("claim_due_purchases"),
    afterStripe("GET /v1/checkout/sessions/[^/]+"),
    after("apply_checkout_session"),
    afterStripe("POST /v1/refunds"),
    after("apply_dispute"),
    after("record_events"),
    after("save_walk"),
    before("finish_reconcile_run"),
  ];
  const all: Person[] = [];
  for (const step of steps) {
    const [late, disputing, refunding] = await people(3) as [Person, Person, Person];
    all.push(late, disputing, refunding);
    const [, disputed, refunded] = await Promise.all([paid(late), credited(disputing), credited(refunding)]);
    await stripe.openDispute(disputed.session);
    // Begun here, and Stripe has not been asked.
    await sql`select public.begin_refund(${refunding.userId}, ${refunded.purchase}, 'Asked for', 'key', 450)`;
    await untilNextLook();
    await functions.killAt(step, "reconcile-payments", [{ body: {} }]);
  }
  const { runs } = await assertHeals();
  assert.ok(runs > 0);
  const [died] = await sql`select count(*)::int as count from private.reconcile_runs where error = 'died'`;
  assert.ok(died!.count >= steps.length, `${died!.count} runs are known to have died`);
  assert.deepEqual(await statuses(all.map(({ userId }) => userId)), { paid: all.length });
});

/** Somebody without credit whose saved card is charged when there is less than $5, and once a month. */
async function reloader(person: Person): Promise<Person> {
  const { url } = fine(
    await functions.call("manage-billing", {
      action: "add_card",
      success_url: "http://localhost:3000/cards",
      cancel_url: "http://localhost:3000/cards",
    }, person.token),
  );
  const session_id = new URL(url).pathname.split("/").at(-1)!;
  await stripe.payCheckout(session_id);
  fine(await functions.call("manage-billing", { action: "sync", session_id }, person.token));
  await sql`select public.set_auto_reload(5000000, 'credit_10', 1000, true, 'Buy $10 whenever I have less than $5.', null, ${person.userId})`;
  return person;
}

Deno.test("auto-reload is killed at each step: the card is charged once, and the credit is there", async () => {
  const steps = [
    after("claim_due_reloads"),
    after("begin_reload_charge"),
    afterStripe("POST /v1/payment_intents"),
    after("apply_payment_intent"),
  ];
  const all: Person[] = [];
  for (const step of steps) {
    await untilNextLook(); // what the last one left is due again, and goes first
    await functions.call("auto-reload", {});
    all.push(...await each(await people(1), reloader));
    await functions.killAt(step, "auto-reload", [{ body: {} }]);
  }
  await assertHeals();
  const rows = await sql`select user_id, count(*)::int as count from public.purchases
    where user_id = any (${all.map(({ userId }) => userId)}) and origin = 'auto_reload' group by user_id`;
  assert.deepEqual(rows.map(({ count }) => count), all.map(() => 1));
  const paidOnes = (await stripe.books()).payments.filter(({ metadata }) =>
    all.some(({ userId }) => metadata.user_id === userId)
  );
  assert.equal(paidOnes.length, all.length);
});

const refunding = ({ person, purchase }: Bought, amount_cents?: number) => ({
  user_id: person.userId,
  purchase_id: purchase,
  reason: "Asked for",
  idempotency_key: crypto.randomUUID(),
  ...(amount_cents === undefined ? {} : { amount_cents }),
});

/** Whatever comes of it: an answer, a refusal, nothing at all. */
const tried = (name: string, body: unknown, token?: string) =>
  outcomeOf(functions.call(name, body, token).then((said) => [{ answer: said }]));

/** Asks as a person does: again with the same key, and when Stripe keeps to its first failure, anew. */
async function openedInTrouble(person: Person): Promise<Bought> {
  for (let body = checkout(), attempt = 0;; attempt += 1) {
    const outcome = await tried("create-checkout", body, person.token);
    if (outcome.ok && outcome.answer.status === 200) {
      const { purchase } = outcome.answer.body;
      return { person, purchase: purchase.purchase_id, session: purchase.stripe_session_id };
    }
    if (attempt > 8) throw new Error(`No page after ${attempt} attempts: ${JSON.stringify(outcome)}`);
    if (outcome.ok && /new idempotency key/.test(outcome.answer.body.hint ?? "")) body = checkout();
  }
}

Deno.test("Stripe is slow, refuses, breaks and cuts connections, before and after it did what it was asked", async () => {
  const troubled = FAULT_KINDS.map((kind) => ({ kind, delayMs: 400 }));
  const everywhere = async (path: string, times: number) => {
    for (const fault of troubled) await stripe.fault({ ...fault, match: { path }, times });
  };
  const persons = await people(troubled.length);
  await everywhere("^/v1/checkout/sessions$", 1);
  const bought = await each(persons, openedInTrouble);
  await each(bought, ({ session }) => stripe.payCheckout(session));
  await stripe.clearFaults();
  await everywhere("^/v1/checkout/sessions/", 2);
  await each(
    bought,
    ({ session, person }) => tried("verify-checkout", { session_id: session }, person.token),
  );
  await stripe.clearFaults();
  await each(
    bought,
    ({ session, person }) => tried("verify-checkout", { session_id: session }, person.token),
  );
  await everywhere("^/v1/refunds$", 1);
  await each(bought, (each) => tried("refund-purchase", refunding(each, 250)));
  await everywhere("^/v1/(events|refunds|checkout)", 1);
  for (const _ of troubled) {
    await functions.call("reconcile-payments", {});
    await untilNextLook();
  }
  // Stripe keeps the failure it answered first: such a refund is asked for in vain, until it is given up and a person is told.
  await assertHeals(/^StripeAPIError/);
  const ids = persons.map(({ userId }) => userId);
  const [sum] =
    await sql`select count(*)::int as refunds, count(*) filter (where r.status = 'succeeded')::int as made,
      count(*) filter (where r.status = 'refused')::int as refused, (select count(*)::int from private.alerts a
        where a.kind = 'refund_lapsed' and a.user_id = any (${ids})) as told,
      (select sum(p.refunded_cents)::int from public.purchases p where p.user_id = any (${ids})) as cents
    from public.purchase_refunds r where r.user_id = any (${ids})`;
  assert.equal((await statuses(ids)).paid, persons.length);
  const { refunds, made, refused, told, cents } = sum!;
  assert.deepEqual([refunds, made + refused, told, cents], [persons.length, refunds, refused, 250 * made]);
  assert.ok(refused <= 2, `${refused} refunds were given up`);
});

Deno.test("Postgres is killed while Stripe is being asked, and comes back: nothing is lost or doubled", async () => {
  const crowd = await people(12);
  const paying = await each(crowd.slice(0, 4), paid);
  const returning = await each(crowd.slice(4, 8), credited);
  await stripe.fault({ kind: "slow", delayMs: 4_000 });
  await stripe.clearRequests();
  const waiting = [
    ...crowd.slice(8).map(({ token }) => tried("create-checkout", checkout(), token)),
    ...paying.map(({ session, person }) => tried("verify-checkout", { session_id: session }, person.token)),
    ...returning.map((each) => tried("refund-purchase", refunding(each))),
    tried("reconcile-payments", {}),
  ];
  // Each of the refunds has reached Stripe, and nearly everybody else has too.
  const asked = async () => {
    const requests = await stripe.requests();
    return requests.length >= 12 &&
      requests.filter(({ path }) => path === "/v1/refunds").length >= returning.length;
  };
  for (const end = Date.now() + 20_000; !await asked() && Date.now() < end;) await pause(20);
  await stack.killPostgres();
  const outcomes = await Promise.all(waiting);
  await stack.startPostgres();
  const unanswered = outcomes.filter((outcome) => !outcome.ok || outcome.answer.status >= 500).length;
  assert.ok(unanswered >= 12, `only ${unanswered} of ${outcomes.length} met a database that was away`);
  await assertHeals();
  const of = (persons: Person[]) => statuses(persons.map(({ userId }) => userId));
  assert.deepEqual(await of(crowd.slice(0, 8)), { paid: 8 });
  // Their pages were made and never shown to them.
  assert.deepEqual(await of(crowd.slice(8)), { expired: 4 });
  const [sum] = await sql`select sum(refunded_cents)::int as cents from public.purchases
    where user_id = any (${returning.map(({ person }) => person.userId)})`;
  assert.equal(sum!.cents, 4000);
});

Deno.test("A month without the reconciler: events have gone from Stripe's list, and the lists make up for it", async () => {
  const [refunded, disputed, buyer] = await each(await people(3), credited) as [Bought, Bought, Bought];
  const refund = await stripe.refund(refunded.session);
  const dispute = await stripe.openDispute(disputed.session);
  await stripe.closeDispute(dispute.id, "won");
  await assertHeals();
  // From here on nobody looks. What was over changes once more, and something new happens.
  await stripe.failRefund(refund.id);
  await stripe.closeDispute(dispute.id, "lost");
  await paid(buyer.person);
  await stripe.refund(buyer.session, { amount: 100 });
  await stripe.advanceClock(32 * 86_400);
  await sql`select private.set_clock(private.clock() + interval '32 days')`;
  await assertHeals();
  const rows =
    await sql`select refunded_cents::int as refunded, disputed_cents::int as disputed from public.purchases
    where user_id = any (${[refunded, disputed].map(({ person }) => person.userId)}) order by 2`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [{ refunded: 0, disputed: 0 }, {
    refunded: 0,
    disputed: 1000,
  }]);
});

/** Copies the data of a server that is down, as a backup of the disk would. */
async function copyData(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
  assert.ok(success, "the data folder was copied");
}

// The last one: what it loses stays lost, for a person to deal with.
Deno.test("A restored backup: what it forgot is read from Stripe again, and a purchase it never knew opens an alert", async () => {
  const [known, refundedThere, refundedHere, stranger] = await people(4) as [Person, Person, Person, Person];
  const opening = await opened(known);
  const [there, here] = [await credited(refundedThere), await credited(refundedHere)];
  const superuser = connect({ ...env, DB_URL: env.ADMIN_DB_URL });
  const [data] = await superuser`show data_directory`;
  await superuser.end();
  const folder: string = data!.data_directory;

  await stack.killPostgres();
  await copyData(folder, `${folder}-backup`);
  await stack.startPostgres();
  await stripe.payCheckout(opening.session);
  fine(await functions.call("verify-checkout", { session_id: opening.session }, known.token));
  await stripe.refund(there.session, { amount: 400 });
  fine(await functions.call("refund-purchase", refunding(here, 600)));
  const lost = await credited(stranger);
  await untilQuiet(world);
  await stack.killPostgres();
  await copyData(`${folder}-backup`, folder);
  await stack.startPostgres();
  // The restored database thinks it is the moment of the backup.
  await sql`select private.set_clock(to_timestamp(${await stripe.now()}))`;

  await untilQuiet(world);
  const [unmatched] = await sql`select u.id, a.kind from private.unmatched_payments u
    join private.alerts a on a.key = u.id and a.resolved_at is null`;
  assert.deepEqual({ ...unmatched }, { id: lost.session, kind: "unmatched_payment" });
  const found = (await differences(sql, stripe)).map(({ what }) => what);
  assert.equal(found.length, 2, found.join("\n"));
  assert.equal(found[0], "Stripe was paid for no purchase");
  assert.match(found[1]!, /^10000000 micros of usd on .* are not explained$/);
  const ids = [known, refundedThere, refundedHere].map(({ userId }) => userId);
  const rows = await sql`select status, refunded_cents::int as refunded, clawed_back_micros::int as taken
    from public.purchases where user_id = any (${ids}) order by refunded_cents`;
  assert.deepEqual(rows.map(({ status, refunded, taken }) => [status, refunded, taken]), [
    ["paid", 0, 0],
    ["paid", 400, 4_000_000],
    ["paid", 600, 6_000_000],
  ]);
  await sql`select public.resolve_unmatched_payment('session', ${lost.session}, 'Paid back at Stripe')`;
  assert.deepEqual((await differences(sql, stripe)).map(({ what }) => what), [
    "Stripe was paid for no purchase",
  ]);
});
