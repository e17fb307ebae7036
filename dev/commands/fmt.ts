// `npm run fmt`: formats the project; `-- --check` only looks.
import { projectRoot } from "../stack/paths.ts";

export default async function fmt(args: string[]): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", ...args],
    cwd: projectRoot,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}
