// One client's socket: it joins and leaves topics, keeps its token fresh and proves it is alive.
import { type Claims, verifyJwt } from "../stack/jwt.ts";
import type { Sent } from "./database.ts";
import { decode, encode, type Message, type Version } from "./protocol.ts";
import type { Member } from "./topics.ts";

export interface Hub {
  jwtSecret: string;
  mayRead(topic: string, claims: Claims): Promise<boolean>;
  add(topic: string, member: Member): Promise<void>;
  remove(topic: string, member: Member): void;
}

interface Membership extends Member {
  joinRef: string | null;
  /** Set when the token runs out. */
  expiry?: ReturnType<typeof setTimeout> | undefined;
}

const PREFIX = "realtime:";
const ROLES = ["anon", "authenticated", "service_role"];
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class ClientSocket {
  #memberships = new Map<string, Membership>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private socket: WebSocket,
    private version: Version,
    private hub: Hub,
    /** The role of the key the socket was opened with, for clients without a token. */
    private keyRole: string,
  ) {
    socket.onmessage = ({ data }) => {
      const message = decode(data);
      // One after the other: a leave must not overtake the join before it.
      if (message) this.#turn = this.#turn.then(() => this.#take(message)).catch(() => {});
    };
    socket.onclose = socket.onerror = () => this.#leaveAll();
  }

  close(): void {
    this.#leaveAll();
    this.socket.close();
  }

  async #take(message: Message): Promise<void> {
    const { topic, event } = message;
    if (topic === "phoenix" && event === "heartbeat") return this.#reply(message, "ok");
    if (!topic.startsWith(PREFIX)) return this.#reply(message, "error", { reason: "unmatched topic" });
    if (event === "phx_join") return await this.#join(message);
    if (event === "access_token") return await this.#renew(message);
    if (event !== "phx_leave") return;
    this.#leave(topic);
    this.#reply(message, "ok");
    this.#push(message.joinRef, topic, "phx_close", {});
  }

  async #join(message: Message): Promise<void> {
    const { topic, joinRef, payload } = message;
    this.#leave(topic);
    const config = payload.config as { private?: boolean } | undefined;
    const membership = this.#membership(topic, joinRef, config?.private === true);
    const claims = this.#claims(payload.access_token);
    const refusal = typeof claims === "string" ? claims : await this.#admit(topic, membership, claims);
    if (refusal) return this.#reply(message, "error", { reason: refusal });
    this.#reply(message, "ok", { postgres_changes: [] });
  }

  /** Null when they are in, else why not. */
  async #admit(topic: string, membership: Membership, claims: Claims): Promise<string | null> {
    const name = topic.slice(PREFIX.length);
    try {
      if (membership.private && !await this.hub.mayRead(name, claims)) {
        return `Unauthorized: You do not have permissions to read from this Channel topic: ${name}`;
      }
      // The client may have gone meanwhile.
      if (this.socket.readyState !== WebSocket.OPEN) return "closed";
      this.#memberships.set(topic, membership);
      this.#expireWith(topic, membership, claims);
      await this.hub.add(name, membership);
      return null;
    } catch {
      this.#leave(topic);
      return "DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect";
    }
  }

  #membership(topic: string, joinRef: string | null, isPrivate: boolean): Membership {
    return {
      joinRef,
      private: isPrivate,
      deliver: ({ event, payload }: Sent) =>
        this.#push(null, topic, "broadcast", { type: "broadcast", event, payload, meta: { id: payload.id } }),
      fail: () => {
        this.#leave(topic);
        this.#push(joinRef, topic, "phx_error", {});
      },
    };
  }

  /** A fresh token for a topic: checked like the first one, and its time counts from now on. */
  async #renew({ topic, payload }: Message): Promise<void> {
    const membership = this.#memberships.get(topic);
    // Publishable and secret keys are no tokens: they change nothing.
    if (!membership || String(payload.access_token).startsWith("sb_")) return;
    const claims = this.#claims(payload.access_token);
    if (typeof claims === "string") return this.#expel(topic, claims);
    const name = topic.slice(PREFIX.length);
    if (membership.private && !await this.hub.mayRead(name, claims)) {
      return this.#expel(
        topic,
        `Unauthorized: You do not have permissions to read from this Channel topic: ${name}`,
      );
    }
    this.#expireWith(topic, membership, claims);
  }

  /** What the token says, or why it says nothing. */
  #claims(token: unknown): Claims | string {
    if (typeof token !== "string" || token.startsWith("sb_")) return { role: this.keyRole };
    const claims = verifyJwt(token, this.hub.jwtSecret);
    if (!claims) return "InvalidJWTToken: The token provided is not a valid JWT or has expired";
    return ROLES.includes(String(claims.role))
      ? claims
      : "InvalidJWTToken: Fields `role` and `exp` are required";
  }

  #expireWith(topic: string, membership: Membership, { exp }: Claims): void {
    clearTimeout(membership.expiry);
    if (typeof exp !== "number") return;
    const left = Math.min(Math.max(0, exp * 1000 - Date.now()), LONGEST_TIMER_MS);
    membership.expiry = setTimeout(() => this.#expel(topic, "Token has expired"), left);
    Deno.unrefTimer(membership.expiry);
  }

  #expel(topic: string, why: string): void {
    const joinRef = this.#memberships.get(topic)?.joinRef ?? null;
    this.#leave(topic);
    const channel = topic.slice(PREFIX.length);
    this.#push(null, topic, "system", { status: "error", extension: "system", message: why, channel });
    this.#push(joinRef, topic, "phx_close", {});
  }

  #leave(topic: string): void {
    const membership = this.#memberships.get(topic);
    if (!membership) return;
    clearTimeout(membership.expiry);
    this.#memberships.delete(topic);
    this.hub.remove(topic.slice(PREFIX.length), membership);
  }

  #leaveAll(): void {
    for (const topic of [...this.#memberships.keys()]) this.#leave(topic);
  }

  #reply({ joinRef, ref, topic }: Message, status: "ok" | "error", response = {}): void {
    this.#send({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }

  #push(joinRef: string | null, topic: string, event: string, payload: Record<string, unknown>): void {
    this.#send({ joinRef, ref: null, topic, event, payload });
  }

  #send(message: Message): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encode(message, this.version));
  }
}
