// The one stack that the suites share: on free ports, in a folder of its own that goes with it.
import postgres from "postgres";
import { stateDir } from "../stack/paths.ts";
import { isAlive } from "../stack/processes.ts";
import { type Stack, startStack } from "../stack/stack.ts";

export interface SharedStack {
  stack: Stack;
  stop(): Promise<void>;
}

/** No scheduler: a test decides when the jobs run. */
export async function startSharedStack(purpose: string, signal?: AbortSignal): Promise<SharedStack> {
  await removeLeftovers(purpose);
  const name = `${purpose}-${Deno.pid}`;
  const remove = () => Deno.remove(stateDir(name), { recursive: true }).catch(() => {});
  // The simulator answers, whatever key is set for other commands.
  Deno.env.delete("STRIPE_SECRET_KEY");
  try {
    const stack = await startStack({
      name,
      ports: "free",
      scheduler: false,
      reset: true,
      seed: true,
      signal,
    });
    const stop = async () => {
      await stack.stop();
      await remove();
    };
    return { stack, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Folders of runs that were killed. */
async function removeLeftovers(purpose: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(stateDir(""))).catch(() => []);
  for (const { name } of entries) {
    const pid = new RegExp(`^${purpose}-(\\d+)$`).exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await Deno.remove(stateDir(name), { recursive: true }).catch(() => {});
  }
}

/** What violates the books now, in words; none is the pass. */
export async function violations(databaseUrl: string): Promise<string[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const rows = await sql`select violation, user_id, details from private.check_integrity()`;
    return rows.map((row) => `${row.violation} ${row.user_id ?? ""} ${JSON.stringify(row.details)}`);
  } finally {
    await sql.end();
  }
}
