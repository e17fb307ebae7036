// Runs a folder of Deno tests in a process of its own and counts what its JUnit report says.
import { join, relative } from "node:path";
import { projectRoot } from "../stack/paths.ts";
import type { StackEnv } from "../stack/env.ts";
import type { Processes } from "../stack/processes.ts";
import { parseJunit } from "./junit.ts";
import type { SuiteResult } from "./suites.ts";

export interface DenoTestsOptions {
  processes: Processes;
  env: StackEnv | null;
  folder: string;
  only: string[];
}

/** Past this a suite hangs. */
const PATIENCE_MS = 8 * 60_000;
const TAIL_LINES = 40;

export async function runDenoTests(options: DenoTestsOptions): Promise<SuiteResult> {
  const files = (await testFiles(options.folder))
    .filter((file) => options.only.length === 0 || options.only.some((part) => file.includes(part)));
  if (files.length === 0) return { passed: 0, failed: 0, problems: [] };
  const report = await Deno.makeTempFile({ prefix: "talktime-junit-", suffix: ".xml" });
  try {
    const run = await runToItsEnd(options, files, report);
    return judge(run, await Deno.readTextFile(report));
  } finally {
    await Deno.remove(report);
  }
}

interface Run {
  code: number;
  output: string;
  hung: boolean;
}

async function runToItsEnd(options: DenoTestsOptions, files: string[], report: string): Promise<Run> {
  const lines: string[] = [];
  const child = options.processes.spawn({
    command: Deno.execPath(),
    // The gates check the types of every test once, for all suites.
    args: ["test", "-A", "--no-prompt", "--no-check", "--quiet", `--junit-path=${report}`, ...files],
    cwd: projectRoot,
    env: childEnvironment(options.env),
    onLine: (line) => lines.push(line),
  });
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.stop("SIGINT");
  }, PATIENCE_MS);
  const { code } = await child.status;
  clearTimeout(timer);
  return { code, output: lines.join("\n"), hung };
}

function childEnvironment(env: StackEnv | null): Record<string, string> {
  const own = { ...Deno.env.toObject(), NO_COLOR: "1" } as Record<string, string>;
  delete own.TALKTIME_STACK;
  // The simulator answers in tests, whatever key is set for other commands.
  delete own.STRIPE_SECRET_KEY;
  return env ? { ...own, TALKTIME_STACK: JSON.stringify(env) } : own;
}

/** A process that failed without a failed test has failed all the same: a file that does not load, a leak, a hang. */
function judge(run: Run, junit: string): SuiteResult {
  const { passed, failures } = parseJunit(junit);
  const problems = failures.map((failure) =>
    `${relative(projectRoot, failure.file)} ${failure.name}\n${failure.text}`
  );
  if (run.hung) problems.push(`stopped after ${PATIENCE_MS / 60_000} minutes\n${tail(run.output)}`);
  else if (run.code !== 0 && failures.length === 0) {
    problems.push(`ended with code ${run.code}\n${tail(run.output)}`);
  }
  return { passed, failed: problems.length, problems };
}

const tail = (output: string): string => output.split("\n").slice(-TAIL_LINES).join("\n");

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await testFiles(path));
    else if (entry.name.endsWith(".test.ts")) found.push(relative(projectRoot, path));
  }
  return found.sort();
}
