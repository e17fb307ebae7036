// The data API, on the engine hosted Supabase uses.
import { join } from "node:path";
import type { Child, Processes } from "./processes.ts";

export interface PostgrestOptions {
  binary: string;
  port: number;
  databaseUrl: string;
  jwtSecret: string;
  stateDir: string;
}

export async function startPostgrest(processes: Processes, options: PostgrestOptions): Promise<Child> {
  const { mode } = await Deno.stat(options.binary);
  if (mode !== null && (mode & 0o111) === 0) await Deno.chmod(options.binary, 0o755);
  const child = processes.spawn({
    command: options.binary,
    args: [],
    cwd: options.stateDir,
    logFile: join(options.stateDir, "postgrest.log"),
    env: {
      PGRST_DB_URI: options.databaseUrl,
      PGRST_DB_SCHEMAS: "public",
      PGRST_DB_EXTRA_SEARCH_PATH: "public, extensions",
      PGRST_DB_ANON_ROLE: "anon",
      PGRST_DB_POOL: "40",
      PGRST_DB_MAX_ROWS: "1000",
      PGRST_JWT_SECRET: options.jwtSecret,
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_SERVER_PORT: String(options.port),
      PGRST_LOG_LEVEL: "warn",
      GHCRTS: "-N2",
    },
  });
  await ready(child, options.port);
  return child;
}

/** It answers 503 until it has read the schema. */
async function ready(child: Child, port: number): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (!child.running) throw new Error(`PostgREST did not start.\n${child.tail()}`);
    const status = await fetch(`http://127.0.0.1:${port}/`, { method: "HEAD" }).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }, () => 0);
    if (status && status !== 503) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`PostgREST was not ready after 30 seconds.\n${child.tail()}`);
}
