import type { CallState, EndReason } from "./call_state.ts";
import { type Clock, onPageVisible, sleep } from "./clock.ts";
import { Emitter } from "./emitter.ts";
import { TalktimeError } from "./errors.ts";
import type { LiveCallEvents } from "./live_call_events.ts";
import { failure, type Result } from "./result.ts";
import { ServerClock } from "./server_clock.ts";
import type { Transport } from "./transport.ts";

const SECOND = 1_000;
/** While it rings, someone else may answer or end the call: how often to look. */
const RINGING_POLL = 5 * SECOND;
/** A last heartbeat this long before the deadline still lets a late top-up count. */
const LAST_CHANCE = 2 * SECOND;
const ATTEMPTS = 5;

const backOffMs = (attempt: number) => SECOND * 2 ** (attempt - 1);

/**
 * How {@link LiveCall.end} ends a call.
 *
 * @example
 * ```ts
 * import type { EndOptions } from '@talktime/client';
 *
 * const measured: EndOptions = { durationSeconds: 0 };
 * const { data: call } = await talktime.calls.start('+14155552671');
 * const { data: state } = await call!.end('busy', measured);
 * console.log(state?.endReason, state?.costMicros); // → busy 0
 * ```
 */
export interface EndOptions {
  /** Seconds talked as the phone system measured them; honored with the secret key only. */
  durationSeconds?: number;
}

/**
 * A call while it lasts. It counts down by the server's deadline, sends the heartbeats that extend it, and ends it when
 * the credit is used up. Time is measured with a monotonic clock from the server's own instants, so a wrong
 * device clock changes nothing. Lost connections are ridden out until the deadline.
 *
 * Made by `talktime.calls.start()` and `talktime.calls.resume()`.
 *
 * @example
 * ```ts
 * import { formatDuration } from '@talktime/client';
 *
 * const { data: call, error } = await talktime.calls.start('+14155552671');
 * if (error) throw error;
 * call.on('tick', ({ secondsLeft }) => console.log(formatDuration(secondsLeft)));
 * call.on('ended', ({ state }) => console.log(state.endReason, state.costMicros)); // → completed 150000
 * await call.answer();
 * await call.end();
 * ```
 */
export class LiveCall {
  /** The call's id, also in the history. */
  readonly callId: string;
  /**
   * Resolves with the `ended` event, for those who would rather wait than listen.
   *
   * @example
   * ```ts
   * const { data: call } = await talktime.calls.start('+14155552671');
   * setTimeout(() => call!.end(), 10);
   * const { state, confirmed } = await call!.ended;
   * console.log(state.status, confirmed); // → ended true
   * ```
   */
  readonly ended: Promise<LiveCallEvents["ended"]>;

  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #server: ServerClock;
  readonly #events = new Emitter<LiveCallEvents>();
  readonly #forgetPage: () => void;
  readonly #reportElapsed: (() => number) | undefined;
  #state: CallState;
  #isOver = false;
  #isDepleted = false;
  #tellEnded!: (event: LiveCallEvents["ended"]) => void;
  #ending: Promise<Result<CallState>> | undefined;
  #request: AbortController | undefined;
  #timer: unknown;
  #heartbeatAt = 0;
  /** Numbers rise, also over several devices: they are the server's time in milliseconds. */
  #requestNumber = 0;
  #numberedAt = 0;
  #failures = 0;
  #shownSeconds: number | undefined;

  /** @internal */
  constructor(transport: Transport, state: CallState, sentAt: number, reportElapsed?: () => number) {
    this.#transport = transport;
    this.#clock = transport.clock;
    this.#server = new ServerClock(transport.clock);
    this.callId = state.callId;
    this.ended = new Promise((resolve) => (this.#tellEnded = resolve));
    this.#state = state;
    this.#reportElapsed = reportElapsed;
    this.#forgetPage = onPageVisible(() => void this.extend());
    this.#server.sync(state.serverTime, sentAt);
    this.#scheduleHeartbeat();
    // A call that begins answered may have its first warnings with it; nobody listens yet.
    this.#clock.setTimeout(() => this.#warn(state), 0);
  }

  /** The newest state the server sent. Seconds in it are as of its `serverTime`. */
  get state(): CallState {
    return this.#state;
  }

  /** Where the call stands: ringing, being billed, or over. */
  get status(): CallState["status"] {
    return this.#isOver ? "ended" : this.#state.status;
  }

  /** Whole seconds that can still be talked with the credit there is, as of now. */
  get secondsLeft(): number {
    if (this.#isOver) return 0;
    const { secondsLeft, elapsedSeconds, authorizedSeconds } = this.#state;
    const deadline = this.#deadline();
    if (deadline === Infinity) return secondsLeft;
    const notYetHeld = secondsLeft + elapsedSeconds - authorizedSeconds;
    return Math.max(0, Math.floor((deadline - this.#clock.now()) / SECOND) + Math.max(0, notYetHeld));
  }

  /** Whole seconds since the answer, as of now. */
  get elapsedSeconds(): number {
    const { answeredAt, durationSeconds, elapsedSeconds } = this.#state;
    if (answeredAt === null || this.#isOver) return durationSeconds ?? elapsedSeconds;
    return Math.max(0, Math.floor((this.#clock.now() - this.#server.localTime(answeredAt)) / SECOND));
  }

  /**
   * Listens to an event.
   *
   * @param event the event's name
   * @param listener gets what {@link LiveCallEvents} lists for it
   * @returns how to stop listening
   * @example
   * ```ts
   * const { data: call } = await talktime.calls.start('+14155552671');
   * const stop = call!.on('ended', ({ state }) => console.log(state.endReason)); // → canceled
   * await call!.end();
   * stop();
   * ```
   */
  on<Name extends keyof LiveCallEvents>(
    event: Name,
    listener: (event: LiveCallEvents[Name]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Says that the other side has picked up: billing starts now. Repeating it changes nothing; lost connections are
   * tried again.
   *
   * @returns the state; errors: `call_ended`, `call_not_found`, `not_authenticated`
   * @example
   * ```ts
   * await using call = (await talktime.calls.start('+14155552671')).data;
   * const { data: state } = await call!.answer();
   * console.log(state?.status, state?.heartbeatSeconds); // → answered 30
   * ```
   */
  async answer(): Promise<Result<CallState>> {
    for (let attempt = 1;; attempt++) {
      const result = await this.#send("answer_call");
      const gaveUp = !result.error?.retryable || attempt === ATTEMPTS || this.#ending || this.#isOver;
      if (gaveUp) return result;
      await this.#backOff(attempt);
    }
  }

  /**
   * Sends a heartbeat now instead of when it is due, so that a top-up counts at once.
   *
   * @returns the state; errors: `call_not_found`, `not_authenticated`, `aborted` when a newer heartbeat overtook it
   * @example
   * ```ts
   * await using call = (await talktime.calls.start('+14155552671')).data;
   * await call!.answer();
   * const { data: state } = await call!.extend();
   * console.log(state?.finalUnit); // → false
   * ```
   */
  extend(): Promise<Result<CallState>> {
    this.#numberedAt = this.#clock.now();
    this.#requestNumber = Math.max(this.#requestNumber + 1, Math.floor(this.#server.now()));
    return this.#beat();
  }

  /** A heartbeat under the number given last: the server answers a repeated one as it did before. */
  #beat(): Promise<Result<CallState>> {
    if (this.#state.status === "authorized") return this.#send("get_call");
    const args = { request_number: this.#requestNumber, elapsed_seconds: this.#reportElapsed?.() };
    return this.#send("extend_call", args, this.#numberedAt);
  }

  /**
   * Ends and settles the call. Repeating it returns the same result; lost connections are tried again.
   *
   * @param reason default `completed`, or `canceled` when nobody answered
   * @param options `durationSeconds` as the phone system measured it (secret key only)
   * @returns the final state with the cost; errors: `network_error`, `not_authenticated`, `duration_invalid` (the call
   * then goes on)
   * @example
   * ```ts
   * const { data: call } = await talktime.calls.start('+14155552671');
   * await call!.answer();
   * const { data: state } = await call!.end();
   * console.log(state?.billedSeconds, state?.costMicros); // → 60 150000
   * ```
   */
  end(reason?: EndReason, options: EndOptions = {}): Promise<Result<CallState>> {
    const given = reason ?? (this.#state.status === "authorized" ? "canceled" : "completed");
    this.#ending ??= this.#finish(given, options).then((result) => {
      // An end that did not reach the server may be tried again.
      if (result.error) this.#ending = undefined;
      return result;
    });
    return this.#ending;
  }

  /**
   * Stops counting and reporting without ending the call, for example to hand it over to `calls.resume()` elsewhere.
   * Without heartbeats the server ends it after a while.
   *
   * @example
   * ```ts
   * const { data: first } = await talktime.calls.start('+14155552671');
   * first!.detach();
   * await using call = (await talktime.calls.resume(first!.callId)).data;
   * console.log(call?.status); // → authorized
   * ```
   */
  detach(): void {
    this.#pause();
    this.#forgetPage();
  }

  #pause(): void {
    this.#request?.abort();
    this.#clock.clearTimeout(this.#timer);
  }

  /** `await using call = …` ends the call at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.end();
  }

  /** The local time by which the call must end; never, before the answer. */
  #deadline(): number {
    const { authorizedUntil } = this.#state;
    return authorizedUntil === null ? Infinity : this.#server.localTime(authorizedUntil);
  }

  async #send(
    name: "answer_call" | "extend_call" | "get_call",
    args: Record<string, unknown> = {},
    sentAt = this.#clock.now(),
  ): Promise<Result<CallState>> {
    if (this.#ending || this.#isOver) return this.#ending ?? failure("call_ended");
    // The newest request is the one that counts: a top-up must not wait for a heartbeat that hangs.
    this.#request?.abort();
    const request = this.#request = new AbortController();
    this.#heartbeatAt = Infinity;
    const named = { ...args, call_id: this.callId };
    const result = await this.#transport.rpc<CallState>(name, named, request.signal);
    if (request !== this.#request || request.signal.aborted || this.#isOver) return result;
    this.#request = undefined;
    if (result.error) this.#missed(result.error);
    else this.#apply(result.data, sentAt);
    return result;
  }

  #apply(state: CallState, sentAt: number): void {
    const before = this.#state.answeredAt === null ? undefined : this.secondsLeft;
    this.#failures = 0;
    this.#server.sync(state.serverTime, sentAt);
    this.#state = state;
    if (state.status === "ended") return this.#conclude(state, true);
    const { secondsLeft } = this;
    const addedSeconds = secondsLeft - (before ?? secondsLeft);
    // An answer to a repeated request is as old as that request may be.
    this.#scheduleHeartbeat(this.#usualWait() + sentAt - this.#clock.now());
    // One second may come and go with rounding; credit comes in more.
    if (addedSeconds > 1) this.#events.emit("extended", { secondsLeft, addedSeconds });
    this.#warn(state);
  }

  #warn({ warnings }: CallState): void {
    for (const thresholdSeconds of warnings) {
      this.#events.emit("warning", { thresholdSeconds, secondsLeft: this.secondsLeft });
    }
  }

  #missed(error: TalktimeError): void {
    // Someone else ended the call: what remains is to learn how.
    if (error.code === "call_ended") return void this.#send("get_call");
    this.#failures++;
    this.#scheduleHeartbeat(Math.min(backOffMs(this.#failures), this.#state.heartbeatSeconds * SECOND));
    this.#events.emit("error", { error, willRetry: true });
  }

  #scheduleHeartbeat(wait = this.#usualWait()): void {
    this.#heartbeatAt = this.#clock.now() + wait;
    this.#arm();
  }

  #usualWait(): number {
    const usual = this.#state.heartbeatSeconds * SECOND;
    const deadline = this.#deadline();
    if (deadline === Infinity) return Math.min(usual, RINGING_POLL);
    const lastChance = deadline - this.#clock.now() - LAST_CHANCE;
    return lastChance > 0 ? Math.min(usual, lastChance) : usual;
  }

  /** Sets the one timer to whatever comes first: the next second, the next heartbeat or the deadline. */
  #arm(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#isOver || this.#ending) return;
    const now = this.#clock.now();
    const deadline = this.#deadline();
    // Waking just past the full second keeps a timer that fires early from showing the same second twice.
    const toTick = deadline === Infinity ? Infinity : ((deadline - now) % SECOND) + 1;
    const wait = Math.min(toTick, this.#heartbeatAt - now, deadline - now);
    // Without a deadline and with a request on its way there is nothing to wait for: its answer arms again.
    if (wait < Infinity) this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.max(0, wait));
  }

  #wake(): void {
    const now = this.#clock.now();
    const deadline = this.#deadline();
    if (now >= deadline) return this.#timeIsUp();
    if (deadline < Infinity) this.#tick();
    if (now >= this.#heartbeatAt) void (this.#failures > 0 ? this.#beat() : this.extend());
    this.#arm();
  }

  #tick(): void {
    const { secondsLeft, elapsedSeconds } = this;
    if (secondsLeft === this.#shownSeconds) return;
    this.#shownSeconds = secondsLeft;
    this.#events.emit("tick", { secondsLeft, elapsedSeconds });
  }

  /** The deadline is here: hanging up comes first, telling the server after. */
  #timeIsUp(): void {
    const { limitedBy } = this.#state;
    this.#deplete(limitedBy ?? "connection");
    // Someone who still has credit must not read that it ran out; which limit it was, the server knows.
    void this.end(limitedBy ? "credit_exhausted" : "failed");
  }

  #deplete(cause: LiveCallEvents["depleted"]["cause"]): void {
    if (this.#isDepleted) return;
    this.#isDepleted = true;
    this.#events.emit("depleted", { cause });
  }

  async #finish(reason: EndReason, options: EndOptions): Promise<Result<CallState>> {
    this.#pause();
    const args = { call_id: this.callId, reason, duration_seconds: options.durationSeconds };
    for (let attempt = 1;; attempt++) {
      const result = await this.#transport.rpc<CallState>("end_call", args);
      if (result.data) {
        this.#conclude(result.data, true);
        return result;
      }
      const willRetry = result.error.retryable && attempt < ATTEMPTS;
      this.#events.emit("error", { error: result.error, willRetry });
      if (!willRetry) {
        this.#couldNotEnd(result.error);
        return result;
      }
      await this.#backOff(attempt);
    }
  }

  #couldNotEnd({ code }: TalktimeError): void {
    // The call goes on after an end that was malformed; after any other failure this side can do no more.
    if (!code.includes("invalid")) return this.#conclude(this.#state, false);
    this.#ending = undefined;
    this.#scheduleHeartbeat();
  }

  #backOff(attempt: number): Promise<void> {
    return sleep(this.#clock, backOffMs(attempt));
  }

  #conclude(state: CallState, confirmed: boolean): void {
    this.#state = state;
    if (this.#isOver) return;
    this.#isOver = true;
    this.detach();
    if (state.endReason && state.limitedBy) this.#deplete(state.limitedBy);
    this.#events.emit("ended", { state, confirmed });
    this.#tellEnded({ state, confirmed });
  }
}
