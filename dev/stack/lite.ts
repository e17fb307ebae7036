// Starts a part of @supabase/lite, see lite_worker.ts.
import type { Keys } from "./keys.ts";

export interface LiteOptions {
  part: "auth" | "rest";
  port: number;
  databaseUrl: string;
  keys: Keys;
  smtpPort: number;
  /** The gateway's address. */
  apiUrl: string;
  logFile: string;
}

export interface Lite {
  restart(): Promise<void>;
  stop(): void;
}

function launch(options: LiteOptions): Promise<Worker> {
  const worker = new Worker(new URL("./lite_worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error(`@supabase/lite (${options.part}) did not start: ${event.message}`));
    };
    worker.postMessage(options);
  });
}

export async function startLite(options: LiteOptions): Promise<Lite> {
  let stopped = false;
  let worker = await launch(options);
  const watch = () => {
    // An error nobody caught inside the thread: start it again rather than take the stack down.
    worker.onerror = async (event) => {
      event.preventDefault();
      worker.terminate();
      if (stopped) return;
      worker = await launch(options);
      watch();
    };
  };
  watch();
  return {
    async restart() {
      worker.terminate();
      worker = await launch(options);
      watch();
    },
    stop() {
      stopped = true;
      worker.terminate();
    },
  };
}
