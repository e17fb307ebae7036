// Applies supabase/migrations with the Supabase CLI's own `db push`, and remembers what was applied so that a start with
// nothing new costs nothing.
import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { projectRoot, supabaseCli } from "./paths.ts";
import type { Processes } from "./processes.ts";

/** File name → checksum, of what is in this database. */
type Applied = Record<string, string>;

export interface MigrationOptions {
  databaseUrl: string;
  stateDir: string;
  seed: boolean;
  /** Where the folder `supabase` is; the project, except in tests. */
  workdir?: string;
}

export interface MigrationResult {
  pushed: boolean;
  /** Applied migrations whose file has since been edited: this database has their old text. */
  changed: string[];
}

async function checksums(workdir: string, seed: boolean): Promise<Applied> {
  const folder = join(workdir, "supabase", "migrations");
  const files = (await list(folder)).filter((name) => name.endsWith(".sql")).sort()
    .map((name) => [name, join(folder, name)] as const);
  if (seed) files.push(["seed.sql", join(workdir, "supabase", "seed.sql")]);
  const found: Applied = {};
  for (const [name, path] of files) {
    const bytes = await Deno.readFile(path).catch(() => null);
    if (bytes) found[name] = createHash("sha256").update(bytes).digest("hex");
  }
  return found;
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);
  } catch {
    return [];
  }
}

export async function applyMigrations(
  processes: Processes,
  options: MigrationOptions,
): Promise<MigrationResult> {
  const workdir = options.workdir ?? projectRoot;
  const record = join(options.stateDir, "migrations.json");
  const applied = JSON.parse(await Deno.readTextFile(record).catch(() => "{}")) as Applied;
  const wanted = await checksums(workdir, options.seed);
  const changed = Object.keys(applied).filter((name) => applied[name] !== wanted[name]);
  const fresh = Object.keys(wanted).filter((name) => !(name in applied));
  if (changed.length > 0 || fresh.length === 0) return { pushed: false, changed };
  const save = (done: Applied) => Deno.writeTextFile(record, JSON.stringify(done, null, 2) + "\n");
  try {
    await push(processes, options, workdir);
  } catch (error) {
    await save(await onlyThoseInDatabase(wanted, options.databaseUrl));
    throw error;
  }
  await save(wanted);
  return { pushed: true, changed };
}

/** A push that failed at one file has applied those before it. */
async function onlyThoseInDatabase(wanted: Applied, databaseUrl: string): Promise<Applied> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const rows = await sql`select version from supabase_migrations.schema_migrations`.catch(() => []);
    const versions = new Set(rows.map((row) => row.version as string));
    return Object.fromEntries(Object.entries(wanted).filter(([name]) => versions.has(name.split("_")[0]!)));
  } finally {
    await sql.end();
  }
}

/** The CLI keeps notes beside the migrations; it works in a folder of links, so that the project's stays clean. */
async function stage(options: MigrationOptions, workdir: string): Promise<string> {
  const staged = join(options.stateDir, "cli");
  const target = join(staged, "supabase");
  await Deno.remove(staged, { recursive: true }).catch(() => {});
  await Deno.mkdir(target, { recursive: true });
  for (const name of ["config.toml", "migrations", "seed.sql"]) {
    const source = join(workdir, "supabase", name);
    if (await Deno.stat(source).then(() => true, () => false)) await Deno.symlink(source, join(target, name));
  }
  return staged;
}

async function push(processes: Processes, options: MigrationOptions, project: string): Promise<void> {
  const { mode } = await Deno.stat(supabaseCli);
  if (mode !== null && (mode & 0o111) === 0) await Deno.chmod(supabaseCli, 0o755);
  const workdir = await stage(options, project);
  const { code, output } = await processes.run({
    command: supabaseCli,
    args: [
      ...["db", "push", "--yes", "--include-all", ...(options.seed ? ["--include-seed"] : [])],
      ...["--remote", options.databaseUrl, "--workdir", workdir],
    ],
    cwd: workdir,
    env: cliEnvironment(options.stateDir),
    logFile: join(options.stateDir, "migrations.log"),
  });
  if (code !== 0) {
    throw new Error(`The migrations could not be applied (supabase db push).\n${readable(output)}`);
  }
}

/** No telemetry, no look for a newer version, and nothing written to the person's home. */
export function cliEnvironment(stateDir: string): Record<string, string> {
  return {
    PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
    HOME: join(stateDir, "cli-home"),
    SUPABASE_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
    CI: "1",
    NO_COLOR: "1",
  };
}

/** The CLI repeats the whole migration before its error; the end is what a person needs. */
function readable(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-25).join("\n");
}
