// Many open purchases at once, read by the deployed reconciler at its own pace.
import { createStripe } from "../../supabase/functions/_shared/stripe.ts";
import { runJob } from "../support/healing.ts";
import { openMany } from "../support/open_purchases.ts";
import { type Difference, differences } from "../support/stripe_books.ts";
import { onOwnStack } from "./soak.ts";

/** What the reconciler may ask of Stripe within a second. */
export const MOST_PER_SECOND = 20;

export interface DrainResult {
  runs: number;
  seconds: number;
  requests: number;
  /** The most requests within any 1000 milliseconds, as Stripe saw them. */
  busiest: number;
  refused: number;
  unread: number;
  uncredited: number;
  differences: Difference[];
}

export async function drain(
  count: number,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<DrainResult> {
  return await onOwnStack(signal, async ({ env, sql, stripe }) => {
    const stripeApi = createStripe({
      stripeSecretKey: env.STRIPE_SECRET_KEY,
      stripeApiUrl: new URL(env.STRIPE_API_URL!),
    });
    progress(`Opening ${count} purchases at Stripe`);
    const { paid, expired, open } = await openMany({ sql, stripeApi, stripe, count }, true);
    const ids = [...paid, ...expired, ...open];
    const unread = async () => {
      const [row] = await sql`select count(*)::int as count from public.purchases
        where id = any(${ids}) and check_count = 0 and status = 'open'`;
      return row!.count as number;
    };
    await stripe.clearRequests();
    await stripe.rateLimit({ perSecond: 25, perEndpoint: 25 });
    const began = performance.now();
    let runs = 0;
    let left = count;
    for (const most = count / 100 + 20; left > 0 && runs < most && !signal.aborted; runs += 1) {
      await runJob(env, "reconcile-payments");
      left = await unread();
      progress(`${count - left} of ${count} purchases read in ${runs + 1} runs`);
    }
    const seconds = (performance.now() - began) / 1000;
    const requests = await stripe.requests();
    const { busiest } = await stripe.rates();
    const [credited] = await sql`select count(*)::int as count from public.purchases
      where id = any(${paid}) and status = 'paid'`;
    return {
      runs,
      seconds,
      requests: requests.length,
      busiest,
      refused: requests.filter(({ status }) => status === 429).length,
      unread: left,
      uncredited: paid.length - credited!.count,
      differences: await differences(sql, stripe),
    };
  });
}
