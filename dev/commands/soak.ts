// `npm run soak`: payments for as long as you like, with everything going wrong that can, and the comparison with Stripe's books at the end.
import { parseArgs } from "node:util";
import { drain, MOST_PER_SECOND } from "../../tests/soak/drain.ts";
import { soak, type SoakResult } from "../../tests/soak/soak.ts";
import { seedOfRun } from "../../tests/support/load.ts";
import type { Difference } from "../../tests/support/stripe_books.ts";
import { stopRequested } from "../stack/signals.ts";
import { accent, columns, danger, isTerminal, Progress, quiet, strong } from "../stack/terminal.ts";

const HELP =
  `Buys, calls, refunds and disputes while functions die, Stripe fails and days pass; then compares the
ledger with Stripe's books. Ends with an error if they differ by a cent.

  npm run soak                      five minutes
  npm run soak -- --minutes 60      as long as you like
  npm run soak -- --seed 7          the same people doing the same things
  npm run soak -- --people 20       how many act at the same time
  npm run soak -- --open 10000      instead: so many open purchases are read from Stripe, and how fast`;

const number = { type: "string" } as const;

export default async function soakCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: number,
      seed: number,
      people: number,
      open: number,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const wrong = (["minutes", "seed", "people", "open"] as const).find((name) =>
    values[name] !== undefined && !(Number(values[name]) > 0)
  );
  if (wrong) {
    console.error(`✗ --${wrong} takes a number above zero.\n\n${HELP}`);
    return 2;
  }
  // Only the simulator can be told what goes wrong.
  Deno.env.delete("STRIPE_SECRET_KEY");
  const stop = new AbortController();
  stopRequested().then(() => stop.abort());
  if (values.open) return await drainAll(Number(values.open), stop.signal);
  return await soakAll({
    minutes: Number(values.minutes ?? 5),
    seed: Number(values.seed ?? seedOfRun()),
    people: Number(values.people ?? 6),
  }, stop.signal);
}

/** One line that changes on a terminal; elsewhere a line every half minute. */
function follower(): { say(text: string): void; end(): void } {
  if (isTerminal()) return new Progress("Starting the stack");
  let last = 0;
  return {
    say(text) {
      if (Date.now() - last < 30_000) return;
      last = Date.now();
      console.log(text);
    },
    end() {},
  };
}

async function soakAll(
  { minutes, seed, people }: { minutes: number; seed: number; people: number },
  signal: AbortSignal,
): Promise<number> {
  console.log(`${strong("Talktime soak")}  ${quiet(`${minutes} min, ${people} people, seed ${seed}`)}`);
  const progress = follower();
  let result: SoakResult;
  try {
    result = await soak({ minutes, seed, people, signal, progress: (text) => progress.say(text) });
  } finally {
    progress.end();
  }
  const { tally, healed, payments, alerts, differences } = result;
  const rows = [...tally.counts].sort(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => [name, count.toLocaleString("en-US")] as const);
  console.log(`\n${strong("What happened")}\n${columns(rows)}`);
  console.log(`\n${strong("At the end")}\n${
    columns([
      ["runs until quiet", String(healed.runs)],
      ["payments at Stripe", `${payments.count}, ${dollars(payments.cents)}`],
      ["of them by auto-reload", String(payments.ofSavedCards)],
      ["refunded", dollars(payments.refunded)],
      ["held by disputes", dollars(payments.disputed)],
      ...alerts.map(([kind, count]) => [`alert ${kind}`, String(count)] as const),
    ])
  }`);
  for (const text of tally.unexpected) console.log(`${danger("✗")} ${text}`);
  const seedAgain = `npm run soak -- --minutes ${minutes} --people ${people} --seed ${seed}`;
  return verdict(differences, tally.unexpected.length === 0, `→ ${seedAgain}`);
}

async function drainAll(count: number, signal: AbortSignal): Promise<number> {
  const progress = follower();
  const result = await drain(count, (text) => progress.say(text), signal).finally(() => progress.end());
  const { runs, seconds, requests, busiest, refused, unread, uncredited, differences } = result;
  console.log(columns([
    ["open purchases", String(count)],
    ["time", `${Math.round(seconds)} s in ${runs} runs`],
    ["requests to Stripe", String(requests)],
    ["busiest second", `${busiest} requests, at most ${MOST_PER_SECOND} allowed`],
    ["refused by Stripe", String(refused)],
    ["paid and not credited", String(uncredited)],
    ["not read", String(unread)],
  ]));
  return verdict(differences, busiest <= MOST_PER_SECOND && refused + unread + uncredited === 0);
}

function verdict(differences: Difference[], fine: boolean, again = ""): number {
  for (const { where, what } of differences.slice(0, 40)) console.log(`${danger("✗")} ${where}: ${what}`);
  if (differences.length === 0) {
    console.log(`${accent("✓")} The ledger is what Stripe's books say, to the cent.`);
  }
  if (differences.length === 0 && fine) return 0;
  console.log(`${danger("✗")} ${differences.length} differences. ${again}`);
  return 1;
}

const dollars = (cents: number) =>
  (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
