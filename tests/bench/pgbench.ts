// Runs pgbench and reads what it measured. It is the one tool here that npm does not bring.
import { join } from "node:path";

export const PGBENCH_MISSING =
  "pgbench is not on the PATH. Debian and Ubuntu: apt install postgresql-contrib (or postgresql-15 and newer). " +
  "macOS: brew install libpq. Its own version does not have to be the server's.";

export async function hasPgbench(): Promise<boolean> {
  return await new Deno.Command("pgbench", { args: ["--version"], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);
}

export interface Run {
  url: string;
  /** A script of its own, or pgbench's simple-update. */
  script: string | "simple-update";
  clients: number;
  seconds?: number;
  /** Instead of seconds: so many transactions of each client. */
  transactions?: number;
  protocol?: "prepared" | "simple";
  /** So many transactions a second at most, begun at random instants. */
  rate?: number;
}

export interface Measurement {
  perSecond: number;
  /** Of the whole script, in milliseconds. */
  p50: number;
  p99: number;
}

export async function pgbench(run: Run): Promise<Measurement> {
  const folder = await Deno.makeTempDir({ prefix: "talktime-pgbench-" });
  try {
    const script = join(folder, "script.sql");
    if (run.script !== "simple-update") await Deno.writeTextFile(script, run.script);
    const output = await execute([
      ...["-n", "-M", run.protocol ?? "prepared", "-c", String(run.clients), "-j", "1"],
      ...(run.transactions ? ["-t", String(run.transactions)] : ["-T", String(run.seconds)]),
      ...(run.rate ? ["--rate", String(run.rate)] : []),
      ...(run.script === "simple-update" ? ["-N"] : ["-f", script]),
      ...["-l", "--log-prefix", join(folder, "log"), run.url],
    ]);
    const failed = /number of failed transactions: ([1-9]\d*)/.exec(output);
    if (failed) throw new Error(`pgbench: ${failed[1]} transactions failed`);
    const times = await readTimes(folder);
    return {
      perSecond: Number(/tps = ([\d.]+)/.exec(output)![1]),
      p50: times[Math.floor(times.length * 0.5)]! / 1000,
      p99: times[Math.floor(times.length * 0.99)]! / 1000,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The tables simple-update works on. */
export async function initializePgbench(url: string, scale: number): Promise<void> {
  await execute(["-i", "-q", "-s", String(scale), url]);
}

async function execute(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("pgbench", { args }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success || /aborted/.test(decode(stderr))) {
    throw new Error(`pgbench failed\n${decode(stderr).slice(-2000)}`);
  }
  return decode(stdout);
}

/** The log has a line a transaction; its third field is the microseconds it took. */
async function readTimes(folder: string): Promise<Float64Array> {
  const times: number[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("log.")) continue;
    for (const line of (await Deno.readTextFile(join(folder, name))).split("\n")) {
      if (line !== "") times.push(Number(line.split(" ")[2]));
    }
  }
  return Float64Array.from(times).sort();
}
