import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { createTalktime, type Verification } from "../../client-sdk/src/index.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { admin, anonymous } from "../support/stack.ts";
import { beginPurchase, buy, newPerson, returnPages } from "./support/people.ts";
import { env, stripe } from "./support/stack.ts";

const stripeApi = createStripe({
  stripeSecretKey: env.STRIPE_SECRET_KEY,
  stripeApiUrl: new URL(env.STRIPE_API_URL!),
});

Deno.test("The packages on sale can be read without signing in, in the order to show them", async () => {
  const { data } = await createTalktime(anonymous(env)).packages.list();
  assert.deepEqual(data?.map(({ code, priceCents, creditMicros }) => [code, priceCents, creditMicros]), [
    ["credit_5", 500, 5_000_000],
    ["credit_10", 1_000, 10_000_000],
    ["credit_20", 2_000, 20_000_000],
    ["credit_50", 5_000, 50_000_000],
    ["credit_100", 10_000, 100_000_000],
  ]);
});

Deno.test("A client that is set to another schema still reads this one", async () => {
  const elsewhere = createClient(env.API_URL, env.PUBLISHABLE_KEY, {
    db: { schema: "app" },
    auth: { persistSession: false, autoRefreshToken: false },
  });
  assert.equal((await createTalktime(elsewhere).packages.list()).data?.length, 5);
});

Deno.test("A checkout gives a page to pay on, and credit only once it is paid", async () => {
  const { talktime } = await newPerson(env);
  const { data } = await talktime.purchases.checkout("credit_20", returnPages);
  const { purchase, checkoutUrl } = data!;
  assert.equal(purchase.status, "open");
  assert.equal(purchase.checkoutUrl, checkoutUrl);
  assert.equal(purchase.isFinal, false);

  const unpaid = await talktime.purchases.verify({ purchaseId: purchase.purchaseId });
  assert.equal(unpaid.data?.purchase.status, "open");
  assert.equal(unpaid.data?.balance.balanceMicros, 0);

  await stripe.payCheckout(purchase.stripeSessionId!);
  const paid = await talktime.purchases.verify({ sessionId: purchase.stripeSessionId! });
  assert.equal(paid.data?.credited, true);
  assert.equal(paid.data?.purchase.status, "paid");
  assert.equal(paid.data?.balance.availableMicros, 20_000_000);

  const again = await talktime.purchases.verify({ purchaseId: purchase.purchaseId });
  assert.equal(again.data?.credited, false);
  assert.equal(again.data?.balance.availableMicros, 20_000_000);
});

Deno.test("The same idempotency key is the same purchase; with another package it is a conflict", async () => {
  const { talktime } = await newPerson(env);
  const options = { ...returnPages, idempotencyKey: crypto.randomUUID() };
  const first = await talktime.purchases.checkout("credit_5", options);
  const second = await talktime.purchases.checkout("credit_5", options);
  assert.equal(second.data?.purchase.purchaseId, first.data?.purchase.purchaseId);
  assert.equal(second.data?.checkoutUrl, first.data?.checkoutUrl);
  assert.equal((await talktime.purchases.checkout("credit_10", options)).error?.code, "idempotency_conflict");
});

Deno.test("What cannot be bought is refused with its own code", async () => {
  const { talktime } = await newPerson(env);
  const checkout = async (code: string, pages: typeof returnPages) =>
    (await talktime.purchases.checkout(code, pages)).error?.code;
  assert.equal(await checkout("credit_7", returnPages), "package_not_found");
  const elsewhere = { ...returnPages, successUrl: "https://evil.example/paid" };
  assert.equal(await checkout("credit_5", elsewhere), "redirect_not_allowed");
  assert.equal(await checkout("credit_5", { ...returnPages, cancelUrl: "not a url" }), "invalid_request");
});

Deno.test("Another person's purchase is not found, by its id or its session", async () => {
  const [owner, stranger] = await Promise.all([newPerson(env), newPerson(env)]);
  const purchase = await buy(env, owner.talktime);
  const { purchases, receipts } = stranger.talktime;
  const requests = [
    purchases.verify({ purchaseId: purchase.purchaseId }),
    purchases.verify({ sessionId: purchase.stripeSessionId! }),
    purchases.get(purchase.purchaseId),
    receipts.get(purchase.purchaseId),
  ];
  for (const { error } of await Promise.all(requests)) assert.equal(error?.code, "purchase_not_found");
  assert.deepEqual((await purchases.list()).data, { items: [], next: null });
});

Deno.test("Waiting sees a delayed payment through to its end", async () => {
  const { talktime } = await newPerson(env);
  const { purchaseId, stripeSessionId } = await beginPurchase(talktime);
  await stripe.payCheckout(stripeSessionId!, { method: "us_bank_account" });
  const seen: string[] = [];
  const onUpdate = ({ purchase }: Verification) => {
    seen.push(purchase.status);
    if (seen.length === 2) void stripe.settle(stripeSessionId!);
  };
  const { data, error } = await talktime.purchases.waitUntilFinal({ purchaseId }, {
    intervalMs: 30,
    onUpdate,
  });
  assert.equal(error, null);
  assert.deepEqual([...new Set(seen)], ["processing", "paid"]);
  assert.equal(data!.balance.availableMicros, 10_000_000);
});

Deno.test("Waiting gives up in time and says what it last knew", async () => {
  const { talktime } = await newPerson(env);
  const { purchaseId } = await beginPurchase(talktime);
  const { error } = await talktime.purchases.waitUntilFinal({ purchaseId }, {
    intervalMs: 20,
    timeoutMs: 60,
  });
  assert.equal(error?.code, "timeout");
  assert.deepEqual(error?.details, { status: "open" });
  assert.match(error!.message, /Nothing is lost/);
});

Deno.test("Waiting stops with its signal", async () => {
  const { talktime } = await newPerson(env);
  const { purchaseId } = await beginPurchase(talktime);
  const stop = new AbortController();
  const onUpdate = () => stop.abort();
  const waiting = talktime.purchases.waitUntilFinal({ purchaseId }, {
    intervalMs: 60_000,
    signal: stop.signal,
    onUpdate,
  });
  assert.equal((await waiting).error?.code, "aborted");
});

Deno.test("Waiting ends at once for what waiting cannot mend", async () => {
  const { talktime } = await newPerson(env);
  const { error } = await talktime.purchases.waitUntilFinal({ purchaseId: crypto.randomUUID() });
  assert.equal(error?.code, "purchase_not_found");
});

Deno.test("A payment provider that is down is said to be so, and the purchase can be verified later", async () => {
  const { talktime } = await newPerson(env);
  const { purchaseId, stripeSessionId } = await beginPurchase(talktime);
  await stripe.payCheckout(stripeSessionId!);
  await stripe.fault({ match: { method: "GET", path: "/v1/checkout/sessions" }, kind: "503", times: 20 });
  try {
    const { error } = await talktime.purchases.verify({ purchaseId });
    assert.equal(error?.code, "payment_provider_unavailable");
    assert.equal(error?.status, 503);
    assert.equal(error?.retryable, true);
  } finally {
    await stripe.clearFaults();
  }
  assert.equal((await talktime.purchases.waitUntilFinal({ purchaseId })).data?.purchase.status, "paid");
});

Deno.test("A purchase looks the same in its list, by its id and when verified", async () => {
  const { talktime } = await newPerson(env);
  const bought = await buy(env, talktime);
  const { data: found } = await talktime.purchases.get(bought.purchaseId);
  const { data: page } = await talktime.purchases.list();
  assert.deepEqual(page?.items, [found]);
  // A verification also says whether it is a replay; everything else is the same.
  assert.deepEqual({ ...found, replayed: false }, bought);
});

Deno.test("A purchase that does not exist, or an id that is none, is refused", async () => {
  const { talktime } = await newPerson(env);
  assert.equal((await talktime.purchases.get(crypto.randomUUID())).error?.code, "purchase_not_found");
  assert.equal((await talktime.purchases.get("nonsense")).error?.code, "invalid_request");
});

Deno.test("A receipt states what was paid, and there is none before payment", async () => {
  const { talktime } = await newPerson(env);
  const open = await beginPurchase(talktime);
  assert.equal((await talktime.receipts.get(open.purchaseId)).error?.code, "purchase_not_found");
  const paid = await buy(env, talktime, "credit_50");
  const { data: receipt } = await talktime.receipts.get(paid.purchaseId);
  assert.equal(receipt?.packageName, "$50 credit");
  assert.equal(receipt?.paidCents, 5_000);
  assert.equal(receipt?.refundedCents, 0);
  assert.equal(receipt?.creditMicros, 50_000_000);
  assert.match(receipt!.reference, /^TT-[0-9A-F]{12}$/);
  assert.equal(receipt?.paymentIntentId, paid.paymentIntentId);
  assert.equal(receipt?.seller.name, "Talktime");
});

Deno.test("Payments are not started with the secret key", async () => {
  const { userId } = await newPerson(env);
  const server = createTalktime(admin(env), { userId });
  const { error } = await server.purchases.checkout("credit_5", returnPages);
  assert.equal(error?.code, "not_authenticated");
});

Deno.test("A purchase tells what of it was given back, the same from a list as from a verification", async () => {
  const { talktime, userId } = await newPerson(env);
  const { purchaseId } = await buy(env, talktime);
  const response = await fetch(`${env.FUNCTIONS_URL}/refund-purchase`, {
    method: "POST",
    headers: { apikey: env.SECRET_KEY, "Content-Type": "application/json" },
    body: JSON.stringify({
      user_id: userId,
      purchase_id: purchaseId,
      amount_cents: 250,
      reason: "asked for",
      idempotency_key: crypto.randomUUID(),
    }),
  });
  assert.equal(response.status, 200, await response.text());
  const { data: purchase } = await talktime.purchases.get(purchaseId);
  const { origin, refundedCents, disputedCents, clawedBackMicros, failureCode, invoiceUrl } = purchase!;
  assert.deepEqual({ origin, refundedCents, disputedCents, clawedBackMicros, failureCode, invoiceUrl }, {
    origin: "checkout",
    refundedCents: 250,
    disputedCents: 0,
    clawedBackMicros: 2_500_000,
    failureCode: null,
    invoiceUrl: null,
  });
  const { replayed: _replayed, ...verified } = (await talktime.purchases.verify({ purchaseId })).data!
    .purchase as
      & typeof purchase
      & { replayed: boolean };
  assert.deepEqual(verified, purchase);
});

Deno.test("A buyer may have the card kept", async () => {
  const { talktime } = await newPerson(env);
  for (const saveCard of [true, false]) {
    const { data } = await talktime.purchases.checkout("credit_10", { ...returnPages, saveCard });
    const session = await stripeApi.checkout.sessions.retrieve(data!.purchase.stripeSessionId!);
    assert.equal(
      session.saved_payment_method_options?.payment_method_save ?? null,
      saveCard ? "enabled" : null,
    );
  }
});
