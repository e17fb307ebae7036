import assert from "node:assert/strict";
import { completeEnv, startFunction } from "./support/function_process.ts";
import { catchUp, letLeaseLapse } from "./support/reconciler.ts";
import {
  env,
  eventually,
  journal,
  makeDue,
  newBuyer,
  openPurchase,
  purchaseRow,
  reconcile,
  sql,
  stripe,
} from "./support/world.ts";

// So that the runs here are about what happens here.
await catchUp();

async function paidAndForgotten(count: number) {
  const bought = await Promise.all(Array.from({ length: count }, async () => {
    const buyer = await newBuyer();
    const purchase = await openPurchase(buyer);
    await stripe.payCheckout(purchase.session);
    return { buyer, purchase };
  }));
  await makeDue(...bought.map(({ purchase }) => purchase));
  return bought;
}

Deno.test("A browser closed after payment loses nothing", async () => {
  const [bought] = await paidAndForgotten(1);
  const { status, body } = await reconcile();
  assert.equal(status, 200);
  const { busy, checked, credited, error } = body;
  assert.deepEqual({ busy, checked, credited, error }, { busy: false, checked: 1, credited: 1, error: null });
  const [run] =
    await sql`select counts, finished_at is not null as finished, error, lag_seconds from private.reconcile_runs
    order by id desc limit 1`;
  assert.deepEqual({ credited: run!.counts.credited, finished: run!.finished, error: run!.error }, {
    credited: 1,
    finished: true,
    error: null,
  });
  assert.ok(run!.lag_seconds < 60, `${run!.lag_seconds} s behind`);
  await eventually(
    async () => (await purchaseRow(bought!.purchase)).status === "paid",
    "the payment is credited",
  );
  assert.equal((await journal(bought!.buyer)).length, 1);
});

Deno.test("A purchase is not looked at before it is due, and ever more rarely after", async () => {
  const purchase = await openPurchase(await newBuyer());
  const checks = async () =>
    (await sql`select check_count as count, extract(epoch from next_check_at - private.clock())::float8 as wait
      from public.purchases where id = ${purchase.purchase_id}`)[0]!;
  await reconcile();
  assert.equal((await checks()).count, 0);
  const waits: number[] = [];
  for (let count = 1; count <= 3; count += 1) {
    await makeDue(purchase);
    await reconcile();
    await eventually(async () => (await checks()).count === count, "it was looked at once more");
    waits.push((await checks()).wait);
  }
  assert.ok(waits[0]! < waits[1]! && waits[1]! < waits[2]!, waits.join(" "));
});

Deno.test("Of runs at once, one works and the others do nothing", async () => {
  const bought = await paidAndForgotten(6);
  const runs = await Promise.all([reconcile(), reconcile(), reconcile()]);
  for (const { status, body } of runs) assert.equal(status, 200, JSON.stringify(body));
  const busy = runs.filter(({ body }) => body.busy).map(({ body }) => body);
  assert.deepEqual(busy, [{ busy: true }, { busy: true }]);
  await eventually(async () => {
    const rows = await Promise.all(bought.map(({ purchase }) => purchaseRow(purchase)));
    return rows.every(({ status }) => status === "paid");
  }, "every payment is credited");
  for (const { buyer } of bought) assert.equal((await journal(buyer)).length, 1);
});

Deno.test("One purchase that cannot be read does not stop the others, and says why", async () => {
  const [broken, ...fine] = await paidAndForgotten(3);
  await stripe.fault({ match: { path: `/v1/checkout/sessions/${broken!.purchase.session}$` }, kind: "500" });
  const { body } = await reconcile();
  assert.ok(body.failed >= 1, JSON.stringify(body));
  await eventually(async () => {
    const rows = await Promise.all(fine.map(({ purchase }) => purchaseRow(purchase)));
    return rows.every(({ status }) => status === "paid");
  }, "the others are credited");
  const [row] = await sql`select last_check_error as error from public.purchases where id = ${
    broken!.purchase.purchase_id
  }`;
  assert.ok(row!.error.length > 0);
  assert.doesNotMatch(row!.error, /sk_test/);

  await stripe.clearFaults();
  await makeDue(broken!.purchase);
  await reconcile();
  await eventually(
    async () => (await purchaseRow(broken!.purchase)).status === "paid",
    "it is credited later",
  );
});

Deno.test("A run that is killed while it waits for Stripe is carried on when its lease is over", async () => {
  const [bought] = await paidAndForgotten(1);
  const path = `/v1/checkout/sessions/${bought!.purchase.session}$`;
  await stripe.clearRequests();
  await stripe.fault({ match: { path }, kind: "slow", times: 1, delayMs: 3_000 });
  const running = await startFunction("reconcile-payments", completeEnv);
  const cutOff = assert.rejects(fetch(running.url!, { method: "POST", headers: { apikey: env.SECRET_KEY } }));
  const asked = async () => (await stripe.requests()).some((request) => new RegExp(path).test(request.path));
  await eventually(asked, "Stripe is asked");
  await running.kill();
  await cutOff;
  await stripe.clearFaults();
  assert.deepEqual((await reconcile()).body, { busy: true }, "for as long as the lease lasts");

  await letLeaseLapse();
  assert.equal((await reconcile()).body.busy, false);
  assert.equal(
    (await purchaseRow(bought!.purchase)).status,
    "paid",
    "its events told, before it is due again",
  );
  const [died] = await sql`select error from private.reconcile_runs order by id desc offset 1 limit 1`;
  assert.equal(died!.error, "died");
});
