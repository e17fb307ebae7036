import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import type { Balance } from "./balance.ts";
import type { Clock } from "./clock.ts";

/** What a push says about the wallet. */
export type WalletFacts = Pick<Balance, "balanceMicros" | "heldMicros" | "status">;

export interface WalletListener {
  /** The wallet changed; without facts, something may have been missed. */
  changed(facts?: WalletFacts): void;
  /** Who is signed in: told at first, and when it is somebody else. */
  signedIn(userId: string | undefined, isFirst: boolean): void;
}

type Supabase = Pick<SupabaseClient, "auth" | "channel" | "removeChannel" | "getChannels" | "realtime">;

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

/**
 * What tells a watched balance, unasked, that it may have changed: the private Realtime channel of the wallet, and the
 * session. Loaded when a balance is first watched, so that a page that never does so does not carry it; it imports
 * nothing.
 *
 * A channel that cannot be joined, or is lost, may be followed again a while later, each time a longer one.
 */
export class WalletLive {
  /** Whether changes are being heard of. */
  isLive = false;
  readonly #supabase: Supabase;
  readonly #clock: Clock;
  readonly #listener: WalletListener;
  #forgetSession: (() => void) | undefined;
  /** Whose channel is joined or being joined. */
  #attempt: { userId: string } | undefined;
  #channel: RealtimeChannel | undefined;
  #closing: Promise<unknown> | undefined;
  #failures = 0;
  #retryAt = -Infinity;

  constructor(supabase: Supabase, clock: Clock, listener: WalletListener) {
    this.#supabase = supabase;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Tells who is signed in from now on. */
  start(): void {
    if (this.#forgetSession) return;
    let owner: string | null | undefined = null;
    try {
      const { data } = this.#supabase.auth.onAuthStateChange((_event, session) => {
        const before = owner;
        owner = session?.user.id;
        if (owner === before) return;
        if (before !== null) this.#leave();
        this.#listener.signedIn(owner, before === null);
      });
      this.#forgetSession = () => data.subscription.unsubscribe();
    } catch {
      // A client with tokens of its own does not tell whose they are: nothing is known from before.
      this.#forgetSession = () => this.#listener.signedIn(undefined, true);
    }
  }

  /** Sees to it that this wallet's channel is joined, unless that failed a short while ago. */
  follow(userId: string): void {
    if (this.#attempt && this.#attempt.userId !== userId) this.#leave();
    if (!this.#attempt && this.#clock.now() >= this.#retryAt) void this.#join(this.#attempt = { userId });
  }

  stop(): void {
    this.#leave();
    this.#forgetSession?.();
    this.#forgetSession = undefined;
  }

  async #join(attempt: { userId: string }): Promise<void> {
    const isOver = () => attempt !== this.#attempt;
    try {
      await this.#closing;
      // Private channels need the user's token before they are joined.
      await this.#supabase.realtime.setAuth();
      const topic = `wallet:${attempt.userId}`;
      // A client has one channel a topic: another part of the app may have it already.
      const isTaken = this.#supabase.getChannels().some((known) => known.topic === `realtime:${topic}`);
      if (isOver() || isTaken) return this.#lost(attempt);
      this.#channel = this.#supabase.channel(topic, { config: { private: true } });
      this.#channel.on("broadcast", { event: "wallet_changed" }, ({ payload }) => {
        const { balance_micros: balanceMicros, held_micros: heldMicros, status } = payload;
        if (!isOver()) this.#listener.changed({ balanceMicros, heldMicros, status });
      }).subscribe((status) => {
        if (status !== "SUBSCRIBED") return this.#lost(attempt);
        if (isOver()) return;
        this.#failures = 0;
        this.isLive = true;
        // What changed before is not told any more.
        this.#listener.changed();
      });
    } catch {
      this.#lost(attempt);
    }
  }

  #lost(attempt: { userId: string }): void {
    if (attempt !== this.#attempt) return;
    const wasLive = this.isLive;
    this.#leave();
    this.#retryAt = this.#clock.now() + Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
    if (wasLive) this.#listener.changed();
  }

  #leave(): void {
    const [channel, wasLive] = [this.#channel, this.isLive];
    this.isLive = false;
    this.#attempt = this.#channel = undefined;
    if (channel) this.#closing = this.#remove(channel, wasLive);
  }

  async #remove(channel: RealtimeChannel, wasLive: boolean): Promise<void> {
    const supabase = this.#supabase;
    await supabase.removeChannel(channel);
    // supabase-js would keep the socket for the next channel, or keep trying to open it, and a program from ending.
    if (supabase.getChannels().length === 0 && !(wasLive && "document" in globalThis)) {
      await supabase.realtime.disconnect();
    }
  }
}
