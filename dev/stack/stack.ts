// Starts and stops the whole local stack, in the order its parts need each other.
import { join } from "node:path";
import { startMailSink } from "../mail/sink.ts";
import { installRealtime } from "../realtime/install.ts";
import { type Realtime, startRealtime } from "../realtime/server.ts";
import { ApiKeys } from "./api_keys.ts";
import { describe, realStripeKey, type StackEnv } from "./env.ts";
import { type FunctionEnv, Functions } from "./functions.ts";
import { startGateway } from "./gateway.ts";
import { type Keys, loadKeys } from "./keys.ts";
import { startLite } from "./lite.ts";
import { applyMigrations } from "./migrations.ts";
import { postgrestBinary, stateDir } from "./paths.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { Postgres } from "./postgres.ts";
import { startPostgrest } from "./postgrest.ts";
import { type Child, Processes } from "./processes.ts";
import { ensureStripePrices } from "./prices.ts";
import { createRoles } from "./roles.ts";
import { LITE_ROLE, startRestLite } from "./rest_lite.ts";
import { Scheduler } from "./scheduler.ts";
import { forgetRunning, lockState, recordRunning, wipeState } from "./state.ts";

export type { StackEnv } from "./env.ts";

export interface StackOptions {
  /** Names the state folder below `.talktime`; `dev` by default. */
  name?: string;
  /** A state folder elsewhere, instead of the named one. */
  dataDir?: string;
  ports?: "usual" | "free";
  restEngine?: "postgrest" | "lite" | "auto";
  scheduler?: boolean;
  /** Live updates as hosted Supabase has them; true by default. A project without Realtime has no schema for it either. */
  realtime?: boolean;
  /** Starts from nothing; the keys stay. */
  reset?: boolean;
  seed?: boolean;
  /** Restarts a function when its source is saved. */
  watch?: boolean;
  /** Where the folder `supabase` with the migrations is; the project by default. */
  workdir?: string;
  log?: (line: string) => void;
  /** Gives a start up before it is done. */
  signal?: AbortSignal;
}

export interface Stack {
  env: StackEnv;
  restEngine: "postgrest" | "lite";
  /** Milliseconds, by what was done. */
  timings: Record<string, number>;
  /** What a person should know about this start. */
  notes: string[];
  stateDir: string;
  stop(): Promise<void>;
  killPostgres(): Promise<void>;
  startPostgres(): Promise<void>;
  /** Makes the data API see a changed schema. */
  reloadSchema(): Promise<void>;
}

interface Parts {
  options: StackOptions;
  folder: string;
  ports: Ports;
  keys: Keys;
  env: StackEnv;
  processes: Processes;
  postgres: Postgres;
  functions: Functions;
  timings: Record<string, number>;
  notes: string[];
  /** What has been started, to be stopped in reverse. */
  stops: Array<() => Promise<unknown> | unknown>;
  rest?: { reload(): Promise<unknown> };
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const began = performance.now();
  const folder = options.dataDir ?? stateDir(options.name ?? "dev");
  const lock = await lockState(folder);
  const parts = await prepare(options, folder).catch((error) => {
    lock.release();
    throw error;
  });
  parts.stops.push(() => lock.release(), () => forgetRunning(folder), () => parts.processes.close());
  const giveUp = () => void parts.processes.close();
  options.signal?.addEventListener("abort", giveUp);
  try {
    await startParts(parts);
    options.signal?.throwIfAborted();
    await recordRunning(folder, parts.env);
  } catch (error) {
    await stopParts(parts);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", giveUp);
  }
  parts.timings.total = Math.round(performance.now() - began);
  return handle(parts);
}

async function prepare(options: StackOptions, folder: string): Promise<Parts> {
  if (options.reset) await wipeState(folder);
  const keys = await loadKeys(folder);
  const { ports, moved } = await choosePorts(options.ports ?? "usual");
  const engine = chooseEngine(options.restEngine ?? "auto");
  const env = describe(ports, keys, engine);
  const processes = new Processes();
  const visible = moved.filter((part) => part !== "postgrest" && part !== "auth");
  return {
    options,
    folder,
    ports,
    keys,
    env,
    processes,
    postgres: new Postgres(processes, folder, ports.postgres),
    functions: new Functions(processes, folder, functionEnv(env)),
    timings: {},
    notes: visible.map((part) =>
      `The usual port for ${part} is taken by another program; it uses ${ports[part]}.`
    ),
    stops: [],
  };
}

function chooseEngine(asked: "postgrest" | "lite" | "auto"): "postgrest" | "lite" {
  const there = postgrestBinary() !== null;
  if (asked === "postgrest" && !there) {
    throw new Error("PostgREST has no build for this machine. Use the other engine: --rest lite.");
  }
  return asked === "lite" || !there ? "lite" : "postgrest";
}

function functionEnv(env: StackEnv): FunctionEnv {
  return {
    SUPABASE_URL: env.API_URL,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: env.PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: env.SECRET_KEY }),
    SUPABASE_JWKS: env.JWKS,
    STRIPE_SECRET_KEY: env.STRIPE_SECRET_KEY,
    SMTP_URL: `smtp://127.0.0.1:${env.SMTP_PORT}`,
    ...(env.STRIPE_API_URL ? { STRIPE_API_URL: env.STRIPE_API_URL } : {}),
  };
}

async function timed<T>(parts: Parts, name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  parts.options.log?.(name);
  try {
    return await work();
  } finally {
    parts.timings[name] = Math.round(performance.now() - began);
  }
}

async function startParts(parts: Parts): Promise<void> {
  const { ports, env, keys } = parts;
  await parts.functions.discover();
  const independent = [
    timed(parts, "mail", () => startMail(parts)),
    timed(parts, "stripe", () => startStripe(parts)),
    timed(parts, "functions", () => parts.functions.startAll()),
  ];
  const failed = Promise.all(independent);
  failed.catch(() => {}); // reported below; the database may fail first
  await startDatabase(parts);
  const auth = timed(parts, "auth", () => startAuth(parts));
  await timed(parts, "migrations", () => migrate(parts));
  const prices = failed.then(() => timed(parts, "prices", () => makePrices(parts)));
  await Promise.all([auth, timed(parts, "rest", () => startRest(parts)), prices]);
  const realtime = await timed(parts, "realtime", () => startLiveUpdates(parts));
  const gateway = startGateway({
    port: ports.gateway,
    restUrl: `http://127.0.0.1:${
      env.REST_ENGINE === "lite" ? `${ports.postgrest}/rest/v1` : ports.postgrest
    }`,
    authUrl: `http://127.0.0.1:${ports.auth}`,
    apiKeys: new ApiKeys(keys),
    functions: parts.functions,
    realtime,
    jwtSecret: keys.jwtSecret,
  });
  // The gateway waits for what is open, so the sockets are closed first.
  parts.stops.push(() => gateway.shutdown(), () => realtime?.stop());
  if (parts.options.scheduler ?? true) startScheduler(parts);
  if (parts.options.watch) watchFunctions(parts);
}

async function startDatabase(parts: Parts): Promise<void> {
  const { postgres } = parts;
  const fresh = await timed(parts, "data folder", () => postgres.prepare());
  if (fresh) await Deno.remove(join(parts.folder, "migrations.json")).catch(() => {});
  if (postgres.note) parts.notes.push(postgres.note);
  await timed(parts, "postgres", () => postgres.start());
  postgres.onUnexpectedEnd = () => {
    parts.options.log?.("Postgres ended unexpectedly; starting it again");
    postgres.start().catch((error) => parts.options.log?.(error.message));
  };
  parts.stops.push(() => postgres.stop());
  const adminUrl = postgres.url("supabase_admin");
  await timed(parts, "roles", () => createRoles(adminUrl));
  if (withRealtime(parts)) await installRealtime(adminUrl);
}

const withRealtime = (parts: Parts): boolean => parts.options.realtime ?? true;

async function startLiveUpdates(parts: Parts): Promise<Realtime | undefined> {
  if (!withRealtime(parts)) return undefined;
  const { postgres, keys } = parts;
  const realtime = await startRealtime({
    databaseUrl: postgres.url("supabase_admin"),
    jwtSecret: keys.jwtSecret,
  });
  parts.stops.push(() => realtime.stop());
  return realtime;
}

async function migrate(parts: Parts): Promise<void> {
  const { changed } = await applyMigrations(parts.processes, {
    databaseUrl: parts.env.DB_URL,
    stateDir: parts.folder,
    seed: parts.options.seed ?? true,
    ...(parts.options.workdir ? { workdir: parts.options.workdir } : {}),
  });
  if (changed.length === 0) return;
  parts.notes.push(
    `Changed since they were applied: ${
      changed.join(", ")
    }. This database still has the old text; --reset makes it new.`,
  );
}

async function startAuth(parts: Parts): Promise<void> {
  const auth = await startLite(liteOptions(parts, "auth"));
  parts.stops.push(() => auth.stop());
}

function liteOptions(parts: Parts, part: "auth" | "rest") {
  const { ports, keys, postgres, env } = parts;
  const [port, role] = part === "auth" ? [ports.auth, "supabase_auth_admin"] : [ports.postgrest, LITE_ROLE];
  const logFile = join(parts.folder, `${part}-lite.log`);
  return {
    part,
    port,
    databaseUrl: postgres.url(role),
    keys,
    smtpPort: ports.smtp,
    apiUrl: env.API_URL,
    logFile,
  };
}

async function startRest(parts: Parts): Promise<void> {
  const { env, ports, keys, processes, postgres } = parts;
  if (env.REST_ENGINE === "lite") {
    const lite = await startRestLite(postgres.url("supabase_admin"), liteOptions(parts, "rest"));
    parts.stops.push(() => lite.stop());
    parts.rest = { reload: () => lite.restart() };
    return;
  }
  const start = () =>
    startPostgrest(processes, {
      binary: postgrestBinary()!,
      port: ports.postgrest,
      databaseUrl: postgres.url("authenticator"),
      jwtSecret: keys.jwtSecret,
      stateDir: parts.folder,
    });
  parts.rest = await keepRunning(parts, start);
}

/** A part that ends although nobody stopped it is started again. */
async function keepRunning(parts: Parts, start: () => Promise<Child>): Promise<{ reload(): Promise<void> }> {
  let wanted = true;
  let child = await start();
  const follow = () => {
    const watched = child;
    watched.status.then(async () => {
      if (!wanted || watched !== child) return;
      parts.options.log?.("PostgREST ended unexpectedly; starting it again");
      await sleep(500);
      child = await start().catch(() => watched);
      if (child !== watched) follow();
    });
  };
  follow();
  parts.stops.push(() => {
    wanted = false;
    return child.stop();
  });
  return {
    reload: async () => {
      const old = child;
      wanted = false;
      await old.stop();
      child = await start();
      wanted = true;
      follow();
    },
  };
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function startMail(parts: Parts): Promise<void> {
  const sink = await startMailSink({ httpPort: parts.ports.mail, smtpPort: parts.ports.smtp });
  parts.stops.push(() => sink.stop());
}

async function startStripe(parts: Parts): Promise<void> {
  if (realStripeKey()) return;
  const { startStripeSimulator } = await import("../stripe/server.ts");
  const simulator = await startStripeSimulator({
    port: parts.ports.stripe,
    stateFile: join(parts.folder, "stripe.json"),
  });
  parts.stops.push(() => simulator.stop());
}

async function makePrices(parts: Parts): Promise<void> {
  const problem = await ensureStripePrices(parts.env);
  if (problem) parts.notes.push(problem);
}

function startScheduler(parts: Parts): void {
  const scheduler = new Scheduler({
    databaseUrl: parts.env.DB_URL,
    functionsUrl: parts.env.FUNCTIONS_URL,
    secretKey: parts.keys.secret,
    stateDir: parts.folder,
  });
  parts.stops.push(() => scheduler.stop());
}

function watchFunctions(parts: Parts): void {
  const closing = new AbortController();
  parts.functions.watch(closing.signal);
  parts.stops.push(() => closing.abort());
}

/** Postgres recovers what was committed; ready means that the data API answers again. */
async function recover(parts: Parts): Promise<void> {
  await parts.postgres.start();
  const url = `${parts.env.REST_URL}/`;
  const answers = async () => {
    const response = await fetch(url, { method: "HEAD", headers: { apikey: parts.env.PUBLISHABLE_KEY } });
    return response.status !== 503;
  };
  // PostgREST waits longer after each failed attempt; one that still waits is started anew.
  for (let i = 0; i < 30; i++) {
    if (await answers()) return;
    await sleep(50);
  }
  await parts.rest?.reload();
}

async function stopParts(parts: Parts): Promise<void> {
  for (const stop of parts.stops.reverse()) {
    await Promise.resolve().then(stop).catch((error) =>
      parts.options.log?.(`while stopping: ${error.message}`)
    );
  }
  parts.stops.length = 0;
}

function handle(parts: Parts): Stack {
  return {
    env: parts.env,
    restEngine: parts.env.REST_ENGINE,
    timings: parts.timings,
    notes: parts.notes,
    stateDir: parts.folder,
    stop: () => stopParts(parts),
    killPostgres: () => parts.postgres.kill(),
    startPostgres: () => recover(parts),
    reloadSchema: async () => void await parts.rest?.reload(),
  };
}
