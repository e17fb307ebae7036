// Several reconcilers at once: each purchase is looked at by one of them.
import assert from "node:assert/strict";
import { answers, Crowd, type Outcome, outcomeOf, rpc, tally } from "../support/load.ts";
import { sql as connect, useStack } from "../support/stack.ts";
import { openPurchase, openWallets } from "../support/wallets.ts";

const stack = await useStack();
const sql = connect(stack.env);
await sql`select private.reset_clock()`;
const crowd = await Crowd.gather(stack.env, 8);

Deno.test.afterAll(async () => {
  await crowd.close();
  await sql.end();
  await stack.stop();
});

async function duePurchases(count: number): Promise<string[]> {
  const wallets = await openWallets(sql, 20);
  const ids = [];
  for (let index = 0; index < count; index++) {
    const purchase = await openPurchase(sql, wallets[index % wallets.length]!);
    ids.push(purchase.purchaseId);
  }
  await sql`update public.purchases set next_check_at = private.clock() - interval '1 minute' where id = any (${ids})`;
  return ids;
}

const claim = (size: number) => rpc("claim_due_purchases", { batch_size: size });

Deno.test("Eight reconcilers claim a hundred and twenty due purchases at once: no purchase goes to two of them", async () => {
  const due = await duePurchases(120);
  const claimed: string[] = [];
  let rounds = 0;
  // Who meets a row that another is just claiming passes over it, so a round may leave some for the next.
  for (; rounds < 10 && claimed.length < due.length; rounds++) {
    const outcomes = await crowd.rush(Array(8).fill(claim(15)));
    assert.deepEqual(tally(outcomes), { ok: 8 });
    for (const batch of answers(outcomes)) {
      assert.ok(batch.length <= 15);
      claimed.push(
        ...batch.map((purchase: { purchase_id: string }) => purchase.purchase_id).filter((id: string) =>
          due.includes(id)
        ),
      );
    }
  }
  assert.equal(new Set(claimed).size, claimed.length, "claimed twice");
  assert.deepEqual(claimed.toSorted(), due.toSorted(), "all of them");
  const again = await crowd.rush(Array(8).fill(claim(500)));
  const back = answers(again).flat().filter((purchase: { purchase_id: string }) =>
    due.includes(purchase.purchase_id)
  );
  assert.deepEqual(back, [], "a claimed purchase is not due again before its lease is over");
});

Deno.test("A reconciler that dies leaves its purchases to the next one", async () => {
  const due = await duePurchases(10);
  const ours = (outcomes: Outcome[]) =>
    answers(outcomes).flat().map((purchase: { purchase_id: string }) => purchase.purchase_id)
      .filter((id: string) => due.includes(id)).toSorted();

  const pool = connect(stack.env, { max: 1 });
  const dying = await pool.reserve();
  const [{ pid }] = await dying`select pg_backend_pid() as pid` as unknown as [{ pid: number }];
  await dying.unsafe("begin");
  assert.deepEqual(ours([await outcomeOf(dying.unsafe(claim(500)))]), due.toSorted());
  assert.deepEqual(
    ours(await crowd.rush([claim(500)])),
    [],
    "while one holds them, nobody waits and nobody gets them",
  );

  await sql`select pg_terminate_backend(${pid}, 5000)`;
  assert.deepEqual(ours(await crowd.rush([claim(500)])), due.toSorted());
  await pool.end({ timeout: 1 });
});
