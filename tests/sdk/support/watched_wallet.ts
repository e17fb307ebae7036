// A wallet on a scripted server, with Realtime or without, and a client that shows it.
import { createTalktime, type Talktime, type WatchOptions } from "../../../client-sdk/src/index.ts";
import { ManualClock } from "./manual_clock.ts";
import { ScriptedRealtime } from "./scripted_realtime.ts";
import { json, offline, scriptedClient, type ScriptedRequest } from "./scripted_server.ts";

export class WatchedWallet {
  readonly clock = new ManualClock();
  readonly realtime = new ScriptedRealtime();
  readonly talktime: Talktime;
  readonly client;
  userId = "user-1";
  micros = 100;
  held = 0;
  isDown = false;
  /** Names of the requests, in order. */
  readonly asked: string[] = [];
  /** Answers a request in another way than below; `undefined` leaves it to that. */
  answer: (name: string) => Promise<Response> | Response | undefined = () => undefined;
  readonly seen: number[] = [];

  constructor(options: { realtime: boolean; signedIn?: boolean }) {
    this.realtime.isUp = options.realtime;
    this.client = scriptedClient((request) => this.#answer(request), {
      realtime: this.realtime,
      ...(options.signedIn ?? true ? { userId: this.userId } : {}),
    });
    this.talktime = createTalktime(this.client, { clock: this.clock });
  }

  get balanceQuestions(): number {
    return this.asked.filter((name) => name === "get_balance").length;
  }

  watch(options?: WatchOptions) {
    return this.talktime.balance.watch(({ availableMicros }) => this.seen.push(availableMicros), options);
  }

  /** What the server would say of the change to the channel. */
  push(): void {
    const facts = { balance_micros: this.micros + this.held, held_micros: this.held, status: "active" };
    this.realtime.push(this.userId, facts);
  }

  balance(): Record<string, unknown> {
    return {
      user_id: this.userId,
      balance_micros: this.micros + this.held,
      held_micros: this.held,
      available_micros: this.micros,
      status: "active",
      as_of: new Date(this.clock.now()).toISOString(),
    };
  }

  call(status: string): Record<string, unknown> {
    const { balance_micros, available_micros } = this.balance();
    const serverTime = new Date(this.clock.now()).toISOString();
    return {
      ...{ call_id: "call-1", user_id: this.userId, status, warnings: [], heartbeat_seconds: 3_600 },
      ...{ seconds_left: 9_000, elapsed_seconds: 0, authorized_seconds: 9_000, authorized_until: null },
      ...{ answered_at: null, server_time: serverTime, balance_micros, available_micros },
    };
  }

  #answer({ target }: ScriptedRequest): Response | Promise<Response> {
    const name = target.replace("rpc/", "").replace("functions/", "");
    this.asked.push(name);
    const other = this.answer(name);
    if (other) return other;
    if (this.isDown) return offline();
    if (name === "get_balance") return json(this.balance());
    if (name === "verify-checkout") {
      return json({ purchase: { is_final: true }, balance: this.balance(), credited: true });
    }
    if (name === "end_call") return json(this.call("ended"));
    if (name.endsWith("_call")) return json(this.call("authorized"));
    return json({});
  }
}
