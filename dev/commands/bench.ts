// `npm run bench`: how fast calls are charged on this machine, beside what a bare round trip and a bare write take on it. The
// numbers are for reading; nothing depends on them.
import { formatTable } from "../../tests/bench/measure.ts";
import { bench } from "../../tests/bench/workloads.ts";
import { startStack } from "../stack/stack.ts";

const USAGE = "Usage: npm run bench -- [--seconds <time for each measurement, 2 by default>]";

export default async function benchCommand(args: string[]): Promise<number> {
  const seconds = secondsOf(args);
  if (seconds === null) {
    console.error(`✗ ${USAGE}`);
    return 2;
  }
  const log = (line: string) => console.error(`→ ${line}`);
  const folder = await Deno.makeTempDir({ prefix: "talktime-bench-" });
  log("starting a stack of its own");
  const stack = await startStack({ dataDir: folder, ports: "free", scheduler: false });
  try {
    const { comparisons, violations } = await bench({ env: stack.env, seconds, workers: [1, 20], log });
    console.log("\n" + formatTable(comparisons));
    console.log(
      "\n× baseline: the median beside that of a one-row update (SQL) or a one-row read (HTTP), as many at once.",
    );
    console.log(
      violations === 0 ? "Integrity check: nothing violated." : `Integrity check: ${violations} violations.`,
    );
    return violations === 0 ? 0 : 1;
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function secondsOf(args: string[]): number | null {
  if (args.length === 0) return 2;
  const seconds = Number(args[1]);
  return args.length === 2 && args[0] === "--seconds" && seconds > 0 ? seconds : null;
}
