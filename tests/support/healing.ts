// What happens by itself after the trouble is over: the jobs run and time passes, on both clocks, until nothing is left to be done.
import type { Sql } from "postgres";
import type { StripeControl } from "../../dev/stripe/control.ts";
import { pause } from "./load.ts";
import type { StackEnv } from "./stack.ts";

export interface World {
  env: StackEnv;
  sql: Sql;
  stripe: StripeControl;
}

const HOUR = 3_600;
/** Longer than the lease of a run that died. */
const LEASE = 121;

// deno-lint-ignore no-explicit-any -- each job answers in its own shape
export type Answer = any;

/** One run of a job, as the scheduler would ask for it; null when it did not answer. */
export async function runJob(env: StackEnv, name: string): Promise<Answer> {
  try {
    const response = await fetch(`${env.FUNCTIONS_URL}/${name}`, {
      method: "POST",
      headers: { apikey: env.SECRET_KEY },
      body: "{}",
    });
    const text = await response.text();
    return response.ok ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** Moves Stripe's time and ours. */
export async function pass({ sql, stripe }: World, seconds: number): Promise<void> {
  await stripe.advanceClock(seconds);
  await sql`select private.set_clock(private.clock() + make_interval(secs => ${seconds}))`;
}

interface Left {
  /** May be done at once. */
  due: number;
  /** Waits for its time. */
  open: number;
}

async function whatIsLeft({ sql }: World): Promise<Left> {
  const [row] = await sql<[Left]>`select
      ((select count(*) from public.purchases p where p.status in ('open', 'processing')
          and p.stripe_session_id is not null and p.next_check_at <= private.clock())
        + (select count(*) from private.reconcile_walks w where w.since is not null)
        + (select count(*) from private.reload_attempts a where a.ended_at is null and a.next_look_at <= private.clock()))::int as due,
      ((select count(*) from public.purchases p where p.status in ('created', 'open', 'processing'))
        + (select count(*) from public.purchase_refunds r where r.status in ('requested', 'pending'))
        + (select count(*) from private.reload_attempts a where a.ended_at is null))::int as open`;
  return row;
}

export interface Healed {
  runs: number;
  /** Runs that ended with an error after everything was well again. */
  failed: string[];
}

/** Ever longer, as the looks at what is open are. */
const STEPS = [130, 600, HOUR, 6 * HOUR, 25 * HOUR];

/** Runs the jobs until nothing is open, then once more a day later, when every list is swept. */
export async function untilQuiet(world: World, most = 400): Promise<Healed> {
  const healed: Healed = { runs: 0, failed: [] };
  for (let round = 0, swept = false;; round += 1) {
    await untilNothingIsDue(world, healed, most);
    const { open } = await whatIsLeft(world);
    if (open === 0 && swept) return healed;
    swept = open === 0;
    await pass(world, swept ? STEPS.at(-1)! : STEPS[round] ?? STEPS.at(-1)!);
  }
}

async function untilNothingIsDue(world: World, healed: Healed, most: number): Promise<void> {
  for (let silent = 0;;) {
    if (healed.runs++ >= most) throw new Error(`Not quiet after ${most} runs: ${healed.failed.join("; ")}`);
    await runJob(world.env, "auto-reload");
    const answer = await runJob(world.env, "reconcile-payments");
    if (answer === null) {
      if (++silent > 20) throw new Error("The reconciler does not answer");
      await pause(250);
    } else if (answer.busy) await pass(world, LEASE);
    else {
      if (answer.error !== null) healed.failed.push(answer.error);
      if ((await whatIsLeft(world)).due === 0) return;
    }
  }
}
