// Runs what the migrations schedule. Hosted Supabase has pg_cron and pg_net for it; here the same jobs are read from
// private.scheduled_jobs and run by this loop.
import { join } from "node:path";
import postgres from "postgres";
import { isDue, parseSchedule } from "./cron.ts";

export interface SchedulerOptions {
  databaseUrl: string;
  functionsUrl: string;
  secretKey: string;
  stateDir: string;
}

interface Job {
  name: string;
  schedule: string;
  kind: "sql" | "function";
  target: string;
}

const TICK_MS = 1000;

/** A job that takes longer is given up; pg_cron's limit for us is the function's own. */
const FUNCTION_TIMEOUT_MS = 150_000;

export class Scheduler {
  #sql: postgres.Sql;
  #last = new Map<string, Date>();
  #running = new Map<string, Promise<void>>();
  #timer: ReturnType<typeof setInterval>;
  #log: Deno.FsFile;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = new AbortController();

  constructor(private options: SchedulerOptions) {
    this.#sql = postgres(options.databaseUrl, { max: 4, onnotice: () => {}, idle_timeout: 30 });
    this.#log = Deno.openSync(join(options.stateDir, "scheduler.log"), { append: true, create: true });
    this.#timer = setInterval(() => this.#ticking = this.#tick(), TICK_MS);
  }

  async #jobs(): Promise<Job[]> {
    const [known] = await this.#sql`select to_regclass('private.scheduled_jobs') is not null as there`;
    if (!known?.there) return [];
    return await this.#sql<Job[]>`select name, schedule, kind, target from private.scheduled_jobs`;
  }

  async #tick(): Promise<void> {
    // While Postgres is down there is nothing to run; the next tick asks again.
    const jobs = await this.#jobs().catch(() => []);
    for (const job of jobs) {
      if (this.#running.has(job.name)) continue; // never twice at once
      if (!this.#due(job)) continue;
      this.#last.set(job.name, new Date());
      this.#running.set(job.name, this.#run(job).finally(() => this.#running.delete(job.name)));
    }
  }

  #due(job: Job): boolean {
    try {
      return isDue(parseSchedule(job.schedule), new Date(), this.#last.get(job.name) ?? null);
    } catch (error) {
      if (!this.#last.has(job.name)) this.#write(job, `not run: ${(error as Error).message}`);
      this.#last.set(job.name, new Date());
      return false;
    }
  }

  async #run(job: Job): Promise<void> {
    const started = performance.now();
    try {
      const outcome = job.kind === "sql" ? await this.#runSql(job) : await this.#call(job);
      this.#write(job, `${outcome} (${Math.round(performance.now() - started)} ms)`);
    } catch (error) {
      this.#write(job, `failed: ${(error as Error).message}`);
    }
  }

  async #runSql(job: Job): Promise<string> {
    const rows = await this.#sql.unsafe(`select ${job.target}`);
    return JSON.stringify(rows[0] ?? null);
  }

  async #call(job: Job): Promise<string> {
    const response = await fetch(`${this.options.functionsUrl}/${job.target}`, {
      method: "POST",
      headers: { apikey: this.options.secretKey, "content-type": "application/json" },
      body: "{}",
      signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(FUNCTION_TIMEOUT_MS)]),
    });
    const body = (await response.text()).slice(0, 500);
    return `${response.ok ? "" : "failed: "}${response.status} ${body}`;
  }

  #write(job: Job, text: string): void {
    if (this.#stopped.signal.aborted) return;
    this.#log.writeSync(new TextEncoder().encode(`${new Date().toISOString()} ${job.name} ${text}\n`));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await this.#ticking;
    await this.#sql.end({ timeout: 1 });
    await Promise.allSettled(this.#running.values());
    this.#log.close();
  }
}
