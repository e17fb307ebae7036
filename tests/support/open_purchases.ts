// Open purchases by the hundred, each with its session at the simulator: some paid, some expired, the rest untouched.
import type postgres from "postgres";
import type Stripe from "stripe";
import type { StripeControl } from "../../dev/stripe/control.ts";
import { openWallets, purchaseArguments } from "./wallets.ts";

export interface Scene {
  sql: postgres.Sql;
  stripeApi: Stripe;
  stripe: StripeControl;
  count: number;
}

export interface Opened {
  paid: string[];
  expired: string[];
  open: string[];
}

const AT_ONCE = 8;

/** All of them are due at once. Of six, three are paid, two expired and one is untouched unless `untouched` is false. */
export async function openMany({ sql, stripeApi, stripe, count }: Scene, untouched = false): Promise<Opened> {
  const opened: Opened = { paid: [], expired: [], open: [] };
  const [price] =
    (await stripeApi.prices.list({ lookup_keys: ["talktime_credit_10_usd_1000"], limit: 1 })).data;
  const wallets = (await openWallets(sql, count)).values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const userId of wallets) {
      const index = opened.paid.length + opened.expired.length + opened.open.length;
      const kind = index % 6 < 3 ? "paid" : index % 6 < 5 || !untouched ? "expired" : "open";
      const place: string[] = opened[kind];
      const slot = place.push("") - 1;
      const { purchaseId, sessionId } = await openOne(sql, stripeApi, userId, price!.id);
      if (kind === "paid") await stripe.payCheckout(sessionId);
      if (kind === "expired") await stripe.expireSession(sessionId);
      place[slot] = purchaseId;
    }
  }));
  await sql`update public.purchases set next_check_at = private.clock() - interval '1 second'
    where id = any(${[...opened.paid, ...opened.expired, ...opened.open]})`;
  return opened;
}

async function openOne(sql: postgres.Sql, stripeApi: Stripe, userId: string, price: string) {
  const asked = purchaseArguments(userId, crypto.randomUUID());
  const [created] =
    await sql`select public.create_purchase(${userId}, ${asked.package_code}, ${asked.idempotency_key},
    ${asked.success_url}, ${asked.cancel_url}) as answer`;
  const purchaseId: string = created!.answer.purchase_id;
  const metadata = { user_id: userId, purchase_id: purchaseId };
  const session = await stripeApi.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price, quantity: 1 }],
    success_url: asked.success_url,
    client_reference_id: userId,
    metadata,
    payment_intent_data: { metadata },
  });
  await sql`select public.attach_checkout_session(${userId}, ${purchaseId}, ${session.id}, ${session.url},
    to_timestamp(${session.expires_at}), false)`;
  return { purchaseId, sessionId: session.id };
}
