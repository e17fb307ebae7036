// The reconciler as deployed, in this process: each of its ways can be left out, cut off or made to hurry.
import { createDatabase, type Database, type WalkName } from "../../../supabase/functions/_shared/db.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe.ts";
import {
  followWalks,
  reconcilePayments,
  type Step,
  STEPS,
} from "../../../supabase/functions/reconcile-payments/handler.ts";
import { LIMITS } from "../../../supabase/functions/reconcile-payments/limits.ts";
import { createPace, type Pace } from "../../../supabase/functions/reconcile-payments/pace.ts";
import type { Counts, Limits, Stop } from "../../../supabase/functions/reconcile-payments/run.ts";
import { Died } from "./dying.ts";
import { env, sql, stripeSettings } from "./world.ts";

const db: Database = createDatabase({ supabaseUrl: env.API_URL, secretKey: env.SECRET_KEY });
const stripe = createStripe(stripeSettings, { maxNetworkRetries: 0 });
/** The simulator is nobody's account: tests need not wait for each other's requests. */
export const HURRY: Pace = createPace(500);

export interface RunOptions {
  steps?: readonly Step[];
  /** Only these lists are walked through; the others stay as they are. */
  walks?: WalkName[];
  pace?: Pace;
  limits?: Partial<Limits>;
  db?: Database;
}

export type Answer = Counts & { busy: false; stopped: Stop | null; error: string | null };

export async function run(options: RunOptions = {}): Promise<Answer> {
  const { steps = STEPS, pace = HURRY, limits = {} } = options;
  const database = onlyWalks(options.db ?? db, options.walks);
  const answer = await reconcilePayments({
    db: database,
    stripe,
    pace,
    now: () => performance.now(),
    limits: { ...LIMITS, ...limits },
  }, steps);
  if (answer.busy) throw new Error("Another run holds the lease");
  return answer;
}

/** The events and nothing else. */
export const followEvents = (options: RunOptions = {}): Promise<Answer> =>
  run({ ...options, steps: [followWalks], walks: ["events"] });

/** The lists and nothing else, whether they are due or not. */
export async function sweep(
  options: RunOptions = {},
  walks: WalkName[] = ["sessions", "payment_intents", "refunds", "disputes"],
): Promise<Answer> {
  await sql`update private.reconcile_walks set read_until = least(read_until, private.clock() - interval '2 days')
    where name = any(${walks})`;
  return await run({ ...options, steps: [followWalks], walks });
}

const BEGAN = new Date(Date.now() - 60_000).toISOString();

/** What earlier files of the suite left in the lists is not read by each sweep again. */
function onlyWalks(real: Database, walks: WalkName[] | undefined): Database {
  if (walks === undefined) return real;
  return {
    ...real,
    beginReconcileRun: async () => {
      const begun = await real.beginReconcileRun();
      const chosen = begun.walks.filter(({ name }) => walks.includes(name));
      return { ...begun, walks: chosen.map((walk) => walk.since < BEGAN ? { ...walk, since: BEGAN } : walk) };
    },
  };
}

/** The database, until a method has been called so many times: then the function is dead and reaches it no more. */
export function dyingAt(method: keyof Database, call: number, when: "before" | "after"): Database {
  let calls = 0;
  let dead = false;
  const entries = Object.entries(db).map(([name, real]) => [name, async (parameters: unknown) => {
    if (dead) throw new Died("already");
    const fatal = name === method && ++calls === call;
    if (fatal && when === "before") dead = true;
    if (dead) throw new Died(`before ${name}`);
    const answer = await (real as (parameters: unknown) => Promise<unknown>)(parameters);
    if (fatal) dead = true;
    if (dead) throw new Died(`after ${name}`);
    return answer;
  }]);
  return Object.fromEntries(entries);
}

/** As if the time of a run that died were up. */
export async function letLeaseLapse(): Promise<void> {
  await sql`update private.reconcile_runs set lease_until = private.clock() - interval '1 second' where finished_at is null`;
}

/** What there is to tell has been told: the next run is about what happens from here on. */
export async function catchUp(): Promise<void> {
  await letLeaseLapse();
  for (let left = 1; left > 0;) left = (await followEvents()).events;
}
