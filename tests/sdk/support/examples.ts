// Finds the examples in the package's documentation and makes each a module that can be checked and run.
import { join } from "node:path";

export interface Example {
  /** Where it stands: `src/money.ts › parseDollars`, or `README.md › A live call`. */
  name: string;
  code: string;
}

const BLOCK = /```ts\n([\s\S]*?)```/g;

/** Every `ts` block of a page, named by the heading above it. */
export function examplesOfPage(file: string, text: string): Example[] {
  return [...text.matchAll(BLOCK)].map((match, index) => {
    const heading = text.slice(0, match.index).match(/^#+ .*$/gm)?.at(-1)?.replace(/^#+ /, "");
    return { name: `${file} › ${heading ?? "top"} (${index + 1})`, code: match[1]! };
  });
}

/** Every `@example` in a source file, named by what it documents. */
export function examplesOfSource(file: string, text: string): Example[] {
  const comments = text.matchAll(/\/\*\*([\s\S]*?)\*\/\s*([^\n]*)/g);
  return [...comments].flatMap(([, comment, declaration]) => {
    const plain = comment!.replace(/^ *\* ?/gm, "");
    const documented = plain.slice(Math.max(0, plain.indexOf("@example")));
    if (!plain.includes("@example")) return [];
    return [...documented.matchAll(BLOCK)].map((match) => ({
      name: `${file} › ${nameOf(declaration!)}`,
      code: match[1]!,
    }));
  });
}

const MODIFIERS =
  /^(?:(?:export|declare|async|readonly|function|const|class|interface|type) |get (?=\w)|\*)*/;

/** The name a declaration or a member declares. */
const nameOf = (declaration: string): string =>
  /^[\w#]+/.exec(declaration.replace(MODIFIERS, ""))?.[0] ?? declaration;

/** What the example says it prints, line by line. */
export const expectedOutput = (code: string): string[] =>
  [...code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!.trim());

/** Whether it leaves its person's money and cards as it found them. */
export const onlyReads = ({ code }: Example): boolean =>
  !/\.(start|checkout|redeem|addCard|confirm|remove|autoReload\.set)\(/.test(code);

/** What an example may use without declaring it: the fields of ExampleContext. */
const NAMES =
  "url, publishableKey, secretKey, email, password, userId, purchaseId, sessionId, supabase, talktime, location, console";

const here = (path: string) => new URL(path, import.meta.url).href;

/** A module whose default export runs the example within a context. */
function moduleOf({ name, code }: Example): string {
  const imports = (code.match(/^import .*$/gm) ?? []).map((line) =>
    line.replace(/["']@talktime\/client["']/, JSON.stringify(here("../../../client-sdk/src/index.ts")))
  );
  const body = code.replace(/^import .*$/gm, "");
  return `// ${name}
${imports.join("\n")}
import type { ExampleContext } from ${JSON.stringify(here("./example_types.ts"))};

export default async function ({ ${NAMES} }: ExampleContext): Promise<void> {
  {
${body}
  }
}
`;
}

/** Writes each example as a module into a folder; the files come back in the same order. */
export async function writeModules(examples: Example[], folder: string): Promise<string[]> {
  return await Promise.all(examples.map(async (example, index) => {
    const file = join(folder, `example_${String(index).padStart(3, "0")}.ts`);
    await Deno.writeTextFile(file, moduleOf(example));
    return file;
  }));
}
