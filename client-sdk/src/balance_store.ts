import type { Balance } from "./balance.ts";
import { type Clock, isPageHidden, onPageVisible } from "./clock.ts";
import { tellAll } from "./emitter.ts";
import { type Result, success } from "./result.ts";
import type { Transport } from "./transport.ts";
import type { WalletLive } from "./wallet_live.ts";

/** Whoever is told of each answer. */
export interface Watcher {
  readonly intervalMs: number;
  readonly told: (result: Result<Balance>) => void;
}

/** Pushes and own actions that come thick and fast are answered with one question. */
const SHORTEST_WAIT_MS = 1_000;
/** How often to ask while the server pushes changes: in case one was lost. */
const SAFETY_INTERVAL_MS = 60_000;
const LONGEST_BACKOFF = 8;

type Facts = { [Key in keyof Balance]?: Balance[Key] | undefined };

/**
 * The one balance of a client. All watchers share its questions, and it asks only when something may have changed: by
 * its own timer, by a push, or because an answer to something else says so. It is for showing, not for deciding:
 * whether a call may go on is the server's business.
 */
export class BalanceStore {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  #live: WalletLive | undefined;
  #known: Balance | undefined;
  /** The newest question, while it is on its way. */
  #request: Promise<Result<Balance>> | undefined;
  #asked = 0;
  #answered = 0;
  /** Heard while a question was on its way, which may have been answered before. */
  #hint: Facts | undefined;
  /** When the known balance was last found to be true. */
  #freshAt = -Infinity;
  #failures = 0;
  #timer: unknown;
  #forgetPage = () => {};

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#clock = transport.clock;
    transport.onAnswer = (answer) => this.#learn(answer);
  }

  /** The balance now; questions at the same time are one, unless a `fresh` one is wanted. */
  get(signal: AbortSignal | undefined, fresh?: boolean): Promise<Result<Balance>> {
    const shared = () => (fresh || this.#hint ? undefined : this.#request) ?? this.#ask();
    return this.#transport.request(shared, signal);
  }

  add(watcher: Watcher): void {
    if (this.#watchers.add(watcher).size === 1) {
      this.#forgetPage = onPageVisible(() => void this.#ask());
      void this.#goLive();
      return this.#plan(0);
    }
    // Not within the call that began the watch: its result may be used in the callback.
    queueMicrotask(() => this.#tell([watcher]));
    if (this.#known) this.#plan();
  }

  remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.#clock.clearTimeout(this.#timer);
    this.#forgetPage();
    this.#live?.stop();
  }

  async #goLive(): Promise<void> {
    try {
      const { WalletLive } = await import("./wallet_live.ts");
      this.#live ??= new WalletLive(this.#transport.supabase, this.#clock, {
        changed: (facts) => this.#hear(facts),
        signedIn: (userId, isFirst) => this.#meet(userId, isFirst),
      });
      if (this.#watchers.size === 0) return;
      this.#live.start();
      if (this.#known) this.#live.follow(this.#known.userId);
    } catch {
      // A page that cannot load it goes on asking.
    }
  }

  /** One person's balance must not be shown to the next. */
  #meet(userId: string | undefined, isFirst: boolean): void {
    // With a secret key nobody is signed in, and the wallet is always the same.
    if (this.#transport.userId) return;
    if (this.#known?.userId !== userId) this.#known = undefined;
    if (isFirst) return this.#tell();
    this.#overtake();
    this.#plan(0);
  }

  /** What is being asked is known already, or need not be known any more. */
  #overtake(): void {
    this.#answered = this.#asked;
    this.#request = undefined;
  }

  async #ask(): Promise<Result<Balance>> {
    this.#clock.clearTimeout(this.#timer);
    this.#hint = undefined;
    const number = ++this.#asked;
    const result = await (this.#request = this.#transport.rpc<Balance>("get_balance", {}));
    // A newer question has been answered meanwhile, or what this one was about is no more.
    if (number <= this.#answered) return result;
    this.#answered = number;
    if (number === this.#asked) this.#request = undefined;
    this.#failures = result.error ? this.#failures + 1 : 0;
    this.#freshAt = this.#clock.now();
    if (result.data) this.#keep(result.data);
    else this.#tell(this.#watchers, result);
    if (this.#hint) this.#hear(this.#hint);
    else this.#plan();
    return result;
  }

  #keep(balance: Balance): void {
    if (this.#watchers.size === 0) return;
    this.#known = balance;
    this.#tell();
    this.#live?.follow(balance.userId);
  }

  #tell(watchers: Iterable<Watcher> = this.#watchers, result = this.#known && success(this.#known)): void {
    if (result) tellAll([...watchers].map(({ told }) => told), result);
  }

  /** What the answers to the app's own actions say about the wallet. */
  #learn(answer: { balance?: Balance; serverTime?: string } & Partial<Balance>): void {
    const { balance, serverTime, balanceMicros, availableMicros } = answer;
    if (balance && balance.asOf >= (this.#known?.asOf ?? "")) {
      this.#overtake();
      this.#keep(balance);
      this.#hear({});
    } else if (serverTime) {
      this.#hear({ balanceMicros, availableMicros });
    }
  }

  /** Asks soon if the known balance disagrees with these facts, which need not say everything. */
  #hear(facts: Facts = { asOf: undefined }): void {
    if (this.#request) return void (this.#hint = facts);
    const now = this.#clock.now();
    const isTrue = (Object.keys(facts) as (keyof Balance)[]).every((key) =>
      facts[key] === this.#known?.[key]
    );
    if (!isTrue) return this.#plan(this.#freshAt + SHORTEST_WAIT_MS - now);
    this.#freshAt = now;
    this.#plan();
  }

  #plan(wait = this.#freshAt + this.#interval() - this.#clock.now()): void {
    this.#clock.clearTimeout(this.#timer);
    // A hidden page asks again when it is seen.
    if (this.#watchers.size === 0 || this.#request || isPageHidden()) return;
    this.#timer = this.#clock.setTimeout(() => void this.#ask(), Math.max(0, wait));
  }

  #interval(): number {
    const own = Math.max(100, Math.min(...[...this.#watchers].map(({ intervalMs }) => intervalMs)));
    if (this.#live?.isLive && this.#failures === 0) return Math.max(own, SAFETY_INTERVAL_MS);
    return own * Math.min(2 ** this.#failures, LONGEST_BACKOFF);
  }
}
