// Reads the JUnit report that `deno test` writes. An ignored test counts as failed: no test here is skipped.

export interface JunitFailure {
  file: string;
  name: string;
  text: string;
}

export interface JunitResult {
  passed: number;
  failures: JunitFailure[];
}

const CASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const FAILURE = /<(failure|error|skipped)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\1>)/;

export function parseJunit(xml: string): JunitResult {
  let passed = 0;
  const failures: JunitFailure[] = [];
  for (const [, attributes, body] of xml.matchAll(CASE)) {
    const failure = FAILURE.exec(body ?? "");
    if (!failure) {
      passed += 1;
      continue;
    }
    const [, kind, marks, text] = failure;
    failures.push({
      file: attribute(attributes!, "classname"),
      name: attribute(attributes!, "name"),
      text: kind === "skipped" ? "was ignored" : unescape(text ?? attribute(marks!, "message")).trim(),
    });
  }
  return { passed, failures };
}

function attribute(text: string, name: string): string {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "");
}

const NAMED: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, "$1")
    .replace(
      /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
      (whole, hex, decimal, name) =>
        hex || decimal ? String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10)) : NAMED[name] ?? whole,
    );
}
