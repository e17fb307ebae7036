// Who an example acts for: a person with a paid purchase of $10 and a saved card, and nothing else.
import type { ExampleContext } from "./example_types.ts";
import { openPurchase, paidFacts } from "../../support/wallets.ts";
import { newPerson, PASSWORD, type Person } from "./people.ts";
import { saveCard } from "./saved_cards.ts";
import { env, sql, stripe } from "./stack.ts";

export interface PaidPerson {
  person: Person;
  purchaseId: string;
  sessionId: string;
}

/** Someone who paid, by the same SQL functions as behind the checkout but without its page: there are many of them. */
export async function newPaidPerson(): Promise<PaidPerson> {
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
