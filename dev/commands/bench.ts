// `npm run bench`: how fast calls are charged on this machine. Each part measures on a stack of its own, with durable commits, and prints
// a table. A missed target is said, not punished: only what could not be measured ends with an error.
import { parseArgs } from "node:util";
import { PARTS } from "../../tests/bench/parts.ts";
import { isGivenUp, type Part, removeServers } from "../../tests/bench/part.ts";
import { hasPgbench, PGBENCH_MISSING } from "../../tests/bench/pgbench.ts";
import { formatReport } from "../../tests/bench/report.ts";
import { stopRequested } from "../stack/signals.ts";

const HELP = `Measures how fast calls are charged on this machine.

  npm run bench                       every part, about twenty minutes
  npm run bench -- call wallet        these parts only
  npm run bench -- --quick            a short run, to see that it works

${PARTS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join("\n")}`;

export default async function benchCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" }, quick: { type: "boolean" } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    console.error(`✗ There is no part "${unknown}".\n\n${HELP}`);
    return 2;
  }
  const chosen = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const stopped = stopRequested().then(async () => {
    await removeServers();
    return 130;
  });
  // Whatever a measurement says once it is given up is of no interest.
  const ran = runAll(chosen, values.quick ?? false);
  return await Promise.race([
    stopped,
    ran.catch(async (error) => isGivenUp() ? await stopped : Promise.reject(error)),
  ]);
}

async function runAll(chosen: Part[], quick: boolean): Promise<number> {
  const pgbench = await hasPgbench();
  const left: string[] = [];
  for (const part of chosen) {
    if (part.needsPgbench && !pgbench) {
      left.push(part.name);
      continue;
    }
    const reports = await part.run({ quick, log: (line) => console.error(`→ ${line}`) });
    for (const report of reports) console.log("\n" + formatReport(report));
  }
  if (left.length === 0) return 0;
  console.error(`\n✗ Not measured: ${left.join(", ")}. ${PGBENCH_MISSING}`);
  return 1;
}
