// What the gates share: the project's own files, and tools run to their end.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
export const deno = Deno.execPath();

export interface Outcome {
  code: number;
  output: string;
}

export async function run(
  command: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: root,
    stdin: "null",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout) + decode(stderr) };
}

export const read = (path: string): Promise<string> => Deno.readTextFile(join(root, path));

const IGNORED = /^(node_modules|\.git|\.talktime|client-sdk\/dist)(\/|$)|(^|\/)(\.env|[^/]+\.log)$/;

/** Every file of the project, below its root: what git knows or would add, or all that is not ignored where git is not. */
export async function projectFiles(pattern: RegExp = /./): Promise<string[]> {
  const listed = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"])
    .catch(() => ({ code: 1, output: "" }));
  const files = listed.code === 0 ? listed.output.split("\n").filter(Boolean) : await walk("");
  const there = await Promise.all(
    files.map((file) => Deno.stat(join(root, file)).then(() => true, () => false)),
  );
  return files.filter((file, index) => there[index] && pattern.test(file)).sort();
}

async function walk(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (IGNORED.test(path)) continue;
    if (entry.isDirectory) found.push(...await walk(path));
    else found.push(path);
  }
  return found;
}

/** Where a pattern occurs in the project's text files, as `file:line text`. */
export async function occurrences(pattern: RegExp, files: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    const lines = (await read(file)).split("\n");
    for (const [index, text] of lines.entries()) {
      if (pattern.test(text)) found.push(`${file}:${index + 1} ${text.trim().slice(0, 120)}`);
    }
  }
  return found;
}
