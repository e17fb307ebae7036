// `npm run <command>` lands here: each command is one file in dev/commands.
import { fromFileUrl } from "./stack/paths.ts";

type Command = (args: string[]) => Promise<number>;

const folder = new URL("./commands/", import.meta.url);

async function commandNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(fromFileUrl(folder))) {
    const match = /^([a-z][a-z-]*)\.ts$/.exec(entry.name);
    if (match) names.push(match[1]!);
  }
  return names.sort();
}

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  const names = await commandNames();
  if (!name || !names.includes(name)) {
    if (name) console.error(`✗ There is no command "${name}".`);
    console.error(`→ Commands: ${names.join(", ")}`);
    return name ? 2 : 0;
  }
  const module = await import(new URL(`${name}.ts`, folder).href) as { default: Command };
  return await module.default(rest);
}

Deno.exit(await main(Deno.args));
