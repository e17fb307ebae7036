import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface Incoming {
  method: string;
  url: URL;
  header(name: string): string | null;
  body: string;
  /** Aborted when the caller hangs up or the simulator stops. */
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The connection is cut without a word. */
export const CUT = Symbol("cut");
export type Handler = (request: Incoming) => Promise<Answer | typeof CUT>;

const BODY_LIMIT = 1_000_000;

/**
 * A plain HTTP server. It is built on node:http because `Deno.serve` cannot drop a connection before the headers
 * of an answer, and that is what a broken network looks like to a caller.
 */
export class HttpServer {
  readonly #server: Server;
  readonly #stopping = new AbortController();

  constructor(handler: Handler) {
    this.#server = createServer((request, response) => {
      void this.#serve(handler, request, response);
    });
    this.#server.keepAliveTimeout = 30_000;
  }

  listen(hostname: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, hostname, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const answer = await handler(await readIncoming(request, gone.signal, this.#stopping.signal));
      if (answer === CUT) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    } catch (error) {
      if (gone.signal.aborted || this.#stopping.signal.aborted) return;
      console.error("stripe simulator:", error);
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
      response.end("The simulator failed. Its log says why.");
    }
  }
}

async function readIncoming(
  request: IncomingMessage,
  ...signals: AbortSignal[]
): Promise<Incoming> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Uint8Array).length;
    if (size > BODY_LIMIT) throw new Error("The request body is larger than 1 MB.");
    chunks.push(chunk as Uint8Array);
  }
  const host = request.headers.host ?? "localhost";
  return {
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", `http://${host}`),
    header: (name) => {
      const value = request.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(", ") : value ?? null;
    },
    body: new TextDecoder().decode(concat(chunks, size)),
    signal: AbortSignal.any(signals),
  };
}

function concat(chunks: Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** Resolves after the time or at once when nobody waits any more. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

export function html(body: string, status = 200): Answer {
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    body,
  };
}

export function redirect(location: string): Answer {
  return { status: 303, headers: { location, "cache-control": "no-store" }, body: "" };
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: `${JSON.stringify(value, null, 2)}\n`,
  };
}
