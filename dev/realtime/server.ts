// Realtime for the local stack: Broadcast from the database on private and public channels, authorized by the policies on
// realtime.messages. No presence, no Postgres changes, and no broadcasts by clients.
import type { ApiRole } from "../stack/api_keys.ts";
import { RealtimeDatabase } from "./database.ts";
import { versionOf } from "./protocol.ts";
import { ClientSocket, type Hub } from "./socket.ts";
import { Topics } from "./topics.ts";

export interface RealtimeOptions {
  /** As superuser: it tries policies in other roles' names. */
  databaseUrl: string;
  jwtSecret: string;
}

export interface Realtime {
  /** Answers a request for a WebSocket, already admitted by its key. */
  connect(request: Request, url: URL, keyRole: ApiRole): Response;
  stop(): Promise<void>;
}

/** A socket that has not answered the server's own pings for so long is gone. */
const IDLE_SECONDS = 60;

export async function startRealtime(options: RealtimeOptions): Promise<Realtime> {
  const sockets = new Set<ClientSocket>();
  const topics: Topics = new Topics(() => database);
  const database = new RealtimeDatabase(options.databaseUrl, {
    onMessage: (message, arrivedAt) => topics.deliver(message, arrivedAt),
    onLost: () => topics.failAll(),
  });
  const hub: Hub = {
    jwtSecret: options.jwtSecret,
    mayRead: (topic, claims) => database.mayRead(topic, claims),
    add: (topic, member) => topics.add(topic, member),
    remove: (topic, member) => topics.remove(topic, member),
  };
  await database.start();
  return {
    connect: (request, url, keyRole) => {
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
        return new Response("Upgrade Required", { status: 426, headers: { upgrade: "websocket" } });
      }
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
      const client = new ClientSocket(socket, versionOf(url), hub, keyRole);
      sockets.add(client);
      socket.addEventListener("close", () => sockets.delete(client));
      return response;
    },
    stop: async () => {
      for (const client of sockets) client.close();
      await database.stop();
    },
  };
}
