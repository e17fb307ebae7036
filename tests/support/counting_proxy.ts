// Counts what reaches the server: passes bytes on as they are, sockets too, and notes each request's line.
import type { Buffer } from "node:buffer";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  url: string;
  /** Every request so far, such as `GET /rest/v1/rpc/list_packages`. */
  readonly requests: string[];
  count(request: string): number;
  stop(): Promise<void>;
}

const REQUEST_LINE = /^([A-Z]+) (\/[^ ?]*)[^ ]* HTTP\/1\.1\r\n/gm;

export async function startCountingProxy(upstream: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(upstream);
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const target = connect(Number(port), hostname);
    keep(client);
    keep(target);
    client.on("data", (chunk: Buffer) => {
      for (const [, method, path] of chunk.toString("latin1").matchAll(REQUEST_LINE)) {
        requests.push(`${method} ${path}`);
      }
    });
    client.pipe(target).pipe(client);
    client.on("close", () => target.destroy());
    target.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    count: (request) => requests.filter((line) => line === request).length,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
