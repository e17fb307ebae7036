// Receipts are numbered while people pay: no gap, no duplicate, and nobody who pays waits for a number.
import assert from "node:assert/strict";
import { answers, Crowd, outcomeOf, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import {
  assertIntegrity,
  type OpenPurchase,
  openPurchase,
  openWallets,
  paidFacts,
} from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 130);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

async function openPurchases(count: number): Promise<OpenPurchase[]> {
  const people = await openWallets(sql, count);
  return await Promise.all(people.map((userId) => openPurchase(sql, userId)));
}

const paying = (purchase: OpenPurchase) =>
  rpc("apply_checkout_session", {
    user_id: purchase.userId,
    purchase_id: purchase.purchaseId,
    session: paidFacts(purchase),
  });

const issuing = "select private.issue_receipts() as answer";

/** Where the series stands once everything that was paid before has its number. */
async function lastNumber(): Promise<number> {
  await sql`select private.issue_receipts()`;
  const [row] =
    await sql`select coalesce(max(sequence), 0)::integer as last from public.receipts where not livemode`;
  return row!.last;
}

async function numbersOf(purchases: OpenPurchase[]): Promise<number[]> {
  const rows = await sql`select sequence::integer as number from public.receipts
    where purchase_id = any(${purchases.map(({ purchaseId }) => purchaseId)}) order by sequence`;
  return rows.map(({ number }) => number);
}

async function assertNoGap(): Promise<void> {
  const gaps = await sql`select livemode from public.receipts group by livemode
    having max(sequence) <> count(*) or min(sequence) <> 1`;
  assert.deepEqual([...gaps], []);
}

const counted = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + 1 + index);

Deno.test("A hundred people pay while thirty issuers run: the numbers are the next hundred", async () => {
  const before = await lastNumber();
  const purchases = await openPurchases(100);
  const outcomes = await crowd.rush([...purchases.map(paying), ...Array(30).fill(issuing)]);
  assert.deepEqual(tally(outcomes), { ok: 130 });
  await sql`select private.issue_receipts()`;
  assert.deepEqual(await numbersOf(purchases), counted(before, 100));
  await assertNoGap();
  await assertIntegrity(sql);
});

Deno.test("A hundred people ask for their receipts at once: each gets one number, the same every time", async () => {
  const before = await lastNumber();
  const purchases = await openPurchases(50);
  for (const purchase of purchases) await sql.unsafe(paying(purchase));
  const asking = purchases.map((purchase) =>
    rpc("get_receipt", { purchase_id: purchase.purchaseId, user_id: purchase.userId })
  );
  const outcomes = await crowd.rush([...asking, ...asking]);
  assert.deepEqual(tally(outcomes), { ok: 100 });
  const numbers = answers(outcomes).map((receipt) => receipt.number);
  assert.deepEqual(numbers.slice(0, 50), numbers.slice(50));
  // They paid one after the other.
  assert.deepEqual(await numbersOf(purchases), counted(before, 50));
  assert.deepEqual(numbers.slice(0, 50), numbers.slice(0, 50).toSorted());
  await assertNoGap();
});

Deno.test("While an issuer holds its numbers back, people go on paying; when it fails, its numbers are given again", async () => {
  const before = await lastNumber();
  const [first, second] = [await openPurchases(3), await openPurchases(3)];
  for (const purchase of first) await sql.unsafe(paying(purchase));
  const failed = await outcomeOf(sql.begin(async (issuer) => {
    await issuer.unsafe(issuing);
    for (const purchase of second) {
      // On another connection, as another person's request.
      const outcome = await outcomeOf(sql.begin(async (buyer) => {
        await buyer`set local lock_timeout = '2s'`;
        return await buyer.unsafe(paying(purchase));
      }));
      assert.equal(outcome.ok, true, "nobody who pays waits for the issuer");
    }
    throw new Error("the issuer dies");
  }));
  assert.equal(failed.ok, false);
  assert.deepEqual(await numbersOf([...first, ...second]), [], "nothing was given out");
  await sql`select private.issue_receipts()`;
  assert.deepEqual(await numbersOf(first), counted(before, 3));
  assert.deepEqual(await numbersOf(second), counted(before + 3, 3));
  await assertNoGap();
});
