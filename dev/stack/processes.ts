// Child processes that never outlive the stack. A small shell, fed through a pipe with the pids that run, ends them
// when the pipe closes: that happens however the stack dies, SIGKILL included, on Linux and macOS alike.
import process from "node:process";

const WATCHDOG = `
trap '' INT TERM HUP
pids=
while read -r op pid; do
  rest=
  for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
  pids=$rest
  [ "$op" = add ] && pids="$pids $pid"
done
[ -z "$pids" ] && exit 0
kill -INT $pids 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 $pids 2>/dev/null || exit 0
  sleep 0.2
done
kill -KILL $pids 2>/dev/null
`;

export interface SpawnOptions {
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** stdout and stderr are appended here. */
  logFile?: string;
  /** Called with each line, after it is logged. */
  onLine?: (line: string) => void;
}

export interface Child {
  pid: number;
  /** Settles when the process has ended. */
  status: Promise<Deno.CommandStatus>;
  running: boolean;
  /** The last lines it wrote, for an error message. */
  tail(): string;
  kill(signal: Deno.Signal): void;
  /** Asks, waits, then insists. */
  stop(signal?: Deno.Signal, patience?: number): Promise<void>;
}

export class Processes {
  #watchdog: Deno.ChildProcess | null = null;
  #pipe: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #children = new Set<Child>();

  #tell(line: string): void {
    if (!this.#watchdog) {
      this.#watchdog = new Deno.Command("/bin/sh", {
        args: ["-c", WATCHDOG, "talktime-watchdog"],
        stdin: "piped",
        stdout: "null",
        stderr: "null",
        cwd: "/",
        detached: true,
      }).spawn();
      this.#watchdog.unref();
      this.#pipe = this.#watchdog.stdin.getWriter();
    }
    this.#pipe!.write(new TextEncoder().encode(line + "\n")).catch(() => {});
  }

  spawn(options: SpawnOptions): Child {
    const spawned = new Deno.Command(options.command, {
      args: options.args,
      env: options.env,
      clearEnv: options.env !== undefined,
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // Its own process group: Ctrl-C reaches the stack alone, which then stops the parts in order.
      detached: true,
    }).spawn();
    this.#tell(`add ${spawned.pid}`);
    const lines: string[] = [];
    const log = options.logFile ? Deno.openSync(options.logFile, { append: true, create: true }) : null;
    const reading = [spawned.stdout, spawned.stderr].map((stream) =>
      readLines(stream, (line) => {
        lines.push(line);
        if (lines.length > 60) lines.shift();
        log?.writeSync(new TextEncoder().encode(line + "\n"));
        options.onLine?.(line);
      })
    );
    const child = this.#track(spawned, lines);
    Promise.all([child.status, ...reading]).finally(() => log?.close()).catch(() => {});
    return child;
  }

  #track(spawned: Deno.ChildProcess, lines: string[]): Child {
    const child: Child = {
      pid: spawned.pid,
      running: true,
      tail: () => lines.slice(-12).join("\n"),
      kill: (signal) => {
        try {
          if (child.running) spawned.kill(signal);
        } catch {
          // Already gone.
        }
      },
      stop: async (signal = "SIGTERM", patience = 8000) => {
        child.kill(signal);
        const timer = setTimeout(() => child.kill("SIGKILL"), patience);
        await child.status;
        clearTimeout(timer);
      },
      status: spawned.status.then((status) => {
        child.running = false;
        this.#children.delete(child);
        this.#tell(`del ${spawned.pid}`);
        return status;
      }),
    };
    this.#children.add(child);
    return child;
  }

  /** Runs a command to its end; its output is returned, and it too dies with the stack. */
  async run(options: SpawnOptions): Promise<{ code: number; output: string }> {
    const lines: string[] = [];
    const ended = Promise.withResolvers<void>();
    const child = this.spawn({ ...options, onLine: (line) => (lines.push(line), options.onLine?.(line)) });
    const status = await child.status;
    setTimeout(ended.resolve, 20); // the last lines may still be on their way
    await ended.promise;
    return { code: status.code, output: lines.join("\n") };
  }

  /** Ends whatever still runs, then the watchdog. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop("SIGTERM", 4000)));
    this.#watchdog?.ref();
    await this.#pipe?.close().catch(() => {});
    await this.#watchdog?.status;
    this.#watchdog = this.#pipe = null;
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, each: (line: string) => void): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) each(line);
    }
  } catch {
    // The pipe broke with the process.
  }
  if (rest) each(rest);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Ended, but its parent has not looked yet. */
function isZombie(pid: number): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.charAt(stat.lastIndexOf(")") + 2) === "Z";
  } catch {
    return true;
  }
}

/** The direct children of a process, with their pids. */
export async function childrenOf(pid: number): Promise<number[]> {
  const table: Array<[pid: number, parent: number]> = [];
  if (Deno.build.os === "linux") {
    for (const entry of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(entry.name)) continue;
      const stat = await Deno.readTextFile(`/proc/${entry.name}/stat`).catch(() => "");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      table.push([Number(entry.name), parent]);
    }
  } else {
    const { stdout } = await new Deno.Command("ps", { args: ["-axo", "pid=,ppid="] }).output();
    for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
      const [child, parent] = line.trim().split(/\s+/).map(Number);
      table.push([child!, parent!]);
    }
  }
  return table.filter(([, parent]) => parent === pid).map(([child]) => child);
}
