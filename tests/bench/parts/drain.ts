// Open purchases by the thousand, read from Stripe by the deployed reconciler while the simulator enforces Stripe's own limits.
import type { Sql } from "postgres";
import { StripeControl } from "../../../dev/stripe/control.ts";
import type { StackEnv } from "../../../dev/stack/env.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe.ts";
import { openMany } from "../../support/open_purchases.ts";
import { type Bench, onServer, type Part, type Server } from "../part.ts";
import type { Report } from "../report.ts";

/** Stripe's limits in a sandbox: over all, and for each endpoint. */
const STRIPE_LIMIT = 25;
const MOST_PER_SECOND = 20;

export const drain: Part = {
  name: "drain",
  about: "10 000 open purchases read from Stripe within its limits",
  run: (bench) => onServer((server) => measureDrain(bench, server)),
};

async function measureDrain({ quick, log }: Bench, { stack, sql }: Server): Promise<Report[]> {
  const count = quick ? 300 : 10_000;
  const stripe = new StripeControl(stack.env.STRIPE_API_URL!);
  const stripeApi = createStripe({
    stripeSecretKey: stack.env.STRIPE_SECRET_KEY,
    stripeApiUrl: new URL(stack.env.STRIPE_API_URL!),
  });
  log(`drain: opening ${count} purchases`);
  const { paid, expired, open } = await openMany({ sql, stripeApi, stripe, count }, true);
  const ids = [...paid, ...expired, ...open];
  await stripe.clearRequests();
  await stripe.rateLimit({ perSecond: STRIPE_LIMIT, perEndpoint: STRIPE_LIMIT });
  const began = performance.now();
  let credited = 0;
  let runs = 0;
  for (let left = count; left > 0; runs += 1) {
    const run = await reconcile(stack.env);
    credited += run.credited;
    left = await unread(sql, ids);
    log(`drain: ${run.requests} requests, ${left} purchases left`);
  }
  const seconds = (performance.now() - began) / 1000;
  const asked = await stripe.requests();
  const refused = asked.filter(({ status }) => status === 429).length;
  const { busiest } = await stripe.rates();
  return [{
    title: `${count} open purchases, read from Stripe`,
    rows: [
      { label: "time", value: `${Math.round(seconds)} s in ${runs} runs` },
      { label: "requests", value: String(asked.length) },
      {
        label: "most within a second",
        value: String(busiest),
        target: `at most ${MOST_PER_SECOND}`,
        met: busiest <= MOST_PER_SECOND,
      },
      { label: "refused by Stripe", value: String(refused), target: "0", met: refused === 0 },
      {
        label: "paid ones credited",
        value: String(credited),
        target: String(paid.length),
        met: credited === paid.length,
      },
    ],
    note:
      `Half of them paid, a third expired, the others open. A deployed schedule begins a run each minute; here they follow each other.`,
  }];
}

async function reconcile(env: StackEnv): Promise<{ requests: number; credited: number }> {
  const response = await fetch(`${env.FUNCTIONS_URL}/reconcile-payments`, {
    method: "POST",
    headers: { apikey: env.SECRET_KEY },
  });
  const answer = await response.json();
  if (!response.ok || answer.busy || answer.error) {
    throw new Error(`The reconciler did not run: ${JSON.stringify(answer)}`);
  }
  return answer;
}

async function unread(sql: Sql, ids: string[]): Promise<number> {
  const [row] = await sql`select count(*)::int as count from public.purchases
    where id = any(${ids}) and check_count = 0 and status = 'open'`;
  return row!.count;
}
