// The suites of `npm test`, in the order they run.
import { join } from "node:path";
import { fromFileUrl, projectRoot } from "../stack/paths.ts";
import type { Processes } from "../stack/processes.ts";
import type { StackEnv } from "../stack/env.ts";
import { runDenoTests } from "./deno_tests.ts";
import { runPgtap } from "./pgtap.ts";

export interface SuiteResult {
  passed: number;
  failed: number;
  /** One for each failure, as a person should read it. */
  problems: string[];
}

export interface SuiteContext {
  processes: Processes;
  /** The shared stack, for the suites that use it. */
  env: StackEnv | null;
  /** Only files whose path contains one of these; all when empty. */
  only: string[];
}

export interface Suite {
  name: string;
  /** Whether it works on the shared stack; the others start what they need. */
  shared: boolean;
  /** Suites of two lanes may run at once: nothing in the second changes what is in the shared database. */
  lane: 1 | 2;
  run(context: SuiteContext): Promise<SuiteResult>;
}

export const pgtapFolder = join(projectRoot, "supabase", "tests", "database");
const testsFolder = fromFileUrl(new URL("../../tests/", import.meta.url));

export const suites: Suite[] = [
  { name: "db", shared: true, lane: 1, run: runDatabaseTests },
  { name: "edge", shared: true, lane: 1, run: denoSuite("edge") },
  { name: "sdk", shared: true, lane: 1, run: denoSuite("sdk") },
  { name: "concurrency", shared: true, lane: 1, run: denoSuite("concurrency") },
  { name: "gates", shared: true, lane: 2, run: denoSuite("gates") },
  { name: "simulator", shared: false, lane: 2, run: denoSuite("simulator") },
  { name: "stack", shared: false, lane: 2, run: denoSuite("stack") },
  { name: "chaos", shared: false, lane: 2, run: denoSuite("chaos") },
  { name: "e2e", shared: false, lane: 2, run: denoSuite("e2e") },
  { name: "property", shared: false, lane: 2, run: denoSuite("property") },
];

function denoSuite(name: string): Suite["run"] {
  return (context) => runDenoTests({ ...context, folder: join(testsFolder, name) });
}

async function runDatabaseTests({ env, only }: SuiteContext): Promise<SuiteResult> {
  const files = await runPgtap({
    databaseUrl: env!.DB_URL,
    adminUrl: env!.ADMIN_DB_URL,
    folder: pgtapFolder,
    only,
  });
  const total = (key: "passed" | "failed") => files.reduce((sum, file) => sum + file[key], 0);
  const problems = files.flatMap((file) => file.problems.map((problem) => `${file.file}\n${problem}`));
  return { passed: total("passed"), failed: total("failed"), problems };
}
