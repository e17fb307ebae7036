// What an ordinary purchase costs: two requests to Stripe in all, two to the database for each function.
import assert from "node:assert/strict";
import { createDatabase } from "../../supabase/functions/_shared/db.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { createCheckout } from "../../supabase/functions/create-checkout/handler.ts";
import { refundPurchase } from "../../supabase/functions/refund-purchase/handler.ts";
import { verifyCheckout } from "../../supabase/functions/verify-checkout/handler.ts";
import { startCountingProxy } from "../support/counting_proxy.ts";
import { post } from "./support/dying.ts";
import { catchUp, followEvents } from "./support/reconciler.ts";
import { boughtPurchase, checkoutBody, env, newBuyer, sql, stripe, stripeSettings } from "./support/world.ts";

const [data, provider] = [
  await startCountingProxy(env.API_URL),
  await startCountingProxy(env.STRIPE_API_URL!),
];
Deno.test.afterAll(async () => {
  await data.stop();
  await provider.stop();
});

const db = createDatabase({ supabaseUrl: data.url, secretKey: env.SECRET_KEY });
const counted = createStripe({ ...stripeSettings, stripeApiUrl: new URL(provider.url) });

/** The requests that the work made, to Stripe and to the database. */
async function requestsOf(work: () => Promise<unknown>): Promise<{ stripe: string[]; database: string[] }> {
  const before = [provider.requests.length, data.requests.length];
  await work();
  return { stripe: provider.requests.slice(before[0]), database: data.requests.slice(before[1]) };
}

const rpc = (...names: string[]) => names.map((name) => `POST /rest/v1/rpc/${name}`);

Deno.test("An ordinary purchase makes two requests to Stripe, and each function two to the database", async () => {
  // The price is known from an earlier purchase, the customer from this person's.
  const buyer = await newBuyer();
  await boughtPurchase(buyer);
  await catchUp();

  let session = "";
  const buying = await requestsOf(async () => {
    const { purchase } = await createCheckout(post(checkoutBody()), {
      userId: buyer.userId,
      db,
      stripe: counted,
    });
    session = purchase.stripe_session_id!;
  });
  assert.deepEqual(buying, {
    stripe: ["POST /v1/checkout/sessions"],
    database: rpc("create_purchase", "attach_checkout_session"),
  });

  await stripe.payCheckout(session);
  const verifying = await requestsOf(() =>
    verifyCheckout(post({ session_id: session }), { userId: buyer.userId, db, stripe: counted })
  );
  assert.deepEqual(verifying, {
    stripe: [`GET /v1/checkout/sessions/${session}`],
    database: rpc("find_purchase", "apply_checkout_session"),
  });

  await stripe.clearRequests();
  await followEvents();
  const later = (await stripe.requests()).filter(({ path }) => path.includes(session));
  assert.deepEqual(later, [], "and its events cost no third");
});

Deno.test("Verifying what is settled, and repeating a checkout, ask Stripe nothing", async () => {
  const buyer = await newBuyer();
  const { session } = await boughtPurchase(buyer);
  const settled = await requestsOf(() =>
    verifyCheckout(post({ session_id: session }), { userId: buyer.userId, db, stripe: counted })
  );
  assert.deepEqual(settled, { stripe: [], database: rpc("find_purchase", "get_balance") });

  const body = checkoutBody();
  const deps = { userId: buyer.userId, db, stripe: counted };
  await createCheckout(post(body), deps);
  const repeated = await requestsOf(() => createCheckout(post(body), deps));
  assert.deepEqual(repeated, { stripe: [], database: rpc("create_purchase") });
});

Deno.test("A price that is not known yet is looked up once, and remembered for everybody", async () => {
  await sql`delete from private.stripe_prices where lookup_key = 'talktime_credit_5_usd_500'`;
  const buy = async () => {
    const { userId } = await newBuyer();
    const body = checkoutBody({ package_code: "credit_5" });
    return await requestsOf(() => createCheckout(post(body), { userId, db, stripe: counted }));
  };
  assert.deepEqual((await buy()).stripe, ["GET /v1/prices", "POST /v1/checkout/sessions"]);
  const next = await buy();
  assert.deepEqual(next.stripe, ["POST /v1/checkout/sessions"]);
  assert.equal(next.database.length, 2);
});

Deno.test("A refund makes one request to Stripe and two to the database", async () => {
  const { user_id, purchase_id } = await boughtPurchase(await newBuyer());
  const body = { user_id, purchase_id, reason: "counted", idempotency_key: crypto.randomUUID() };
  const refunding = await requestsOf(() =>
    refundPurchase(post(body), { actorId: null, db, stripe: counted })
  );
  assert.deepEqual(refunding, {
    stripe: ["POST /v1/refunds"],
    database: rpc("begin_refund", "apply_refund"),
  });
});
