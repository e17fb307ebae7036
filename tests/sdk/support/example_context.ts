// Who an example acts for: a person with a paid purchase of $10 and a saved card, and nothing else.
import { ensurePrices, readPlans } from "../../../dev/commands/stripe-prices.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe.ts";
import type { ExampleContext } from "./example_types.ts";
import { openPurchase, paidFacts } from "../../support/wallets.ts";
import { newPerson, PASSWORD, type Person } from "./people.ts";
import { saveCard } from "./saved_cards.ts";
import { env, sql, stripe } from "./stack.ts";

/** What the examples subscribe to. */
async function makePlan(): Promise<void> {
  await sql`insert into public.subscription_plans (code, name, price_cents, period, credit_micros, rollover, position)
    values ('example_monthly', 'Example plan', 1000, 'month', 12000000, 'none', -1) on conflict do nothing`;
  const plans = await readPlans(env.API_URL, env.SECRET_KEY);
  const api = { stripeSecretKey: env.STRIPE_SECRET_KEY, stripeApiUrl: new URL(env.STRIPE_API_URL!) };
  await ensurePrices(createStripe(api), plans.filter(({ code }) => code === "example_monthly"));
}

/** What the examples redeem: HELLO25 gives $2.50, EXTRA20 a fifth on top of a purchase; both sides of a referral get $5. */
async function makeOffers(): Promise<void> {
  await sql`insert into private.campaigns (name, kind, amount_micros, basis_points, valid_days, starts_at, created_at) values
    ('example_hello', 'free_credit', 2500000, null, null, '-infinity', now()),
    ('example_extra', 'percent_bonus', null, 2000, 90, '-infinity', now()) on conflict do nothing`;
  await sql`insert into private.promo_codes (code, campaign, created_at) values
    ('HE11025', 'example_hello', now()), ('EXTRA20', 'example_extra', now()) on conflict do nothing`;
  await sql`update private.settings set value = '5000000' where name in ('referral_reward_micros', 'referral_welcome_micros')`;
}

const offers = Promise.all([makeOffers(), makePlan()]);

export interface PaidPerson {
  person: Person;
  purchaseId: string;
  sessionId: string;
}

/** Someone who paid, by the same SQL functions as behind the checkout but without its page: there are many of them. */
export async function newPaidPerson(): Promise<PaidPerson> {
  await offers;
  const person = await newPerson(env);
  const purchase = await openPurchase(sql, person.userId);
  const facts = sql.json(paidFacts(purchase));
  await sql`select public.apply_checkout_session(${person.userId}, ${purchase.purchaseId}, ${facts})`;
  await saveCard(person.userId);
  return { person, ...purchase };
}

/** A context in that person's name; what the example prints goes to `printed`, one entry a call. */
export function contextOf({ person, purchaseId, sessionId }: PaidPerson, printed: string[]): ExampleContext {
  return {
    url: env.API_URL,
    publishableKey: env.PUBLISHABLE_KEY,
    secretKey: env.SECRET_KEY,
    email: person.email,
    password: PASSWORD,
    userId: person.userId,
    purchaseId,
    sessionId,
    supabase: person.client,
    talktime: person.talktime,
    location: {
      href: `http://localhost:3000/paid?session_id=${sessionId}`,
      assign: (url) => void stripe.payCheckout(new URL(url).pathname.split("/").at(-1)!),
    },
    console: { log: (...values) => void printed.push(values.map(text).join(" ")) },
  };
}

const text = (value: unknown): string =>
  typeof value === "string" ? value : Deno.inspect(value, { colors: false });
