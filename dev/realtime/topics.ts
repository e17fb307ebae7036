// Who is in which topic, and how a message reaches them.
import type { RealtimeDatabase, Sent } from "./database.ts";

/** One membership of one socket. */
export interface Member {
  private: boolean;
  deliver(message: Sent): void;
  /** The server can no longer tell whether messages were missed: the client has to join again. */
  fail(): void;
}

export class Topics {
  /** Each member with when it came, on the clock of `performance.now()`. */
  #members = new Map<string, Map<Member, number>>();
  /** Opening and closing a topic in the order it was asked for. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private database: () => RealtimeDatabase) {}

  /** Done when messages reach the member. */
  async add(topic: string, member: Member): Promise<void> {
    const members = this.#members.get(topic);
    if (members) members.set(member, performance.now());
    else this.#members.set(topic, new Map([[member, performance.now()]]));
    await this.#sync(topic);
  }

  remove(topic: string, member: Member): void {
    const members = this.#members.get(topic);
    if (!members?.delete(member) || members.size > 0) return;
    this.#members.delete(topic);
    void this.#sync(topic).catch(() => {});
  }

  /** What arrived before a member came is not for them, however late it is read. */
  deliver(message: Sent, arrivedAt: number): void {
    for (const [member, since] of this.#members.get(message.topic) ?? []) {
      if (member.private === message.private && since <= arrivedAt) member.deliver(message);
    }
  }

  failAll(): void {
    const members = [...this.#members.values()].flatMap((members) => [...members.keys()]);
    this.#members.clear();
    for (const member of members) member.fail();
  }

  #sync(topic: string): Promise<void> {
    const done = this.#turn.then(() =>
      this.#members.has(topic) ? this.database().open(topic) : this.database().close(topic)
    );
    this.#turn = done.catch(() => {});
    return done;
  }
}
