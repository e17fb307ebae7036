// The daily sweep through Stripe's lists keeps its place.
import assert from "node:assert/strict";
import { Died } from "./support/dying.ts";
import { catchUp, dyingAt, letLeaseLapse, sweep } from "./support/reconciler.ts";
import { boughtPurchase, newBuyer, sql, standing, stripe, stripeApi } from "./support/world.ts";

await catchUp();

/** More refunds than a page holds. */
async function refundedInCents(count: number) {
  const purchase = await boughtPurchase(await newBuyer());
  for (let done = 0; done < count; done += 20) {
    await Promise.all(
      Array.from(
        { length: 20 },
        () => stripeApi.refunds.create({ payment_intent: purchase.payment_intent_id!, amount: 1 }),
      ),
    );
  }
  return purchase;
}

const refundPages = async () =>
  (await stripe.requests()).filter(({ method, path }) => method === "GET" && path === "/v1/refunds");

Deno.test("A sweep that dies between two pages goes on with the second", async () => {
  const purchase = await refundedInCents(120);
  await assert.rejects(sweep({ db: dyingAt("saveWalk", 1, "after") }, ["refunds"]), Died);
  assert.equal((await standing(purchase)).refunded_cents, 100);
  const [walk] = await sql`select after from private.reconcile_walks where name = 'refunds'`;
  assert.match(walk!.after, /^re_/);

  await letLeaseLapse();
  await stripe.clearRequests();
  await sweep({}, ["refunds"]);
  const pages = await refundPages();
  assert.match(pages[0]!.query, new RegExp(`starting_after=${walk!.after}`));
  assert.equal((await standing(purchase)).refunded_cents, 120);
  assert.equal((await standing(purchase)).clawed_back_micros, 1_200_000);
  const [ended] = await sql`select since, after from private.reconcile_walks where name = 'refunds'`;
  assert.deepEqual({ ...ended }, { since: null, after: null });
});

Deno.test("A sweep that dies before it could keep its place reads the page again, to the same end", async () => {
  const purchase = await refundedInCents(20);
  await assert.rejects(sweep({ db: dyingAt("saveWalk", 1, "before") }, ["refunds"]), Died);
  await letLeaseLapse();
  await sweep({}, ["refunds"]);
  assert.equal((await standing(purchase)).refunded_cents, 20);
  assert.equal((await standing(purchase)).clawed_back_micros, 200_000);
});

Deno.test("When the place itself is gone, the list is read from the top", async () => {
  const purchase = await boughtPurchase(await newBuyer());
  await stripe.refund(purchase.session, { amount: 5 });
  await sql`update private.reconcile_walks set since = private.clock() - interval '1 hour', until = private.clock(), after = 're_gone'
    where name = 'refunds'`;
  const { error } = await sweep({}, ["refunds"]);
  assert.equal(error, null);
  assert.equal((await standing(purchase)).refunded_cents, 5);
});

Deno.test("A run that was too slow and lost its lease stops, and says nothing of the other's work", async () => {
  await sql`update private.reconcile_walks set read_until = private.clock() - interval '2 days' where name = 'refunds'`;
  const taken = dyingAt("saveWalk", 99, "before");
  const answer = await sweep({
    db: {
      ...taken,
      saveWalk: async (place) => {
        await sql`update private.reconcile_runs set finished_at = private.clock(), error = 'died' where id = ${place.run_id}`;
        return await taken.saveWalk(place);
      },
    },
  }, ["refunds", "disputes"]);
  assert.equal(answer.stopped, "lease_lost");
  const [run] = await sql`select error from private.reconcile_runs order by id desc limit 1`;
  assert.equal(run!.error, "died");
});
