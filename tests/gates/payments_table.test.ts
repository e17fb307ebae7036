// What docs/payments.md promises is shown by tests that exist, under the names it gives them.
import assert from "node:assert/strict";
import { read } from "./support.ts";

const page = await read("docs/payments.md");
const rows = [...page.matchAll(/^\| +(\d+) \|/gm)].map(([, number]) => Number(number));
const shown = [...page.matchAll(/^- (\d+):\s+`([^`]+)`(?:\s+›\s+`([^`]+)`)?/gm)].map((
  [, number, file, name],
) => ({
  number: Number(number),
  file: file!,
  // The list is wrapped like any text.
  name: name?.replaceAll(/\s+/g, " "),
}));

Deno.test("Each thing that can go wrong with a payment is numbered and has a test behind it", () => {
  assert.ok(rows.length >= 40, `${rows.length} rows are found`);
  assert.deepEqual(rows, rows.map((_, index) => index + 1));
  assert.deepEqual([...new Set(shown.map(({ number }) => number))], rows);
});

Deno.test("Each test that the page names exists", async () => {
  const missing: string[] = [];
  for (const { file, name } of shown) {
    const source = await read(file).catch(() => null);
    if (source === null) missing.push(file);
    else if (file.endsWith(".ts") && !(name !== undefined && declared(source).includes(name))) {
      missing.push(`${file} › ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

/** The names of the tests in a file, as they are written there. */
function declared(source: string): string[] {
  return [...source.matchAll(/Deno\.test\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)]
    .map(([, plain, template]) => plain ?? template!);
}
