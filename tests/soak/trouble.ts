// What goes wrong meanwhile, and time: Stripe's faults, killed functions, a killed database, hours and days that pass, a missed month.
import { childrenOf } from "../../dev/stack/processes.ts";
import { FAULT_KINDS } from "../../dev/stripe/faults.ts";
import { pass, runJob } from "../support/healing.ts";
import { pause } from "../support/load.ts";
import type { Random, Scene } from "./scene.ts";

const HOUR = 3_600;
const JUMPS = [60, 130, 600, HOUR, HOUR, 6 * HOUR, 24 * HOUR, 50 * HOUR];
const PATHS = [
  "^/v1/checkout/sessions$",
  "^/v1/checkout/sessions/",
  "^/v1/refunds",
  "^/v1/payment_intents",
  "^/v1/events",
  "^/v1/",
];

/** One thing at a time, so that the clocks stay together whatever is killed. */
export async function troubles(scene: Scene, random: Random): Promise<void> {
  const { stripe, tally, stop } = scene;
  while (!stop.aborted) {
    await pause(1_000 + random.below(3_000));
    const pick = random.below(100);
    if (pick < 30) await jump(scene, random.pick(JUMPS));
    else if (pick < 32) await missAMonth(scene);
    else if (pick < 58) await breakStripe(scene, random);
    else if (pick < 90) await killFunctions(scene, random);
    else if (pick < 96) await killPostgres(scene, random);
    else {
      await stripe.events({ delayMs: random.below(600) * 1_000, shuffle: random.below(2) === 0 });
      tally.add("changes to the order of events");
    }
  }
}

async function jump(scene: Scene, seconds: number): Promise<void> {
  await pass(scene, seconds);
  scene.tally.add("hours passed", Math.round(seconds / HOUR * 10) / 10);
}

let monthsMissed = 0;
/** Longer than Stripe keeps events. The jobs stand still because time does not. */
async function missAMonth(scene: Scene): Promise<void> {
  if (++monthsMissed > 2) return;
  await jump(scene, 31 * 24 * HOUR);
  scene.tally.add("months missed");
}

async function breakStripe({ stripe, tally }: Scene, random: Random): Promise<void> {
  const kind = random.pick(FAULT_KINDS);
  const times = 1 + random.below(4);
  await stripe.fault({
    kind,
    match: { path: random.pick(PATHS) },
    times,
    delayMs: 300 + random.below(1_500),
  });
  tally.add("faults of Stripe", times);
}

const FUNCTIONS = [
  "create-checkout",
  "verify-checkout",
  "refund-purchase",
  "reconcile-payments",
  "auto-reload",
  "manage-billing",
];

async function killFunctions({ tally }: Scene, random: Random): Promise<void> {
  const name = random.pick(FUNCTIONS);
  const children = await childrenOf(Deno.pid);
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=,args=", "-p", children.join(",")] })
    .output();
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    if (!line.includes(`/functions/${name}/`)) continue;
    try {
      Deno.kill(Number.parseInt(line), "SIGKILL");
      tally.add("functions killed");
    } catch {
      // It has ended by itself.
    }
  }
}

async function killPostgres({ stack, tally }: Scene, random: Random): Promise<void> {
  await stack.killPostgres();
  await pause(random.below(1_500));
  await stack.startPostgres();
  tally.add("databases killed");
}

/** The scheduler's work, faster than a minute and sometimes twice at once. */
export async function jobs(scene: Scene, random: Random): Promise<void> {
  const { env, sql, tally, stop } = scene;
  const reconcile = async () => {
    const answer = await runJob(env, "reconcile-payments");
    if (answer !== null && !answer.busy) tally.add("runs of the reconciler");
  };
  const reload = async () => {
    const answer = await runJob(env, "auto-reload");
    for (const outcome of ["paid", "failed", "unknown"]) {
      if (answer?.[outcome] > 0) tally.add(`auto-reloads ${outcome}`, answer[outcome]);
    }
  };
  while (!stop.aborted) {
    const twice = random.below(4) === 0 ? [reconcile(), reload()] : [];
    await Promise.all([reconcile(), reload(), ...twice]);
    await sql`select public.sweep_calls()`.catch(() => {});
    await sql`select private.issue_receipts()`.catch(() => {});
    await pause(300 + random.below(1_500));
  }
}
