// The one address an app knows: keys are checked here, and requests go on to the part that answers them.
import type { Realtime } from "../realtime/server.ts";
import { type ApiKeys, type Passed } from "./api_keys.ts";
import { allowOrigin, preflight } from "./cors.ts";
import type { Functions } from "./functions.ts";
import { verifyJwt } from "./jwt.ts";

export interface GatewayOptions {
  port: number;
  restUrl: string;
  authUrl: string;
  apiKeys: ApiKeys;
  functions: Functions;
  /** Absent in a stack without Realtime. */
  realtime?: Realtime | undefined;
  jwtSecret: string;
}

/** Hosted functions are cut off after this long without an answer. */
const FUNCTION_TIMEOUT_MS = 150_000;

/** Bodies up to this size are read first: sent whole, they survive a connection the upstream just closed. */
const BUFFERED_BYTES = 1 << 20;

/** Auth's pages for people who click a link in a mail: no key can be sent from there. */
const OPEN_AUTH_PATHS = /^\/auth\/v1\/(verify|callback|authorize|health|\.well-known\/.*)$/;

const HOP_HEADERS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host"];

type Handler = (request: Request, url: URL) => Promise<Response>;

export function startGateway(options: GatewayOptions): Deno.HttpServer {
  const handle = routes(options);
  return Deno.serve({ hostname: "127.0.0.1", port: options.port, onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    try {
      return await handle(request, url);
    } catch (error) {
      return unavailable(url.pathname, error);
    }
  });
}

function routes(options: GatewayOptions): Handler {
  return async (request, url) => {
    if (/^\/functions\/v1(\/|$)/.test(url.pathname)) return await toFunction(options, request, url);
    if (request.method === "OPTIONS") return preflight(request);
    if (options.realtime && url.pathname === "/realtime/v1/websocket") {
      return toRealtime(options.apiKeys, options.realtime, request, url);
    }
    const response = await toApi(options, request, url);
    const headers = new Headers(response.headers);
    allowOrigin(headers);
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  };
}

async function toApi(options: GatewayOptions, request: Request, url: URL): Promise<Response> {
  const isRest = /^\/rest\/v1(\/|$)/.test(url.pathname);
  if (!isRest && !/^\/auth\/v1\//.test(url.pathname)) {
    return Response.json({ message: "no Route matched with those values" }, { status: 404 });
  }
  const open = !isRest && OPEN_AUTH_PATHS.test(url.pathname);
  const passed = open ? null : options.apiKeys.check(request, url);
  if (passed instanceof Response) return passed;
  return isRest ? await toRest(options, request, url, passed!) : await toAuth(options, request, url, passed);
}

async function toRest(
  options: GatewayOptions,
  request: Request,
  url: URL,
  passed: Passed,
): Promise<Response> {
  const query = new URLSearchParams(url.search);
  query.delete("apikey");
  const search = url.searchParams.has("apikey") ? (query.size ? `?${query}` : "") : url.search;
  const path = url.pathname.slice("/rest/v1".length) || "/";
  return await forward(request, `${options.restUrl}${path}${search}`, {
    authorization: passed.authorization,
    apikey: null,
  });
}

function toRealtime(keys: ApiKeys, realtime: Realtime, request: Request, url: URL): Response {
  const passed = keys.check(request, url);
  return passed instanceof Response ? passed : realtime.connect(request, url, passed.role);
}

async function toAuth(options: GatewayOptions, request: Request, url: URL, passed: Passed | null) {
  return await forward(request, `${options.authUrl}${url.pathname}${url.search}`, {
    ...(passed ? { authorization: passed.authorization } : {}),
    apikey: null,
  });
}

async function toFunction(options: GatewayOptions, request: Request, url: URL): Promise<Response> {
  const [, name = "", rest = ""] = /^\/functions\/v1\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
  const known = options.functions.find(name);
  if (!known) {
    return Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, { status: 404 });
  }
  if (known.verifyJwt && request.method !== "OPTIONS") {
    const token = request.headers.get("authorization")?.replace(/^Bearer\s+/i, "");
    if (!token) return unauthorized("UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header");
    if (!verifyJwt(token, options.jwtSecret)) {
      return unauthorized("UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT");
    }
  }
  const target = `${await options.functions.url(name)}/${name}${rest}${url.search}`;
  const timeout = AbortSignal.timeout(FUNCTION_TIMEOUT_MS);
  try {
    return await forward(request, target, {}, timeout);
  } catch (error) {
    if (!timeout.aborted) throw error;
    return Response.json({ code: "IDLE_TIMEOUT", message: "Request idle timeout limit reached" }, {
      status: 504,
    });
  }
}

const unauthorized = (code: string, message: string) => Response.json({ code, message }, { status: 401 });

async function forward(
  request: Request,
  target: string,
  change: Record<string, string | null>,
  timeout?: AbortSignal,
): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  headers.set("accept-encoding", "identity");
  headers.set("x-forwarded-host", new URL(request.url).host);
  headers.set("x-forwarded-proto", "http");
  for (const [name, value] of Object.entries(change)) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  const body = await bodyOf(request);
  const options = {
    method: request.method,
    headers,
    body,
    redirect: "manual",
    signal: timeout ?? null,
  } as const;
  const answer = await fetch(target, options);
  const answered = new Headers(answer.headers);
  for (const name of HOP_HEADERS) answered.delete(name);
  return new Response(answer.body, {
    status: answer.status,
    statusText: answer.statusText,
    headers: answered,
  });
}

async function bodyOf(request: Request): Promise<BodyInit | null> {
  if (!request.body) return null;
  const length = Number(request.headers.get("content-length") ?? Infinity);
  return length <= BUFFERED_BYTES ? new Uint8Array(await request.arrayBuffer()) : request.body;
}

function unavailable(path: string, error: unknown): Response {
  const part = path.split("/")[1];
  const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
  const body = {
    code: "unavailable",
    message: `The ${part} service is not reachable right now.`,
    hint: reason,
  };
  const headers = new Headers({ "retry-after": "1" });
  allowOrigin(headers);
  return Response.json(body, { status: 503, headers });
}
