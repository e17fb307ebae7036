// Every example in the package's documentation is checked, run on a real stack, and prints what it says it prints.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as sdk from "../../client-sdk/src/index.ts";
import { contextOf, newPaidPerson, type PaidPerson } from "./support/example_context.ts";
import type { ExampleContext } from "./support/example_types.ts";
import {
  type Example,
  examplesOfPage,
  examplesOfSource,
  expectedOutput,
  onlyReads,
  writeModules,
} from "./support/examples.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const source = join(root, "client-sdk", "src");
const AT_ONCE = 3;

async function sources(): Promise<Map<string, string>> {
  const files = (await Array.fromAsync(Deno.readDir(source))).map((entry) => entry.name).sort();
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, await Deno.readTextFile(join(source, file))] as const),
    ),
  );
}

async function allExamples(): Promise<Example[]> {
  const pages = await Promise.all(
    ["README.md", "client-sdk/README.md"].map(async (file) =>
      examplesOfPage(file, await Deno.readTextFile(join(root, file)))
    ),
  );
  const documented = [...await sources()].flatMap(([file, text]) => examplesOfSource(file, text));
  return [...pages.flat(), ...documented];
}

async function typeErrors(files: string[]): Promise<string> {
  const args = ["check", "--quiet", "--config", join(root, "deno.json"), ...files];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } })
    .output();
  return success ? "" : new TextDecoder().decode(stderr);
}

/** Runs an example in a person's name; throws if it fails or prints something else than it says. */
async function run(example: Example, file: string, paid: PaidPerson): Promise<void> {
  const printed: string[] = [];
  const module = await import(pathToFileURL(file).href) as {
    default(context: ExampleContext): Promise<void>;
  };
  await module.default(contextOf(paid, printed));
  let from = 0;
  for (const line of expectedOutput(example.code)) {
    const at = printed.indexOf(line, from);
    assert.notEqual(at, -1, `It says it prints "${line}", but it printed:\n${printed.join("\n")}`);
    from = at + 1;
  }
}

/** The outcome of each example, in order; a few run at once. */
async function runAll(examples: Example[], files: string[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  // Those that only read share a person; the others would be in each other's way.
  const reader = await newPaidPerson();
  const queue = [...examples.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, example] = next;
      const person = onlyReads(example) ? reader : await newPaidPerson();
      outcomes[index] = await run(example, files[index]!, person).then(() => null, (error: unknown) => error);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

Deno.test("Every example in the documentation compiles, runs and prints what it says", async (t) => {
  const folder = await Deno.makeTempDir({ dir: join(root, "tests", "sdk"), prefix: ".examples-" });
  try {
    const examples = await allExamples();
    const files = await writeModules(examples, folder);
    assert.equal(await typeErrors(files), "");

    const outcomes = await runAll(examples, files);
    for (const [index, example] of examples.entries()) {
      await t.step(`${example.name} runs`, () => {
        if (outcomes[index]) throw outcomes[index];
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What index.ts exports, by the file it comes from. */
function exportsByFile(index: string): [file: string, names: string[]][] {
  const found = [...index.matchAll(/export (?:type )?\{([^}]*)\} from "\.\/([^"]+)"/g)];
  return found.map(([, names, file]) => [
    file!,
    names!.split(",").map((name) => name.replace("type ", "").trim()).filter(Boolean),
  ]);
}

/** Public methods of what is exported, if it is a class. */
function methodsOf(exported: unknown): string[] {
  if (typeof exported !== "function" || !exported.toString().startsWith("class")) return [];
  const members = Object.entries(Object.getOwnPropertyDescriptors(exported.prototype as object));
  return members.filter(([name, { value }]) => name !== "constructor" && typeof value === "function").map((
    [name],
  ) => name);
}

Deno.test("Every export, and every method of it, is documented with an example", async () => {
  const texts = await sources();
  const exported = exportsByFile(texts.get("index.ts")!);
  const names = exported.flatMap(([, own]) => own);
  assert.deepEqual(Object.keys(sdk).filter((name) => !names.includes(name)), [], "all exports are found");
  // A class that is loaded later is no export of the package's own, but is reached through it.
  const modules = await Promise.all(
    exported.map(([file]) =>
      import(pathToFileURL(join(source, file)).href) as Promise<Record<string, unknown>>
    ),
  );
  const undocumented = exported.flatMap(([file, own], index) => {
    const documented = examplesOfSource(file, texts.get(file)!).map(({ name }) => name.split(" › ")[1]);
    const needed = own.flatMap((name) => [name, ...methodsOf(modules[index]![name])]);
    return needed.filter((name) => !documented.includes(name)).map((name) => `${file} › ${name}`);
  });
  assert.deepEqual(undocumented, []);
});
