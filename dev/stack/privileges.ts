// Postgres refuses to run as root. There it runs as the project's owner, or as `nobody` where root owns the project.

export interface RunAs {
  uid?: number;
  gid?: number;
}

const isRoot = (): boolean => Deno.uid() === 0;

function lookUp(name: string): { uid: number; gid: number } | null {
  const entry = Deno.readTextFileSync("/etc/passwd").split("\n").find((line) => line.startsWith(`${name}:`));
  if (!entry) return null;
  const [, , uid, gid] = entry.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Empty for an ordinary user: then Postgres is simply theirs. */
export function postgresUser(projectRoot: string): RunAs {
  if (!isRoot()) return {};
  const owner = Deno.statSync(projectRoot);
  if (owner.uid && owner.gid) return { uid: owner.uid, gid: owner.gid };
  return lookUp("nobody") ?? { uid: 65534, gid: 65534 };
}

/** Whether that user can read and enter `path`, asked of the operating system itself. */
export async function canReach(path: string, as: RunAs): Promise<boolean> {
  if (as.uid === undefined) return true;
  const command = new Deno.Command("/bin/sh", {
    args: ["-c", 'test -x "$1" && test -r "$1"', "sh", path],
    cwd: "/",
    ...as,
  });
  return (await command.output()).success;
}

export async function giveTo(path: string, as: RunAs): Promise<void> {
  if (as.uid !== undefined) await Deno.chown(path, as.uid, as.gid ?? null);
}
