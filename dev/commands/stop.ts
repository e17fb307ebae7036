// `npm run stop`: asks the running stack to stop and waits until it has.
import { parseArgs } from "node:util";
import { isAlive } from "../stack/processes.ts";
import { findRunning } from "../stack/state.ts";

/** Postgres may need a while to write what it has; past this, something is wrong. */
const PATIENCE_MS = 30_000;

export default async function stop(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { name: { type: "string" } }, strict: false });
  const running = await findRunning(typeof values.name === "string" ? values.name : "dev");
  if (!running) {
    console.log("The stack is not running.");
    return 0;
  }
  try {
    Deno.kill(running.pid, "SIGTERM");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied)) {
      throw error;
    }
    console.error("✗ The stack belongs to another user; stop it as that user.");
    return 1;
  }
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    if (!isAlive(running.pid)) {
      console.log("Stopped. Your data stay for the next start.");
      return 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  console.error(`✗ The stack (process ${running.pid}) has not stopped after ${PATIENCE_MS / 1000} s.`);
  return 1;
}
