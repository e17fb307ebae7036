// The runtimes the package promises to work on, as npm installed them.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Output {
  success: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<Output> {
  const output = await new Deno.Command(command, { cwd: root, ...options, args }).output();
  const decoder = new TextDecoder();
  return {
    success: output.success,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** Node 22 or newer: the one npm installed for this machine, else the one on the path. */
export async function nodeBinary(): Promise<string> {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const packaged = join(root, "node_modules", `node-linux-${arch}`, "bin", "node");
  if (Deno.build.os === "linux" && await exists(packaged)) return packaged;
  const { stdout } = await run("node", ["-p", "process.versions.node"]);
  if (Number.parseInt(stdout) < 22) {
    throw new Error(`The package needs Node 22 or newer; this is Node ${stdout}`);
  }
  return "node";
}

/** Bun's own binary, since its launcher needs an install script. */
export async function bunBinary(): Promise<string> {
  const folder = join(root, "node_modules", "@oven");
  for await (const { name } of Deno.readDir(folder)) {
    for (const file of ["bun", "bun.exe"]) {
      const binary = join(folder, name, "bin", file);
      if (await exists(binary) && (await run(binary, ["--version"])).success) return binary;
    }
  }
  throw new Error("npm installed no Bun for this machine");
}

const exists = (path: string): Promise<boolean> => Deno.stat(path).then(() => true, () => false);
