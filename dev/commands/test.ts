// `npm test` runs every suite, `npm run test:<suite>` one. The last line is the sum over all that ran.
import { parseArgs } from "node:util";
import { Processes } from "../stack/processes.ts";
import { stopRequested } from "../stack/signals.ts";
import { accent, danger, isTerminal, Progress, quiet } from "../stack/terminal.ts";
import { type SharedStack, startSharedStack, violations } from "../testing/shared_stack.ts";
import { type Suite, type SuiteResult, suites } from "../testing/suites.ts";

const HELP = `Runs the tests on a stack of their own.

  npm test                        every suite: ${suites.map((suite) => suite.name).join(", ")}
  npm run test:db                 one suite
  npm run test:db -- calls/       only the files whose path contains this`;

export default async function test(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const chosen = suites.filter((suite) => positionals.includes(suite.name));
  const only = positionals.filter((word) => !suites.some((suite) => suite.name === word));
  if (only.length > 0 && chosen.length === 0) {
    console.error(`✗ There is no suite "${only[0]}".\n\n${HELP}`);
    return 2;
  }
  return await runAll(chosen.length > 0 ? chosen : suites, only);
}

async function runAll(chosen: Suite[], only: string[]): Promise<number> {
  const giveUp = new AbortController();
  const processes = new Processes();
  stopRequested().then(() => {
    giveUp.abort();
    return processes.close();
  });
  let shared: SharedStack | null = null;
  const results: SuiteResult[] = [];
  try {
    if (chosen.some((suite) => suite.shared)) shared = await startStackQuietly(giveUp.signal);
    const run = { processes, shared, only, progress: new Running(), signal: giveUp.signal };
    await Promise.all([1, 2].map(async (lane) => {
      for (const suite of chosen.filter((suite) => suite.lane === lane)) {
        if (!giveUp.signal.aborted) results.push(await runOne(suite, run));
      }
    }));
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
  } finally {
    await processes.close();
    await shared?.stop();
  }
  if (giveUp.signal.aborted) {
    console.log("Stopped. Nothing is left running.");
    return 130;
  }
  const total = results.reduce(add);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

async function startStackQuietly(signal: AbortSignal): Promise<SharedStack> {
  const progress = new Progress("Starting the stack");
  try {
    return await startSharedStack("test", signal);
  } finally {
    progress.end();
  }
}

/** Names the suites that run now, on one line that goes when they are done. */
class Running {
  #names = new Set<string>();
  #progress: Progress | null = null;

  begin(name: string): void {
    this.#names.add(name);
    this.#draw();
  }

  /** Takes the line away to print, and brings it back for the others. */
  end(name: string, print: () => void): void {
    this.#names.delete(name);
    this.#progress?.end();
    this.#progress = null;
    print();
    if (this.#names.size > 0 && isTerminal()) this.#draw();
  }

  #draw(): void {
    const text = `Testing ${[...this.#names].join(", ")}`;
    if (this.#progress) this.#progress.say(text);
    else if (isTerminal()) this.#progress = new Progress(text);
  }
}

interface Run {
  processes: Processes;
  shared: SharedStack | null;
  only: string[];
  progress: Running;
  signal: AbortSignal;
}

async function runOne(suite: Suite, run: Run): Promise<SuiteResult> {
  const began = performance.now();
  run.progress.begin(suite.name);
  const result = await judged(suite, run);
  const seconds = (performance.now() - began) / 1000;
  run.progress.end(suite.name, () => run.signal.aborted || print(suite.name, result, seconds));
  return result;
}

/** A suite that ran no test, or could not run at all, has failed. */
async function judged(suite: Suite, { processes, shared, only }: Run): Promise<SuiteResult> {
  const env = suite.shared ? shared!.stack.env : null;
  try {
    const result = await suite.run({ processes, env, only });
    if (result.passed + result.failed === 0) return { passed: 0, failed: 1, problems: ["ran no test"] };
    return env ? add(result, await checkBooks(env.DB_URL)) : result;
  } catch (error) {
    return {
      passed: 0,
      failed: 1,
      problems: [`could not run\n${error instanceof Error ? error.stack : error}`],
    };
  }
}

/** The books are whole after every suite; that is one test more. */
async function checkBooks(databaseUrl: string): Promise<SuiteResult> {
  const found = await violations(databaseUrl);
  if (found.length === 0) return { passed: 1, failed: 0, problems: [] };
  return { passed: 0, failed: 1, problems: [`the integrity check found\n${found.slice(0, 20).join("\n")}`] };
}

const add = (a: SuiteResult, b: SuiteResult): SuiteResult => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  problems: [...a.problems, ...b.problems],
});

function print(name: string, { passed, failed, problems }: SuiteResult, seconds: number): void {
  const mark = failed > 0 ? danger("✗") : accent("✓");
  const failures = `${failed} failed`.padStart(10);
  const columns = [
    name.padEnd(12),
    `${passed} passed`.padStart(12),
    failed > 0 ? danger(failures) : failures,
  ];
  console.log(`${mark} ${columns.join(" ")} ${quiet(`${seconds.toFixed(1)} s`.padStart(9))}`);
  for (const problem of problems) console.log(`\n${problem.replace(/^/gm, "    ")}\n`);
}
