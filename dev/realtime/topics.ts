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
  #members = new Map<string, Set<Member>>();
  /** Opening and closing a topic in the order it was asked for. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private database: () => RealtimeDatabase) {}

  /** Done when messages reach the member. */
  async add(topic: string, member: Member): Promise<void> {
    const members = this.#members.get(topic);
    if (members) members.add(member);
    else this.#members.set(topic, new Set([member]));
    await this.#sync(topic);
  }

  remove(topic: string, member: Member): void {
    const members = this.#members.get(topic);
    if (!members?.delete(member) || members.size > 0) return;
    this.#members.delete(topic);
    void this.#sync(topic).catch(() => {});
  }

  deliver(message: Sent): void {
    for (const member of this.#members.get(message.topic) ?? []) {
      if (member.private === message.private) member.deliver(message);
    }
  }

  failAll(): void {
    const members = [...this.#members.values()].flatMap((set) => [...set]);
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
