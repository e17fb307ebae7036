// Saved cards: added, chosen and removed on Stripe's pages and ours, each person their own.
import assert from "node:assert/strict";
import { createBillingDatabase } from "../../supabase/functions/manage-billing/database.ts";
import { manageBilling } from "../../supabase/functions/manage-billing/handler.ts";
import { addCard, agree, billing, PAGES, stateOf } from "./support/reloading.ts";
import { Died, post } from "./support/dying.ts";
import {
  assertRefused,
  type Buyer,
  call,
  createCheckout,
  env,
  newBuyer,
  sql,
  stripe,
  stripeApi,
  verified,
} from "./support/world.ts";

interface Card {
  payment_method_id: string;
  last4: string;
  is_default: boolean;
}

async function cards(
  buyer: Buyer,
  body: unknown = { action: "list" },
): Promise<[string, boolean][]> {
  const answer = await billing(buyer, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.payment_methods.map((
    { last4, is_default }: Card,
  ) => [last4, is_default]);
}

async function customersOf({ userId }: Buyer): Promise<string[]> {
  const { data } = await stripeApi.customers.list({ limit: 100 });
  return data.filter(({ metadata }) => metadata.user_id === userId).map((
    { id },
  ) => id);
}

Deno.test("A card is added on Stripe's page, nothing is charged, and it becomes the default", async () => {
  const buyer = await newBuyer();
  assert.deepEqual(await cards(buyer), []);
  await addCard(buyer);
  assert.deepEqual(await cards(buyer), [["4242", true]]);
  const second = await addCard(buyer, "5555555555554444");
  assert.deepEqual(await cards(buyer), [["4444", true], ["4242", false]]);
  const [customer, ...more] = await customersOf(buyer);
  assert.deepEqual(more, [], "a person is one customer");
  const { invoice_settings } = await stripeApi.customers.retrieve(
    customer!,
  ) as { invoice_settings: unknown };
  assert.equal(
    (invoice_settings as Record<string, unknown>).default_payment_method,
    second,
  );
  assert.deepEqual(
    (await stripeApi.charges.list({ customer: customer! })).data,
    [],
  );
});

Deno.test("Two pages opened at once are one customer's", async () => {
  const buyer = await newBuyer();
  const answers = await Promise.all(
    [1, 2, 3].map(() => billing(buyer, { action: "add_card", ...PAGES })),
  );
  // Stripe may ask one of them to come again while it works for another.
  for (const { status } of answers) {
    assert.ok([200, 503].includes(status), String(status));
  }
  assert.ok(answers.some(({ status }) => status === 200));
  assert.equal((await customersOf(buyer)).length, 1);
});

Deno.test("Dying after the customer was made leaves one customer", async () => {
  const buyer = await newBuyer();
  const real = createBillingDatabase({
    supabaseUrl: env.API_URL,
    secretKey: env.SECRET_KEY,
  });
  const db = {
    ...real,
    saveStripeCustomer: () => Promise.reject(new Died("before saveStripeCustomer")),
  };
  const deps = { userId: buyer.userId, db, stripe: stripeApi };
  await assert.rejects(
    manageBilling(post({ action: "add_card", ...PAGES }), deps),
    Died,
  );
  await addCard(buyer);
  assert.equal((await customersOf(buyer)).length, 1);
});

Deno.test("A card refused on Stripe's page is not saved", async () => {
  const buyer = await newBuyer();
  const { body } = await billing(buyer, { action: "add_card", ...PAGES });
  const session = new URL(body.url).pathname.split("/").at(-1)!;
  assert.equal(
    (await stripe.payCheckout(session, { card: "4000000000000002" })).kind,
    "declined",
  );
  assert.deepEqual(
    await cards(buyer, { action: "sync", session_id: session }),
    [],
  );
});

Deno.test("A card saved while paying is known after the next look", async () => {
  const buyer = await newBuyer();
  const { body } = await createCheckout(buyer, { save_card: true });
  await stripe.payCheckout(body.purchase.stripe_session_id, {
    card: "5555555555554444",
    save: true,
  });
  await verified(buyer, body.purchase.stripe_session_id);
  assert.deepEqual(await cards(buyer, { action: "sync" }), [["4444", true]]);
  await addCard(buyer);
  assert.deepEqual(
    await cards(buyer),
    [["4242", true], ["4444", false]],
    "both belong to the customer who paid",
  );
});

Deno.test("The default is chosen, and a card removed is gone at Stripe too", async () => {
  const buyer = await newBuyer();
  const first = await addCard(buyer);
  const second = await addCard(buyer, "5555555555554444");
  const chosen = await cards(buyer, {
    action: "set_default",
    payment_method_id: first,
  });
  assert.deepEqual(chosen, [["4242", true], ["4444", false]]);
  assert.deepEqual(
    await cards(buyer, { action: "remove", payment_method_id: first }),
    [["4444", true]],
  );
  assert.equal((await stripeApi.paymentMethods.retrieve(first)).customer, null);
  assertRefused(
    await billing(buyer, { action: "remove", payment_method_id: first }),
    404,
    "payment_method_not_found",
  );
  assert.deepEqual(
    await cards(buyer, { action: "remove", payment_method_id: second }),
    [],
  );
});

Deno.test("A removal that Stripe did not carry out can be repeated, and stops auto-reload all the same", async () => {
  const buyer = await newBuyer();
  const card = await addCard(buyer);
  await agree(buyer);
  await stripe.fault({
    match: { method: "POST", path: "/detach$" },
    kind: "503",
  });
  const remove = { action: "remove", payment_method_id: card };
  assertRefused(
    await billing(buyer, remove),
    503,
    "payment_provider_unavailable",
  );
  assert.equal(await stateOf(buyer), "off");
  assert.deepEqual(await cards(buyer), [["4242", true]]);
  await stripe.clearFaults();
  assert.deepEqual(await cards(buyer, remove), []);
});

Deno.test("What was done in the portal is known after the return", async () => {
  const buyer = await newBuyer();
  const first = await addCard(buyer);
  await agree(buyer);
  const { status, body } = await billing(buyer, {
    action: "portal",
    return_url: PAGES.success_url,
  });
  assert.equal(status, 200, JSON.stringify(body));
  const done = await stripe.portal(body.url, {
    addCard: "5555555555554444",
    remove: first,
  });
  assert.equal(done.cards.length, 1);
  assert.deepEqual(await cards(buyer, { action: "sync" }), [["4444", true]]);
  assert.equal(
    await stateOf(buyer),
    "on",
    "auto-reload charges the default, which is the new one",
  );
});

Deno.test("A card that is gone at Stripe is gone here when it is chosen or removed", async () => {
  const buyer = await newBuyer();
  const [first, second] = [
    await addCard(buyer),
    await addCard(buyer, "5555555555554444"),
  ];
  await stripeApi.paymentMethods.detach(first);
  assert.deepEqual(
    await cards(buyer, { action: "set_default", payment_method_id: first }),
    [["4444", true]],
  );
  await stripeApi.paymentMethods.detach(second);
  assert.deepEqual(
    await cards(buyer, { action: "remove", payment_method_id: second }),
    [],
  );
});

Deno.test("A customer that is gone at Stripe is made anew, once", async () => {
  const buyer = await newBuyer();
  await addCard(buyer);
  const [before] = await customersOf(buyer);
  await stripeApi.customers.del(before!);
  assert.deepEqual(
    await cards(buyer, { action: "sync" }),
    [],
    "its cards went with it",
  );
  await addCard(buyer, "5555555555554444");
  const [after, ...more] = await customersOf(buyer);
  assert.deepEqual(more, []);
  assert.notEqual(after, before);
  await stripeApi.customers.del(after!);
  await addCard(buyer, "5555555555554444");
  assert.equal((await customersOf(buyer)).length, 1);
});

Deno.test("Another person's card or page is of no use", async () => {
  const [owner, thief] = [await newBuyer(), await newBuyer()];
  const card = await addCard(owner);
  await addCard(thief, "5555555555554444");
  for (const action of ["set_default", "remove"]) {
    const answer = await billing(thief, { action, payment_method_id: card });
    assertRefused(answer, 404, "payment_method_not_found");
  }
  const { body } = await billing(owner, { action: "add_card", ...PAGES });
  const session = new URL(body.url).pathname.split("/").at(-1)!;
  await stripe.payCheckout(session, { card: "378282246310005" });
  assert.deepEqual(
    await cards(thief, { action: "sync", session_id: session }),
    [["4444", true]],
  );
  assert.deepEqual(
    await cards(owner, { action: "sync", session_id: session }),
    [["0005", true], [
      "4242",
      false,
    ]],
  );
  await assert.rejects(
    sql`select public.set_auto_reload(5000000, 'credit_10', 5000, true, 'Buy $10 when I have less.', ${card}, ${thief.userId})`,
    /payment_method_not_found/,
  );
});

Deno.test("Pages that are not on the list, bad bodies and strangers are refused before Stripe is asked", async () => {
  const buyer = await newBuyer();
  await stripe.clearRequests();
  const elsewhere = { ...PAGES, success_url: "https://elsewhere.example/" };
  assertRefused(
    await billing(buyer, { action: "add_card", ...elsewhere }),
    400,
    "redirect_not_allowed",
  );
  assertRefused(
    await billing(buyer, {
      action: "portal",
      return_url: "https://elsewhere.example/",
    }),
    400,
    "redirect_not_allowed",
  );
  for (
    const body of [
      {},
      { action: "charge" },
      { action: "remove" },
      { action: "list", user_id: buyer.userId },
      {
        action: "remove",
        payment_method_id: "pm_1/../customers",
      },
    ]
  ) assertRefused(await billing(buyer, body), 400, "invalid_request");
  assertRefused(
    await call("manage-billing", { action: "list" }),
    401,
    "not_authenticated",
  );
  assertRefused(
    await call("manage-billing", { action: "list" }, {
      apikey: env.SECRET_KEY,
    }),
    401,
    "not_authenticated",
  );
  assert.deepEqual((await stripe.requests()).map(({ path }) => path), []);
});

Deno.test("Asking too often is refused before Stripe is asked", async () => {
  const buyer = await newBuyer();
  await sql`insert into private.rate_limits (user_id, action, window_started_at, hits)
    values (${buyer.userId}, 'billing', private.clock(), private.setting_integer('billing_limit_per_hour'))`;
  assertRefused(
    await billing(buyer, { action: "add_card", ...PAGES }),
    429,
    "rate_limited",
  );
  assert.deepEqual(await customersOf(buyer), []);
});
