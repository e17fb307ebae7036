// `npm run demo`: the whole story on the local stack, from nothing. Exits non-zero on any wrong number.
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { createTalktime, formatMoney, toMicros } from "../../client-sdk/src/index.ts";
import { DemoClock } from "../demo/clock.ts";
import {
  accent,
  chapter,
  clearStatus,
  danger,
  dim,
  done,
  line,
  status,
  strong,
  table,
} from "../demo/print.ts";
import { type Scene, tellStory, WrongNumber } from "../demo/story.ts";
import { type Stack, type StackEnv, startStack } from "../stack/stack.ts";
import { StripeControl } from "../stripe/control.ts";

const USAGE = `npm run demo [-- --stay]

Starts the stack with a database of its own, tells the story, and stops it again.
  --stay   keeps the stack up afterwards, to look around`;

export default async function demo(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const unknown = args.find((arg) => arg !== "--stay");
  if (unknown) {
    console.error(`✗ There is no option ${unknown}.\n\n${USAGE}`);
    return 2;
  }
  line(`${strong("Talktime")}  ${dim("prepaid call credits, from sign-up to statement")}`);
  // The story pays with the simulator's cards, whatever key is set for other commands.
  Deno.env.delete("STRIPE_SECRET_KEY");
  const stack = await start();
  const stopped = stopOnSignal(stack);
  try {
    await tellAll(stack.env);
    if (args.includes("--stay")) await stay(stack.env, stopped);
    return 0;
  } catch (error) {
    clearStatus();
    line();
    line(`${danger("✗")} ${error instanceof WrongNumber ? error.message : `The demo failed. ${error}`}`);
    return 1;
  } finally {
    await stack.stop();
  }
}

async function start(): Promise<Stack> {
  const began = performance.now();
  const stack = await startStack({
    name: "demo",
    reset: true,
    ports: "usual",
    // The demo runs the jobs itself, on its own fast clock.
    scheduler: false,
    log: (step) => status(`Starting ${step} …`),
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  done(
    `The stack is up after ${seconds} s: Postgres 17, ${
      stack.restEngine === "postgrest" ? "PostgREST" : "@supabase/lite"
    }, Auth, Edge Functions, Stripe simulator.`,
  );
  return stack;
}

/** Resolves when somebody presses Ctrl-C; before the story has ended that stops everything at once. */
function stopOnSignal(stack: Stack): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      resolve();
      void stack.stop().then(() => Deno.exit(130));
    };
    Deno.addSignalListener("SIGINT", stop);
    Deno.addSignalListener("SIGTERM", stop);
  });
}

async function tellAll(env: StackEnv): Promise<void> {
  const database = postgres(env.ADMIN_DB_URL, { max: 2, onnotice: () => {} });
  try {
    await tellStory(await setScene(env, postgres(env.DB_URL, { max: 1, onnotice: () => {} })));
    await closeTheBooks(database);
  } finally {
    await database.end();
  }
}

async function setScene(env: StackEnv, database: postgres.Sql): Promise<Scene> {
  const supabase = createClient(env.API_URL, env.PUBLISHABLE_KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const email = "alice@example.com";
  const { error } = await supabase.auth.signUp({ email, password: "correct horse battery staple" });
  if (error) throw error;
  const clock = new DemoClock(database);
  return {
    talktime: createTalktime(supabase, { clock }),
    clock,
    stripe: new StripeControl(env.STRIPE_API_URL!),
    email,
    makeCode: async (code) => {
      const campaign = { name: "extra", kind: "percent_bonus", basis_points: 1000, valid_days: 30 };
      await database`select public.create_campaign(${database.json(campaign)}, 'Demo')`;
      await database`select public.add_promo_codes('extra', 'Demo', ${[code]}, 0, null)`;
    },
    reconcile: async () => {
      const answer = await fetch(`${env.FUNCTIONS_URL}/reconcile-payments`, {
        method: "POST",
        headers: { apikey: env.SECRET_KEY, "content-type": "application/json" },
        body: "{}",
      });
      if (!answer.ok) throw new Error(`reconcile-payments answered ${answer.status}`);
      return await answer.json();
    },
  };
}

async function closeTheBooks(database: postgres.Sql): Promise<void> {
  chapter("The admin closes the books");
  const accounts = await database<{ account: string; balance_micros: string }[]>`
    select account, balance_micros from reporting.trial_balance order by account = 'user_wallets' desc, account`;
  const dollars = (micros: number) => formatMoney(toMicros(micros), { locale: "en-US" });
  const rows = accounts.map((row) => [row.account, dollars(Number(row.balance_micros))]);
  const sum = accounts.reduce((total, row) => total + Number(row.balance_micros), 0);
  table(["Account", "Balance"], [...rows, ["sum", dollars(sum)]], [1]);
  if (sum !== 0) throw new WrongNumber(`The trial balance is ${sum}, but has to be 0.`);
  const violations = await database`select violation from private.check_integrity()`;
  if (violations.length > 0) {
    throw new WrongNumber(`The integrity check found ${violations.map((row) => row.violation).join(", ")}.`);
  }
  done("The trial balance is zero and the integrity check finds nothing.");
  line();
  line(
    `${accent("✓")} Every cent is explained. Next: ${strong("npm run dev")} to look around, ${
      strong("npm test")
    } to see it proven.`,
  );
}

async function stay(env: StackEnv, stopped: Promise<void>): Promise<void> {
  line();
  line(`The stack stays up. API ${env.API_URL}, Stripe ${env.STRIPE_API_URL}, mails ${env.MAILPIT_URL}`);
  line(`Database: psql ${env.DB_URL}`);
  line(dim("Ctrl-C stops it."));
  await stopped;
}
