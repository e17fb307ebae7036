// The runner of the tests is strict: what did not run as planned has failed.
import assert from "node:assert/strict";
import { parseJunit } from "../../dev/testing/junit.ts";
import { parseTap } from "../../dev/testing/tap.ts";

const tap = (text: string) => parseTap(text.split("\n"));

Deno.test("A plan that is kept has passed", () => {
  assert.deepEqual(tap("1..2\nok 1 - one\nsomething else\nok 2 - two"), {
    passed: 2,
    failed: 0,
    problems: [],
  });
});

Deno.test("A failed database test is told with what was found and wanted", () => {
  const text =
    '1..2\nok 1 - one\nnot ok 2 - two\n# Failed test 2: "two"\n#         have: 1\n#         want: 2\n# Looks like you failed 1 test of 2';
  assert.deepEqual(tap(text), { passed: 1, failed: 1, problems: ["two\n        have: 1\n        want: 2"] });
});

Deno.test("A database test that does not run as planned has failed", () => {
  const cases: Record<string, string> = {
    "ok 1 - one": "no plan",
    "1..0": "plans no test",
    "1..2\nok 1 - one": "planned 2 tests but ran 1",
    "1..1\nok 1 - one\nok 2 - two": "planned 1 tests but ran 2",
    "1..1\n1..1\nok 1 - one": "planned twice",
    "1..2\nok 1 - one\nok 3 - three": "test 3 where test 2 was due",
    "1..1\nBail out! No database": "Bail out! No database",
    "1..1\nok 1 - later # SKIP no time": "skipped: later # SKIP no time",
  };
  for (const [text, problem] of Object.entries(cases)) {
    const { failed, problems } = tap(text);
    assert.ok(failed > 0 && problems.includes(problem), `${text}: ${problems}`);
  }
});

Deno.test("A report counts what passed, and names what failed or was ignored", () => {
  const report = `<testsuites>
    <testcase name="good" classname="./a.test.ts" time="0.1"/>
    <testcase name="a &quot;bad&quot; one" classname="./a.test.ts"><failure message="x">1 &lt; 2</failure></testcase>
    <testcase name="left out" classname="./b.test.ts"><skipped/></testcase>
    <testcase name="also good" classname="./b.test.ts"><system-out>said</system-out></testcase></testsuites>`;
  assert.deepEqual(parseJunit(report), {
    passed: 2,
    failures: [
      { file: "./a.test.ts", name: 'a "bad" one', text: "1 < 2" },
      { file: "./b.test.ts", name: "left out", text: "was ignored" },
    ],
  });
});
