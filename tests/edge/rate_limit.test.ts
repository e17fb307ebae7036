import assert from "node:assert/strict";
import {
  assertRefused,
  createCheckout,
  newBuyer,
  openPurchase,
  sessionsOf,
  sql,
  verify,
} from "./support/world.ts";

async function setting(name: string): Promise<number> {
  const [row] = await sql`select private.setting_integer(${name}) as value`;
  return row!.value;
}

/** As if the person had already used up their window. */
async function useUp(userId: string, action: string, hits: number) {
  await sql`insert into private.rate_limits (user_id, action, window_started_at, hits)
    values (${userId}, ${action}, private.clock(), ${hits})
    on conflict (user_id, action) do update set hits = excluded.hits, window_started_at = excluded.window_started_at`;
}

Deno.test("Beginning too many checkouts is refused before Stripe is asked; others are not affected", async () => {
  const [eager, other] = [await newBuyer(), await newBuyer()];
  await useUp(eager.userId, "checkout", await setting("checkout_limit_per_hour") - 1);
  assert.equal((await createCheckout(eager)).status, 200);
  assertRefused(await createCheckout(eager), 429, "rate_limited");
  assert.equal((await sessionsOf(eager)).length, 1);
  assert.equal((await createCheckout(other)).status, 200);
});

Deno.test("Repeating a checkout with its own key is not counted", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  await createCheckout(buyer, { idempotency_key });
  await useUp(buyer.userId, "checkout", await setting("checkout_limit_per_hour"));
  assert.equal((await createCheckout(buyer, { idempotency_key })).status, 200);
});

Deno.test("Asking too often about an unfinished purchase is refused before Stripe is asked", async () => {
  const buyer = await newBuyer();
  const purchase = await openPurchase(buyer);
  await useUp(buyer.userId, "verify", await setting("verify_limit_per_minute"));
  assertRefused(await verify(buyer, { session_id: purchase.session }), 429, "rate_limited");
});
