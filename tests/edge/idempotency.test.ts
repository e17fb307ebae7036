import assert from "node:assert/strict";
import {
  assertRefused,
  createCheckout,
  newBuyer,
  sessionsOf,
  sql,
  stripe,
  verified,
} from "./support/world.ts";

Deno.test("The same request again returns the same purchase and page, and makes no second session", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  const first = await createCheckout(buyer, { idempotency_key });
  const second = await createCheckout(buyer, { idempotency_key });
  assert.equal(second.status, 200);
  assert.equal(second.body.purchase.purchase_id, first.body.purchase.purchase_id);
  assert.equal(second.body.checkout_url, first.body.checkout_url);
  assert.deepEqual(second.body.purchase, { ...first.body.purchase, replayed: true });
  assert.deepEqual(await sessionsOf(buyer), [first.body.purchase.stripe_session_id]);
});

Deno.test("The same request sent many times at once makes one purchase and one session", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => createCheckout(buyer, { idempotency_key })),
  );
  for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
  assert.equal(new Set(answers.map(({ body }) => body.checkout_url)).size, 1);
  assert.equal((await sql`select from public.purchases where user_id = ${buyer.userId}`).length, 1);
  assert.equal((await sessionsOf(buyer)).length, 1);
});

Deno.test("The same key with another body is refused", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  await createCheckout(buyer, { idempotency_key });
  const changes = [{ package_code: "credit_20" }, { success_url: "http://localhost:3000/else" }, {
    cancel_url: "http://localhost:3000/else",
  }];
  for (const change of changes) {
    assertRefused(await createCheckout(buyer, { idempotency_key, ...change }), 409, "idempotency_conflict");
  }
  assert.equal((await sessionsOf(buyer)).length, 1);
});

Deno.test("Two people may use the same key", async () => {
  const [one, other] = [await newBuyer(), await newBuyer()];
  const idempotency_key = crypto.randomUUID();
  const first = await createCheckout(one, { idempotency_key });
  const second = await createCheckout(other, { idempotency_key });
  assert.equal(second.status, 200);
  assert.notEqual(second.body.purchase.purchase_id, first.body.purchase.purchase_id);
});

Deno.test("Another key is another purchase with its own page", async () => {
  const buyer = await newBuyer();
  const [first, second] = [await createCheckout(buyer), await createCheckout(buyer)];
  assert.notEqual(second.body.checkout_url, first.body.checkout_url);
  assert.equal((await sessionsOf(buyer)).length, 2);
});

Deno.test("The same request after payment returns the purchase and no page to pay at", async () => {
  const buyer = await newBuyer();
  const idempotency_key = crypto.randomUUID();
  const { body } = await createCheckout(buyer, { idempotency_key });
  await stripe.payCheckout(body.purchase.stripe_session_id);
  await verified(buyer, body.purchase.stripe_session_id);
  const again = await createCheckout(buyer, { idempotency_key });
  assert.equal(again.status, 200);
  assert.equal(again.body.purchase.status, "paid");
  assert.equal(again.body.checkout_url, null);
});
