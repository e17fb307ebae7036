// `npm run status`: what the running stack told when it started, for people (default), shells (env) or programs (json).
import { parseArgs } from "node:util";
import { addresses } from "../stack/banner.ts";
import type { StackEnv } from "../stack/env.ts";
import { findRunning } from "../stack/state.ts";

const HELP = `Shows the addresses and keys of the running stack.

  npm run status                  for reading
  npm run status -- -o env        NAME="value" lines, for a shell or an .env file
  npm run status -- -o json       for programs`;

/** The way `supabase status -o env` quotes. */
const asEnv = (env: StackEnv): string =>
  Object.entries(env).map(([name, value]) => `${name}="${String(value).replace(/(["\\$`])/g, "\\$1")}"`).join(
    "\n",
  );

export default async function status(args: string[]): Promise<number> {
  let options: { output?: string; name?: string; help?: boolean };
  try {
    options = parseArgs({
      args,
      options: {
        output: { type: "string", short: "o" },
        name: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    console.error(`✗ ${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const output = options.output ?? "pretty";
  if (!["pretty", "env", "json"].includes(output)) {
    console.error(`✗ There is no output "${output}".\n\n${HELP}`);
    return 2;
  }
  const running = await findRunning(options.name ?? "dev");
  if (!running) {
    console.error("The stack is not running.\n→ npm run dev starts it.");
    return 1;
  }
  if (output === "json") console.log(JSON.stringify(running.env, null, 2));
  else if (output === "env") console.log(asEnv(running.env));
  else {console.log(
      `Talktime has been running since ${running.startedAt.slice(0, 19).replace("T", " ")} UTC.\n\n${
        addresses(running.env)
      }`,
    );}
  return 0;
}
