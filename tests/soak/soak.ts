// A long, disorderly life of payments, and then the same question as always: is the ledger what Stripe's books say?
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { StripeControl } from "../../dev/stripe/control.ts";
import { type Healed, untilQuiet, type World } from "../support/healing.ts";
import { pause, randomNumbers } from "../support/load.ts";
import { sql as connect } from "../support/stack.ts";
import { type Difference, differences } from "../support/stripe_books.ts";
import { Person } from "./person.ts";
import { type Scene, Tally } from "./scene.ts";
import { jobs, troubles } from "./trouble.ts";

export interface SoakOptions {
  minutes: number;
  seed: number;
  /** Who act at the same time. */
  people: number;
  /** Called now and then with how it goes. */
  progress(text: string): void;
  signal: AbortSignal;
}

export interface SoakResult {
  tally: Tally;
  healed: Healed;
  differences: Difference[];
  /** Open alerts, by kind. */
  alerts: [kind: string, count: number][];
  payments: { count: number; ofSavedCards: number; cents: number; refunded: number; disputed: number };
}

/** What Stripe takes in a sandbox. */
const STRIPE_LIMIT = 25;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  return await onOwnStack(options.signal, (world, stack) => live(world, stack, options));
}

/** A stack with nothing in it, removed afterwards. */
export async function onOwnStack<T>(
  signal: AbortSignal,
  work: (world: World, stack: Stack) => Promise<T>,
): Promise<T> {
  const dataDir = await Deno.makeTempDir({ prefix: "talktime-soak-" });
  const stack = await startStack({ dataDir, ports: "free", scheduler: false, signal });
  const sql = connect(stack.env, { max: 8 });
  try {
    return await work({ env: stack.env, sql, stripe: new StripeControl(stack.env.STRIPE_API_URL!) }, stack);
  } finally {
    await sql.end();
    await stack.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function live(world: World, stack: Stack, options: SoakOptions): Promise<SoakResult> {
  const { minutes, seed, people, progress, signal } = options;
  const time = AbortSignal.timeout(minutes * 60_000);
  const scene: Scene = { ...world, stack, tally: new Tally(), stop: AbortSignal.any([time, signal]) };
  const { sql, stripe, tally } = scene;
  await sql`update private.settings set value = '1000000' where name in ('checkout_limit_per_hour', 'verify_limit_per_minute')`;
  // Every look for a low balance sees everybody.
  await sql`update private.settings set value = '0' where name = 'auto_reload_scan_seconds'`;
  await stripe.rateLimit({ perSecond: STRIPE_LIMIT, perEndpoint: STRIPE_LIMIT });
  const began = Date.now();
  const reporting = report(scene, () => progress(summary(tally, (Date.now() - began) / 1000, minutes * 60)));
  await Promise.all([
    ...Array.from({ length: people }, (_, index) => lives(scene, seed + index)),
    jobs(scene, randomNumbers(seed + 1_001)),
    troubles(scene, randomNumbers(seed + 1_002)),
    reporting,
  ]);
  progress("Everything is well again; waiting until nothing is left to do");
  await stripe.clearFaults();
  await stripe.rateLimit(null);
  await stripe.events();
  const healed = await untilQuiet(world, 3_000);
  return { tally, healed, differences: await differences(sql, stripe), ...await reports(world) };
}

/** When somebody leaves, somebody else comes. */
async function lives(scene: Scene, seed: number): Promise<void> {
  const random = randomNumbers(seed);
  while (!scene.stop.aborted) {
    const person = await Person.join(scene, random).catch(() => null);
    await (person?.live() ?? pause(500)); // a sign-up fails while the database is away
  }
}

async function report(scene: Scene, say: () => void): Promise<void> {
  for (let rounds = 0; !scene.stop.aborted; rounds += 1) {
    await pause(500);
    if (rounds % 2 === 0) say();
  }
}

const clock = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function summary(tally: Tally, passed: number, whole: number): string {
  const counts = ["purchases begun", "calls", "disputes", "functions killed"].map((name) =>
    `${tally.count(name)} ${name}`
  );
  return `${clock(passed)} of ${clock(whole)}   ${counts.join(", ")}`;
}

async function reports({ sql, stripe }: World): Promise<Pick<SoakResult, "alerts" | "payments">> {
  const alerts = await sql`select kind, count(*)::int as count from private.alerts where resolved_at is null
    group by kind order by kind`;
  const { payments } = await stripe.books();
  const sum = (value: (payment: typeof payments[number]) => number) =>
    payments.reduce((total, payment) => total + value(payment), 0);
  return {
    alerts: alerts.map(({ kind, count }) => [kind, count]),
    payments: {
      count: payments.length,
      ofSavedCards: payments.filter(({ metadata }) => metadata.origin === "auto_reload").length,
      cents: sum(({ amount }) => amount),
      refunded: sum(({ refunded }) => refunded),
      disputed: sum(({ disputed_withdrawn, disputed_reinstated }) =>
        disputed_withdrawn - disputed_reinstated
      ),
    },
  };
}
