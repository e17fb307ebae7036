// Runs one half of @supabase/lite (Auth, or the data API where PostgREST has no build) in a thread of its own,
// so that hashing passwords never delays the gateway.
/// <reference lib="deno.worker" />
import { App, type EmailDriver } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { createTransport } from "nodemailer";
import postgres from "postgres";
import { adminUsers } from "./auth_admin.ts";
import { withKeyId } from "./auth_tokens.ts";
import { readAuthConfig } from "./config.ts";
import type { LiteOptions } from "./lite.ts";

type Handler = (request: Request) => Promise<Response>;

// lite hands a jsonb argument over as text already; encoded once more it would arrive as a JSON string.
const jsonb = {
  to: 3802,
  from: [3802],
  serialize: (value: unknown) =>
    typeof value === "string" && /^\s*[[{]/.test(value) ? value : JSON.stringify(value),
  parse: (text: string) => JSON.parse(text),
};

function connect(url: string) {
  const postgresOptions = { max: 10, onnotice: () => {}, types: { jsonb } };
  const connection = createPostgresConnection({ url, postgresOptions });
  // At its first request lite would grant ALL on every table to the API roles. Told that this is done already, it only
  // switches roles; the privileges stay what the migrations set. Its own role could not grant them anyway.
  (connection as unknown as { rlsState: string }).rlsState = "active";
  return connection;
}

/** Links in mails lead to Auth, which lite takes to be at the site's own address; here it is behind the gateway. */
function mailer({ smtpPort, apiUrl }: LiteOptions, siteUrl: string): EmailDriver {
  const transport = createTransport({ host: "127.0.0.1", port: smtpPort, secure: false, ignoreTLS: true });
  const relink = (text?: string) => text?.replaceAll(`${siteUrl}/auth/v1/`, `${apiUrl}/auth/v1/`);
  return {
    send: async ({ to, subject, html, text }) => {
      const from = "Talktime <auth@talktime.local>";
      await transport.sendMail({ from, to, subject, html: relink(html), text: relink(text) });
    },
  };
}

async function authHandler(options: LiteOptions): Promise<Handler> {
  const config = await readAuthConfig();
  const app = new App({
    connection: connect(options.databaseUrl),
    api: { enabled: false },
    auth: { ...config, jwt_secret: options.keys.jwtSecret },
    options: { drivers: { email: mailer(options, config.site_url) } },
  });
  await app.init();
  const admin = adminUsers(
    postgres(options.databaseUrl, { max: 2, onnotice: () => {} }),
    options.keys.jwtSecret,
  );
  return async (request) =>
    await admin(request) ?? await withKeyId(await app.fetch(request, { peerAddress: null }), options.keys);
}

async function restHandler(options: LiteOptions): Promise<Handler> {
  const app = new App({
    connection: connect(options.databaseUrl),
    api: { schemas: ["public"], extra_search_path: ["public", "extensions"], max_rows: 1000 },
    auth: { jwt_secret: options.keys.jwtSecret },
  });
  await app.init();
  return (request) => app.fetch(request, { peerAddress: null });
}

/** lite tells the console about each refused request; that belongs in a file. */
function logTo(path: string): void {
  const file = Deno.openSync(path, { append: true, create: true });
  const write = (...parts: unknown[]) => {
    const text = parts.map((part) => typeof part === "string" ? part : Deno.inspect(part)).join(" ");
    file.writeSync(new TextEncoder().encode(`${new Date().toISOString()} ${text}\n`));
  };
  for (const level of ["log", "info", "warn", "error", "debug"] as const) console[level] = write;
}

self.onmessage = async (event: MessageEvent<LiteOptions>) => {
  const options = event.data;
  logTo(options.logFile);
  const handle = options.part === "auth" ? await authHandler(options) : await restHandler(options);
  const guarded: Handler = (request) =>
    handle(request).catch((error) => {
      console.error(error);
      return Response.json({ code: "unavailable", message: "The database is not reachable." }, {
        status: 503,
      });
    });
  Deno.serve(
    { hostname: "127.0.0.1", port: options.port, onListen: () => self.postMessage("ready") },
    guarded,
  );
};
