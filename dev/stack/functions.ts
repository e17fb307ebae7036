// Edge Functions: each in a process of its own, on the Deno version the hosted runtime is compatible with, with no more
// permissions than it needs, so that what works here works deployed.
import { join } from "node:path";
import { readFunctionConfig } from "./config.ts";
import { edgeRuntimeBinary, functionsDir, nodeModules, projectRoot } from "./paths.ts";
import type { Child, Processes } from "./processes.ts";

/** Exactly what a function may read from its environment. */
const ENV_NAMES = [
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_SECRET_KEYS",
  "SUPABASE_JWKS",
  "STRIPE_SECRET_KEY",
  "STRIPE_API_URL",
  "SMTP_URL",
  "MAIL_API_URL",
  "MAIL_API_KEY",
] as const;

export type FunctionEnv = Partial<Record<typeof ENV_NAMES[number], string>>;

interface Running {
  child: Child;
  url: string;
}

export class Functions {
  #running = new Map<string, Promise<Running>>();
  #names = new Map<string, { verifyJwt: boolean; staticFiles: string[] }>();

  constructor(
    private processes: Processes,
    private stateDir: string,
    private env: FunctionEnv,
    private folder = functionsDir,
  ) {}

  /** Reads which functions there are: each folder with an index.ts; `_shared` and its like are none. */
  async discover(): Promise<string[]> {
    const config = await readFunctionConfig();
    this.#names.clear();
    for (const entry of await listFolder(this.folder)) {
      if (!entry.isDirectory || entry.name.startsWith("_") || entry.name.startsWith(".")) continue;
      const hasIndex = await Deno.stat(join(this.folder, entry.name, "index.ts")).then(
        () => true,
        () => false,
      );
      const { enabled, verifyJwt, staticFiles } = config(entry.name);
      if (hasIndex && enabled) this.#names.set(entry.name, { verifyJwt, staticFiles });
    }
    return [...this.#names.keys()].sort();
  }

  find(name: string): { verifyJwt: boolean } | undefined {
    return this.#names.get(name);
  }

  /** The address of a running function; starts it where it does not run (never did, crashed, was changed). */
  async url(name: string): Promise<string> {
    let running = this.#running.get(name);
    if (!running) {
      running = this.#start(name);
      this.#running.set(name, running);
    }
    try {
      return (await running).url;
    } catch (error) {
      this.#running.delete(name);
      throw error;
    }
  }

  async startAll(): Promise<void> {
    await Promise.allSettled([...this.#names.keys()].map((name) => this.url(name)));
  }

  async #start(name: string): Promise<Running> {
    const listening = Promise.withResolvers<string>();
    const child = this.processes.spawn({
      command: edgeRuntimeBinary(),
      args: this.#arguments(name),
      cwd: projectRoot,
      env: this.#environment(),
      logFile: join(this.stateDir, `function-${name}.log`),
      onLine: (line) => {
        const match = /Listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
        if (match) listening.resolve(match[1]!);
      },
    });
    child.status.then(() => {
      this.#running.delete(name);
      listening.reject(new Error(`The function ${name} did not start.\n${child.tail()}`));
    });
    return { child, url: await listening.promise };
  }

  #arguments(name: string): string[] {
    const folder = join(this.folder, name);
    // Deployed, a function finds the files that its config lists, and no others.
    const files = this.#names.get(name)?.staticFiles ?? [];
    const hosts = [this.env.SUPABASE_URL!, this.env.STRIPE_API_URL ?? "https://api.stripe.com:443"]
      .map((url) => /^https?:\/\/([^/]+)/.exec(url)![1]!);
    if (name === "send-notifications" && this.env.SMTP_URL) hosts.push(new URL(this.env.SMTP_URL).host);
    return [
      "serve",
      ...["--quiet", "--no-prompt", "--no-lock", "--cached-only", "--no-remote"],
      ...["--node-modules-dir=manual", "--config", join(folder, "deno.json")],
      `--allow-net=${hosts.join(",")}`,
      `--allow-env=${ENV_NAMES.join(",")}`,
      ...(files.length > 0 ? [`--allow-read=${files.join(",")}`] : []),
      "--v8-flags=--max-old-space-size=256",
      ...["--host", "127.0.0.1", "--port", "0"],
      join(folder, "index.ts"),
    ];
  }

  #environment(): Record<string, string> {
    const env: Record<string, string> = {
      DENO_DIR: join(projectRoot, ".talktime", "edge-cache"),
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      HOME: nodeModules,
    };
    for (const name of ENV_NAMES) {
      const value = this.env[name];
      if (value !== undefined) env[name] = value;
    }
    return env;
  }

  /** Stopped, to be started again by the next request: after a change of its source. */
  async restart(names: Iterable<string> = this.#running.keys()): Promise<void> {
    await Promise.all([...names].map(async (name) => {
      const running = await this.#running.get(name)?.catch(() => null);
      this.#running.delete(name);
      await running?.child.stop();
    }));
  }

  /** Follows the functions' folder, so that saving a file is enough. */
  async watch(signal: AbortSignal): Promise<void> {
    if (!await Deno.stat(this.folder).then(() => true, () => false)) return;
    const watcher = Deno.watchFs(this.folder);
    signal.addEventListener("abort", () => watcher.close(), { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    for await (const event of watcher) {
      if (event.kind === "access") continue;
      clearTimeout(timer);
      timer = setTimeout(() => this.discover().then(() => this.restart()), 200);
    }
    clearTimeout(timer);
  }
}

async function listFolder(path: string): Promise<Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(path)) entries.push(entry);
  } catch {
    // No functions yet.
  }
  return entries;
}
