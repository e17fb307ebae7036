// Reads the Test Anything Protocol strictly: a test that did not run as planned is a failed one.

export interface TapResult {
  passed: number;
  failed: number;
  /** One for each failure, as a person should read it. */
  problems: string[];
}

export interface TapFailure {
  number: number;
  description: string;
  diagnostics: string[];
}

const PLAN = /^1\.\.(\d+)/;
const RESULT = /^(not )?ok (\d+)(?: - (.*))?$/;

export function parseTap(lines: string[]): TapResult {
  const problems: string[] = [];
  let planned: number | null = null;
  let passed = 0;
  let seen = 0;
  let open: string[] | null = null;
  const failures: string[][] = [];
  for (const line of lines) {
    const plan = PLAN.exec(line);
    const result = RESULT.exec(line);
    if (plan) {
      if (planned !== null) problems.push("planned twice");
      planned = Number(plan[1]);
    } else if (line.startsWith("Bail out!")) {
      problems.push(line);
    } else if (result) {
      seen += 1;
      open = null;
      if (Number(result[2]) !== seen) problems.push(`test ${result[2]} where test ${seen} was due`);
      if (result[1]) failures.push(open = [result[3] ?? `test ${result[2]}`]);
      else if (/# (SKIP|TODO)\b/i.test(line)) problems.push(`skipped: ${result[3]}`);
      else passed += 1;
    } else if (open && /^#(?! Looks like you)/.test(line)) {
      const text = line.replace(/^# ?/, "");
      if (!/^Failed test \d+/.test(text)) open.push(text);
    }
  }
  if (planned === null) problems.push("no plan");
  else if (planned === 0) problems.push("plans no test");
  else if (planned !== seen) problems.push(`planned ${planned} tests but ran ${seen}`);
  const all = [...failures.map((failure) => failure.join("\n")), ...problems];
  return { passed, failed: all.length, problems: all };
}
