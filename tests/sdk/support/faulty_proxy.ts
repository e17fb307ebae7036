// A network that a test can cut: an HTTP proxy in front of the gateway, real connections on both sides.
import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of a request: passed on, lost before it arrives, or done with its answer lost. */
export type Fault = "pass" | "drop_request" | "drop_answer";

export interface FaultyProxy {
  url: string;
  /** Decides for each request, by the end of its path (`extend_call`, `verify-checkout`, …). */
  decide: (target: string) => Fault;
  /** What was asked for, and what became of it. */
  readonly log: string[];
  stop(): Promise<void>;
}

export async function startFaultyProxy(upstream: string): Promise<FaultyProxy> {
  const proxy: FaultyProxy = { url: "", decide: () => "pass", log: [], stop };
  const server = createServer(async (request, response) => {
    const target = new URL(request.url!, upstream).pathname.split("/").at(-1)!;
    const fault = proxy.decide(target);
    proxy.log.push(`${target} ${fault}`);
    const body = await read(request);
    if (fault === "drop_request") return request.socket.destroy();
    const answer = await fetch(upstream + request.url, {
      method: request.method!,
      headers: forwarded(request),
      body: body.byteLength > 0 ? body : null,
    });
    const content = new Uint8Array(await answer.arrayBuffer());
    if (fault === "drop_answer") return request.socket.destroy();
    const contentType = answer.headers.get("content-type") ?? "text/plain";
    // A connection of its own for each request: a reused one that breaks is tried again by fetch itself.
    response.writeHead(answer.status, { "content-type": contentType, connection: "close" });
    response.end(content);
  });
  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

async function read(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of request) chunks.push(new Uint8Array(chunk as Buffer));
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function forwarded(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const name of ["apikey", "authorization", "content-type", "content-profile", "accept", "prefer"]) {
    const value = request.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}
