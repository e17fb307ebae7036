// The Realtime side of a scripted server: sockets in memory that the real realtime-js speaks through, in its own format.
import type { WebSocketLikeConstructor } from "@supabase/supabase-js";

type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown];

interface Client {
  /** The references its channels were joined under, by topic. */
  joined: Map<string, string | null>;
  receive(frame: Frame): void;
  drop(): void;
}

export class ScriptedRealtime {
  /** Whether a socket can be opened, and whether a channel can be joined. */
  isUp = true;
  admits = true;
  /** Sockets that somebody tried to open, and topics that somebody tried to join. */
  readonly opened: string[] = [];
  readonly joins: string[] = [];
  readonly #clients = new Set<Client>();

  /** Who is in a channel now. */
  get members(): string[] {
    return [...this.#clients].flatMap(({ joined }) => [...joined.keys()]);
  }

  /** Says it to everyone in the wallet's channel. */
  push(userId: string, payload: Record<string, unknown>): void {
    const topic = `realtime:wallet:${userId}`;
    const message = { type: "broadcast", event: "wallet_changed", payload };
    for (const client of this.#clients) {
      if (client.joined.has(topic)) client.receive([null, null, topic, "broadcast", message]);
    }
  }

  /** Every connection breaks. */
  drop(): void {
    for (const client of [...this.#clients]) client.drop();
  }

  /** Closes the channels and leaves the sockets open, as when a token has run out. */
  closeChannels(): void {
    for (const { joined, receive } of this.#clients) {
      for (const [topic, joinRef] of joined) receive([joinRef, null, topic, "phx_close", {}]);
      joined.clear();
    }
  }

  /** What realtime-js opens its sockets with. */
  readonly transport: WebSocketLikeConstructor = (() => {
    // deno-lint-ignore no-this-alias
    const server = this;
    return class extends ScriptedSocket {
      constructor(address: string | URL) {
        super(String(address), server);
      }
    } as unknown as WebSocketLikeConstructor;
  })();

  /** @internal */
  connect(url: string, client: Client): boolean {
    this.opened.push(url);
    if (this.isUp) this.#clients.add(client);
    return this.isUp;
  }

  /** @internal */
  disconnect(client: Client): void {
    this.#clients.delete(client);
  }

  /** @internal */
  take(client: Client, [joinRef, ref, topic, event]: Frame): void {
    const reply = (status: string, response: unknown = {}) =>
      client.receive([joinRef, ref, topic, "phx_reply", { status, response }]);
    if (event === "phx_join") {
      this.joins.push(topic);
      if (!this.admits) return reply("error", { reason: "Unauthorized" });
      client.joined.set(topic, joinRef);
      return reply("ok", { postgres_changes: [] });
    }
    if (event === "phx_leave") client.joined.delete(topic);
    if (event !== "access_token") reply("ok");
  }
}

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

class ScriptedSocket implements Client {
  readonly joined = new Map<string, string | null>();
  readyState = CONNECTING;
  binaryType = "";
  onopen: (() => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;

  constructor(readonly url: string, private readonly server: ScriptedRealtime) {
    queueMicrotask(() => {
      if (!server.connect(url, this)) return this.#fail();
      this.readyState = OPEN;
      this.onopen?.();
    });
  }

  send(data: string): void {
    this.server.take(this, JSON.parse(data));
  }

  receive = (frame: Frame): void => {
    queueMicrotask(() => this.readyState === OPEN && this.onmessage?.({ data: JSON.stringify(frame) }));
  };

  drop(): void {
    this.server.disconnect(this);
    this.#fail();
  }

  close(code = 1000): void {
    if (this.readyState >= CLOSING!) return;
    this.server.disconnect(this);
    this.readyState = CLOSING;
    // The other side has to agree, which takes a moment.
    setTimeout(() => {
      this.readyState = CLOSED;
      this.onclose?.({ code, wasClean: true });
    }, 20);
  }

  #fail(): void {
    this.readyState = CLOSED;
    this.onerror?.(new Error("the connection broke"));
    this.onclose?.({ code: 1006, wasClean: false });
  }
}
