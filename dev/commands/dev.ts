// `npm run dev`: starts the local stack and stays until it is stopped.
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { addresses, banner } from "../stack/banner.ts";
import { loadDotEnv } from "../stack/env.ts";
import { projectRoot, stateDir } from "../stack/paths.ts";
import { type Stack, type StackOptions, startStack } from "../stack/stack.ts";
import { AlreadyRunningError } from "../stack/state.ts";
import { stopRequested } from "../stack/signals.ts";
import { danger, Progress, quiet } from "../stack/terminal.ts";

const HELP =
  `Starts the local stack: Postgres, the data API, Auth, Edge Functions, a Stripe simulator and a mail page.

  npm run dev                     on the usual ports, free ones where those are taken
  npm run dev -- --reset          from an empty database; the keys stay
  npm run dev -- --rest lite      the other data API engine (postgrest is the default where it has a build)

TALKTIME_PORT_GATEWAY, _POSTGRES, _MAIL, _SMTP and _STRIPE each name a port that must be had.
A Stripe test key in STRIPE_SECRET_KEY (or in .env) replaces the simulator by your test account.`;

const STEPS: Record<string, string> = {
  "data folder": "Making the data folder",
  postgres: "Starting Postgres",
  roles: "Making roles and schemas",
  migrations: "Applying the migrations",
  rest: "Starting the data API",
};

function parse(args: string[]): StackOptions | "help" {
  const { values } = parseArgs({
    args,
    options: {
      reset: { type: "boolean" },
      rest: { type: "string" },
      name: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  const rest = values.rest ?? "auto";
  if (rest !== "lite" && rest !== "postgrest" && rest !== "auto") {
    throw new Error(`--rest is "${rest}"; it can be lite or postgrest.`);
  }
  return { reset: values.reset ?? false, restEngine: rest, name: values.name ?? "dev" };
}

export default async function dev(args: string[]): Promise<number> {
  const stopping = stopRequested();
  try {
    const options = parse(args);
    if (options === "help") {
      console.log(HELP);
      return 0;
    }
    await loadDotEnv();
    return await run(options, stopping);
  } catch (error) {
    return explain(error as Error);
  }
}

async function run(options: StackOptions, stopping: Promise<void>): Promise<number> {
  const progress = new Progress("Starting the local stack");
  let ready = false;
  const log = (line: string) =>
    ready ? console.error(quiet(line)) : progress.say(STEPS[line] ?? "Starting the local stack");
  const giveUp = new AbortController();
  stopping.then(() => giveUp.abort());
  let stack: Stack;
  try {
    stack = await startStack({ ...options, ports: "usual", watch: true, log, signal: giveUp.signal });
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
    progress.end();
    console.log("Stopped before it was ready. Nothing is left running.");
    return 130;
  } finally {
    progress.end();
  }
  ready = true;
  const seconds = stack.timings.total! / 1000;
  const logFolder = relative(projectRoot, stateDir(options.name!)) || ".";
  console.log(banner({ env: stack.env, seconds, notes: stack.notes, logFolder }));
  await stopping;
  console.log(quiet("Stopping …"));
  await stack.stop();
  console.log("Stopped. Your data stay for the next start.");
  return 0;
}

function explain(error: Error): number {
  if (error instanceof AlreadyRunningError) {
    if (error.running) console.log(`The stack is already running.\n\n${addresses(error.running.env)}`);
    else console.log("The stack is being started, or stopped, by another command.");
    console.log("\n→ npm run status shows this again, npm run stop stops it.");
    return 0;
  }
  console.error(`${danger("✗")} ${messageOf(error)}`);
  console.error("Nothing is left running.");
  return 1;
}

function messageOf(error: Error): string {
  if (/No space left on device|os error 28/.test(error.message)) {
    return "The disk is full. Free some space and run the same command again.";
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return `A port was taken by another program in that very moment. Run the same command again.\n${error.message}`;
  }
  return error.message;
}
