// Realtime's side of the database: who may read a topic, and what has been sent to it.
import postgres from "postgres";
import type { Claims } from "../stack/jwt.ts";

/** A message as `realtime.send` wrote it. */
export interface Sent {
  topic: string;
  event: string;
  payload: Record<string, unknown>;
  private: boolean;
}

export interface DatabaseListener {
  /** `arrivedAt` is when the database told of it, on the clock of `performance.now()`. */
  onMessage(message: Sent, arrivedAt: number): void;
  /** The connection was lost: messages may have been missed. */
  onLost(): void;
}

const CHANNEL = "realtime_messages";
const KEPT = "1 hour";
const PURGE_EVERY_MS = 10 * 60_000;
const RETRY_MS = 500;

export class RealtimeDatabase {
  #sql: postgres.Sql;
  #listening: postgres.Sql | null = null;
  #purge: ReturnType<typeof setInterval>;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** Messages are read one after the other, so that they are told in the order they were sent. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(private url: string, private listener: DatabaseListener) {
    this.#sql = postgres(url, { max: 2, idle_timeout: 10, onnotice: () => {}, connect_timeout: 5 });
    this.#purge = setInterval(() => this.#deleteOld(), PURGE_EVERY_MS);
    Deno.unrefTimer(this.#purge);
  }

  /** From now on messages are told. */
  async start(): Promise<void> {
    await this.#sql`truncate realtime.local_topics`;
    await this.#deleteOld();
    await this.#listen();
  }

  /** Whether these claims let their bearer read the topic: its policies decide, on a message that is taken back. */
  async mayRead(topic: string, claims: Claims): Promise<boolean> {
    const takeBack = new Error("take back");
    let may = false;
    await this.#sql.begin(async (tx) => {
      const [trial] = await tx`
        insert into realtime.messages (topic, extension) values (${topic}, 'broadcast') returning id`;
      await tx`select set_config('realtime.topic', ${topic}, true), set_config('role', ${
        String(claims.role)
      }, true),
        set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('request.jwt.claim.sub', ${String(claims.sub ?? "")}, true),
        set_config('request.jwt.claim.role', ${String(claims.role)}, true)`;
      may = (await tx`select from realtime.messages where id = ${trial!.id}`).length === 1;
      throw takeBack;
    }).catch((error) => {
      // A policy that fails, or a role without the privilege, is a no.
      if (error !== takeBack && !(error instanceof postgres.PostgresError)) throw error;
    });
    return may;
  }

  /** Messages to this topic are told from when this is done. */
  async open(topic: string): Promise<void> {
    await this.#sql`insert into realtime.local_topics values (${topic}) on conflict do nothing`;
  }

  async close(topic: string): Promise<void> {
    await this.#sql`delete from realtime.local_topics where topic = ${topic}`;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#purge);
    clearTimeout(this.#retry);
    await Promise.all([this.#sql.end({ timeout: 1 }), this.#listening?.end({ timeout: 1 })]);
  }

  async #listen(): Promise<void> {
    const sql = postgres(this.url, {
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: 5,
      onnotice: () => {},
      // The library's own way to listen does not tell when it is cut off.
      onnotify: (_channel: string, id: string) => this.#tellInTurn(id),
      onclose: () => this.#lost(sql),
    } as postgres.Options<Record<string, never>>);
    this.#listening = sql;
    await sql.unsafe(`listen ${CHANNEL}`).catch(async (error) => {
      await sql.end({ timeout: 0 });
      throw error;
    });
  }

  #lost(sql: postgres.Sql): void {
    if (this.#stopped || sql !== this.#listening) return;
    this.#listening = null;
    void sql.end({ timeout: 0 });
    this.listener.onLost();
    this.#listenLater();
  }

  #listenLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      if (this.#stopped) return;
      const failed = await this.#listen().then(() => false, () => true);
      if (failed && !this.#stopped) this.#listenLater();
    }, RETRY_MS);
  }

  #tellInTurn(id: string): void {
    const arrivedAt = performance.now();
    this.#reading = this.#reading.then(() => this.#tell(id, arrivedAt));
  }

  async #tell(id: string, arrivedAt: number): Promise<void> {
    const [message] = await this.#sql<Sent[]>`
      select topic, event, payload, private from realtime.messages where id = ${id}`.catch(() => []);
    if (message) this.listener.onMessage(message, arrivedAt);
  }

  async #deleteOld(): Promise<void> {
    await this.#sql`delete from realtime.messages where inserted_at < now() - ${KEPT}::interval`.catch(
      () => {},
    );
  }
}
