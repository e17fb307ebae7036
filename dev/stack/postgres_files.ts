// Makes the server's files usable: the library links npm leaves out, and pgTAP beside the other extensions.
import { join } from "node:path";
import { pgtapArchive, postgresPackage, projectRoot } from "./paths.ts";
import { canReach, type RunAs } from "./privileges.ts";

export interface ServerFiles {
  bin: string;
  /** Said in the banner when the files had to be copied to where the server's user can read them. */
  note?: string;
}

/** npm packs no symbolic links; the package lists them and its own script would make them at install. */
async function linkLibraries(): Promise<void> {
  const text = await Deno.readTextFile(join(postgresPackage, "native", "pg-symlinks.json")).catch(() => "[]");
  const links = JSON.parse(text) as Array<{ source: string; target: string }>;
  const missing = links.some(({ target }) => !pathExists(join(postgresPackage, target)));
  if (!missing) return;
  const script = join(postgresPackage, "scripts", "hydrate-symlinks.js");
  const run = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-config", script],
    cwd: postgresPackage,
  });
  const { success, stderr } = await run.output();
  if (!success) throw new Error(`Linking the server's libraries failed: ${new TextDecoder().decode(stderr)}`);
}

function pathExists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Unpacked aside and moved file by file, so that two stacks starting at once never see half a file. */
async function addPgtap(): Promise<void> {
  const target = join(postgresPackage, "native", "share", "postgresql", "extension");
  if (pathExists(join(target, "pgtap.control"))) return;
  const aside = await Deno.makeTempDir({ dir: target, prefix: ".pgtap-" });
  try {
    const tar = new Deno.Command("tar", { args: ["-xzf", pgtapArchive, "-C", aside] });
    const { success, stderr } = await tar.output();
    if (!success) throw new Error(`Unpacking pgTAP failed: ${new TextDecoder().decode(stderr)}`);
    const unpacked = join(aside, "share", "postgresql", "extension");
    const names = [...Deno.readDirSync(unpacked)].map((entry) => entry.name)
      .sort((a, b) => Number(a.endsWith(".control")) - Number(b.endsWith(".control")));
    for (const name of names) {
      await Deno.chmod(join(unpacked, name), 0o644);
      await Deno.rename(join(unpacked, name), join(target, name));
    }
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

async function makeExecutable(bin: string): Promise<void> {
  for (const name of ["initdb", "pg_ctl", "postgres"]) {
    const path = join(bin, name);
    const { mode } = await Deno.stat(path);
    if (mode !== null && (mode & 0o111) === 0) await Deno.chmod(path, 0o755);
  }
}

/** Below a folder only root may enter, another user cannot run the server: it gets a copy of its own. */
async function copyAside(native: string): Promise<string> {
  const aside = await makeAsideFolder();
  const bin = join(aside, "native", "bin");
  if (pathExists(join(bin, "postgres"))) return bin;
  const half = await Deno.makeTempDir({ dir: aside });
  await new Deno.Command("cp", { args: ["-a", native, join(half, "native")] }).output();
  await Deno.rename(join(half, "native"), join(aside, "native")).catch(() => {}); // another stack was first
  await Deno.remove(half, { recursive: true });
  return bin;
}

/** Outside the project, and only then: one folder a project, named after its path. */
export function asideFolder(): string {
  let hash = 5381;
  for (const char of projectRoot) hash = ((hash * 33) ^ char.charCodeAt(0)) >>> 0;
  return `/var/tmp/talktime-${hash.toString(36)}`;
}

/** Anybody may make folders there: one that is not root's own is not trusted. */
export async function makeAsideFolder(): Promise<string> {
  const aside = asideFolder();
  await Deno.mkdir(aside, { recursive: true, mode: 0o755 });
  const { uid, isSymlink } = await Deno.lstat(aside);
  if (uid !== Deno.uid() || isSymlink) {
    throw new Error(`${aside} belongs to somebody else; remove it and start again.`);
  }
  return aside;
}

export async function prepareServerFiles(as: RunAs): Promise<ServerFiles> {
  const bin = join(postgresPackage, "native", "bin");
  if (!pathExists(join(bin, "postgres"))) {
    throw new Error(
      `There is no Postgres for this machine (${Deno.build.os}, ${Deno.build.arch}) in node_modules.`,
    );
  }
  await makeExecutable(bin);
  await linkLibraries();
  await addPgtap();
  if (await canReach(join(bin, "postgres"), as)) return { bin };
  const copy = await copyAside(join(postgresPackage, "native"));
  return {
    bin: copy,
    note: `Postgres runs from ${asideFolder()}: its user cannot enter the project's folder.`,
  };
}
