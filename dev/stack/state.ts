// The state folder of one stack: who runs it, and what it told about itself.
import { join } from "node:path";
import type { StackEnv } from "./env.ts";
import { stateDir } from "./paths.ts";
import { Postgres } from "./postgres.ts";
import { isAlive } from "./processes.ts";

export interface RunningStack {
  pid: number;
  startedAt: string;
  env: StackEnv;
}

export class AlreadyRunningError extends Error {
  override name = "AlreadyRunningError";
  constructor(readonly running: RunningStack | null) {
    super("This stack is already running.");
  }
}

/** Held as long as the process lives, whatever way it ends; the operating system lets go of it. */
export interface StateLock {
  release(): void;
}

const file = (folder: string) => join(folder, "stack.json");

export async function lockState(folder: string): Promise<StateLock> {
  await Deno.mkdir(folder, { recursive: true });
  // Root's temporary folders are closed to others, and Postgres' user must be able to pass.
  if (Deno.uid() === 0) await Deno.chmod(folder, 0o755);
  const lock = await Deno.open(join(folder, "lock"), { create: true, write: true });
  if (!await lock.tryLock(true)) {
    lock.close();
    throw new AlreadyRunningError(await readRecord(folder));
  }
  return {
    release() {
      lock.unlockSync();
      lock.close();
    },
  };
}

async function readRecord(folder: string): Promise<RunningStack | null> {
  try {
    return JSON.parse(await Deno.readTextFile(file(folder))) as RunningStack;
  } catch {
    return null;
  }
}

export async function recordRunning(folder: string, env: StackEnv): Promise<void> {
  const record: RunningStack = { pid: Deno.pid, startedAt: new Date().toISOString(), env };
  await Deno.writeTextFile(file(folder), JSON.stringify(record, null, 2) + "\n", { mode: 0o600 });
}

export async function forgetRunning(folder: string): Promise<void> {
  await Deno.remove(file(folder)).catch(() => {});
}

/** The stack of that name, if one runs. A record without the lock is what a killed stack left. */
export async function findRunning(name: string): Promise<RunningStack | null> {
  const folder = stateDir(name);
  const record = await readRecord(folder);
  return record && isAlive(record.pid) && await isLocked(folder) ? record : null;
}

async function isLocked(folder: string): Promise<boolean> {
  const lock = await Deno.open(join(folder, "lock"), { read: true }).catch(() => null);
  if (!lock) return false;
  const free = await lock.tryLock(false);
  lock.close();
  return !free;
}

/** Everything but the keys and the lock: an app that has the keys keeps working. */
export async function wipeState(folder: string): Promise<void> {
  await Postgres.removeData(folder);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name === "keys.json" || entry.name === "lock") continue;
    await Deno.remove(join(folder, entry.name), { recursive: true });
  }
}
