// The database server: made once, started, stopped, killed and recovered.
import { join } from "node:path";
import { asideFolder, makeAsideFolder, prepareServerFiles, type ServerFiles } from "./postgres_files.ts";
import { projectRoot } from "./paths.ts";
import { canReach, giveTo, postgresUser, type RunAs } from "./privileges.ts";
import { type Child, childrenOf, isAlive, type Processes } from "./processes.ts";

/** The password of every role, as in Supabase's own local stack: the server listens on this machine only. */
export const PASSWORD = "postgres";

export const databaseUrl = (role: string, port: number): string =>
  `postgresql://${role}:${PASSWORD}@127.0.0.1:${port}/postgres`;

const SETTINGS: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "", // a socket's path has 107 bytes at most, and nobody here needs one
  max_connections: "200",
  shared_buffers: "128MB",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] %q%u ",
  shared_preload_libraries: "pg_stat_statements",
  jit: "off",
};

export class Postgres {
  #child: Child | null = null;
  #files!: ServerFiles;
  #as: RunAs;
  #folder = "";
  #wanted = false;
  readonly log: string;
  /** Told when the server ended and nobody asked it to. */
  onUnexpectedEnd: () => void = () => {};

  constructor(private processes: Processes, private stateDir: string, readonly port: number) {
    this.#as = postgresUser(projectRoot);
    this.log = join(stateDir, "postgres.log");
  }

  get note(): string | undefined {
    return this.#files?.note;
  }

  url(role: string): string {
    return databaseUrl(role, this.port);
  }

  /** Answers whether the data folder is new. */
  async prepare(): Promise<boolean> {
    this.#files = await prepareServerFiles(this.#as);
    this.#folder = await this.#chooseFolder();
    const data = join(this.#folder, "postgres");
    await this.#clearHalfMade();
    const made = await exists(join(data, "PG_VERSION"));
    if (made) await this.#endLeftover(data);
    else await this.#initialize(data);
    return !made;
  }

  /** Its user must be able to enter each folder on the way down to its data. */
  async #chooseFolder(): Promise<string> {
    if (this.#as.uid === undefined || await canReach(this.stateDir, this.#as)) return this.stateDir;
    const aside = join(await makeAsideFolder(), this.stateDir.replaceAll("/", "_"));
    await Deno.mkdir(aside, { recursive: true, mode: 0o755 });
    return aside;
  }

  /** Where the data are, to be removed with the state. */
  static async removeData(stateDir: string): Promise<void> {
    for (const folder of [stateDir, join(asideFolder(), stateDir.replaceAll("/", "_"))]) {
      await Deno.remove(join(folder, "postgres"), { recursive: true }).catch(() => {});
    }
  }

  async #clearHalfMade(): Promise<void> {
    for await (const entry of Deno.readDir(this.#folder)) {
      if (!entry.name.startsWith("postgres.half-")) continue;
      await Deno.remove(join(this.#folder, entry.name), { recursive: true });
    }
  }

  /** Made under another name and renamed when whole: a kill in between leaves nothing that looks finished. */
  async #initialize(data: string): Promise<void> {
    // Anything by this name without a PG_VERSION is not a database.
    await Deno.remove(data, { recursive: true }).catch(() => {});
    const half = await Deno.makeTempDir({ dir: this.#folder, prefix: "postgres.half-" });
    await giveTo(half, this.#as);
    const passwordFile = join(half, "..", `${half.split("/").pop()}.password`);
    await Deno.writeTextFile(passwordFile, PASSWORD + "\n", { mode: 0o600 });
    await giveTo(passwordFile, this.#as);
    const { code, output } = await this.processes.run({
      command: join(this.#files.bin, "initdb"),
      args: [
        ...["-D", half, "-U", "supabase_admin", "--pwfile", passwordFile, "--auth", "scram-sha-256"],
        // The server's own C.UTF-8: the same order of text on every platform, and no locale to be installed.
        ...[
          "--encoding",
          "UTF8",
          "--locale",
          "C",
          "--locale-provider",
          "builtin",
          "--builtin-locale",
          "C.UTF-8",
        ],
        ...["--no-sync", "--no-instructions"],
      ],
      cwd: half,
      env: {},
      logFile: this.log,
      ...this.#as,
    });
    await Deno.remove(passwordFile).catch(() => {});
    if (code !== 0) {
      await Deno.remove(half, { recursive: true }).catch(() => {});
      throw new Error(`Postgres could not make its data folder.\n${explain(output)}`);
    }
    await Deno.rename(half, data);
  }

  /** A server whose stack died a moment ago may still be shutting down; nobody else may own this folder. */
  async #endLeftover(data: string): Promise<void> {
    const text = await Deno.readTextFile(join(data, "postmaster.pid")).catch(() => "");
    const pid = Number(text.split("\n")[0]);
    if (!pid || !isAlive(pid) || !await isPostgres(pid)) return;
    Deno.kill(pid, "SIGINT");
    for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(100);
    if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    for (let i = 0; i < 50 && isAlive(pid); i++) await sleep(100);
  }

  async start(): Promise<void> {
    const data = join(this.#folder, "postgres");
    const settings = { ...SETTINGS, port: String(this.port) };
    this.#child = this.processes.spawn({
      command: join(this.#files.bin, "postgres"),
      args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      cwd: data,
      env: {},
      logFile: this.log,
      ...this.#as,
    });
    await this.#ready(join(data, "postmaster.pid"), this.#child);
    this.#wanted = true;
    this.#child.status.then(() => this.#wanted && this.onUnexpectedEnd());
  }

  /** The server writes its state on line 8 of its pid file. */
  async #ready(pidFile: string, child: Child): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      if (!child.running) throw new Error(`Postgres did not start.\n${explain(child.tail())}`);
      const lines = (await Deno.readTextFile(pidFile).catch(() => "")).split("\n");
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return;
      await sleep(20);
    }
    throw new Error(`Postgres was not ready after a minute. Its log: ${this.log}\n${child.tail()}`);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#child?.stop("SIGINT", 20_000);
  }

  /** As a power cut would: the postmaster and every backend at once, nothing flushed. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#wanted = false;
    if (!child?.running) return;
    child.kill("SIGSTOP"); // so that it starts no backend while they are counted
    const backends = await childrenOf(child.pid);
    child.kill("SIGKILL");
    for (const pid of backends) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // Ended by itself.
      }
    }
    await child.status;
    for (let i = 0; i < 100 && backends.some(isAlive); i++) await sleep(20);
  }
}

async function isPostgres(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "comm=", "-p", String(pid)] }).output()
    .catch(() => ({ stdout: new Uint8Array() }));
  const name = new TextDecoder().decode(stdout) ||
    await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
  return name.includes("postgres");
}

/** What a person can do about it, where that is known; then the server's own words. */
function explain(output: string): string {
  const words = output.split("\n").filter((line) => /FATAL|ERROR|PANIC|HINT|could not|error:/i.test(line));
  const own = (words.length > 0 ? words : output.split("\n")).slice(-6).join("\n");
  if (/No space left on device/.test(output)) {
    return `The disk is full. Free some space and run the same command again.\n${own}`;
  }
  if (/could not (create|bind).*(socket|address)|Address already in use/i.test(output)) {
    return `Its port was taken by another program in that very moment. Run the same command again.\n${own}`;
  }
  if (/could not (create|open|resize) shared memory/i.test(output)) {
    return `The system gave it no shared memory (/dev/shm may be too small).\n${own}`;
  }
  return own;
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
