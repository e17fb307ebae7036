// The reference model, second part: the life of calls, from admission to the sweeper, and how they are shown.
import * as rates from "./rates.ts";
import type { Rate } from "./rates.ts";
import { type Holder, ModelMoney, notNegative, Refused } from "./model_money.ts";

export interface Settings {
  quantum: number;
  heartbeatInterval: number;
  heartbeatTimeout: number;
  ringTimeout: number;
  endGrace: number;
  maxCall: number;
}

/** What keeps a call from going on. */
export type Limit = "credit" | "time_limit" | "daily_limit";

export interface Call extends Holder {
  number: string;
  authorizedSeconds: number;
  limitedBy: Limit | null;
  answeredAt: number | null;
  heardAt: number | null;
  provenSeconds: number;
  requestNumber: number | null;
  storedAnswer: Shown | null;
  sweepAt: number | null;
  warned: number[];
  endedAt: number | null;
  endReason: string | null;
  settledBy: "caller" | "sweeper" | "import" | null;
  reportedLate: boolean;
  duration: number | null;
  unbilled: number;
  cost: bigint | null;
  rerated: bigint;
  refund: { amount: bigint; reason: string } | null;
}

export const secondsBetween = (from: number | null, to: number) =>
  from === null ? 0 : Math.max(0, Math.ceil((to - from) / 1000));
export const billedSeconds = (seconds: number, rate: Rate) =>
  Number(rates.billedSeconds(BigInt(seconds), rate));
export const cost = (seconds: number, rate: Rate) => rates.cost(BigInt(seconds), rate);
export const longest = (amount: bigint, rate: Rate) => Number(rates.longest(amount, rate));

const LIMITS: Limit[] = ["credit", "time_limit", "daily_limit"];

/** How a call that reached its deadline ended; without a limit a heartbeat would have extended it. */
const endedBy = (limit: Limit | null) =>
  limit === null ? "heartbeat_lost" : limit === "credit" ? "credit_exhausted" : limit;

export type Shown = ReturnType<ModelCalls["show"]>;

export class ModelCalls extends ModelMoney<Call> {
  status: "active" | "suspended" = "active";
  plan: string;
  thresholds = [60, 30, 10];
  mostCalls: number | null = null;
  lowBalance: bigint | null = null;
  told: string[] = [];

  constructor(now: number, readonly settings: Settings, readonly plans: Record<string, Rate>) {
    super(now);
    this.plan = Object.keys(plans)[0]!;
  }

  protected requireActive(): void {
    if (this.status !== "active") throw new Refused(`wallet_${this.status}`);
  }

  protected find(id: string): Call {
    const call = this.calls.get(id);
    if (!call) throw new Refused("call_not_found");
    return call;
  }

  /** How long the call could last in all if it got every cent that may be reserved. */
  affordable(call: Call): number {
    const most = longest(call.hold + this.reservable, call.rate);
    return Math.max(call.authorizedSeconds, Math.min(most, this.settings.maxCall));
  }

  /** Credit is what ends a call only where nothing else would: then more of it helps. */
  private limit(call: Call): Limit | null {
    if (this.affordable(call) > call.authorizedSeconds) return null;
    if (this.settings.maxCall <= call.authorizedSeconds) return "time_limit";
    if (this.leftToday === null) return "credit";
    const today = longest(call.hold + notNegative(this.leftToday), call.rate);
    return today <= call.authorizedSeconds ? "daily_limit" : "credit";
  }

  private growHold(call: Call, isFirst = false): void {
    const { quantum, ringTimeout, endGrace, heartbeatTimeout } = this.settings;
    const ahead = BigInt(secondsBetween(call.answeredAt, this.now) + quantum);
    const wanted = Number(rates.increments(ahead, call.rate));
    call.authorizedSeconds = Math.max(call.authorizedSeconds, Math.min(wanted, this.affordable(call)));
    const hold = cost(call.authorizedSeconds, call.rate);
    // A longer hold does not bring back what has expired: that is booked first. A first one never reaches it.
    if (hold > call.hold && !isFirst) this.bookBreakage(this.now);
    call.hold = hold;
    call.limitedBy = this.limit(call);
    call.sweepAt = call.answeredAt === null
      ? call.startedAt + ringTimeout * 1000
      : Math.min(this.deadline(call)! + endGrace * 1000, call.heardAt! + heartbeatTimeout * 1000);
  }

  /** An imported call never had one. */
  deadline(call: Call): number | null {
    return call.answeredAt === null || call.settledBy === "import"
      ? null
      : call.answeredAt + call.authorizedSeconds * 1000;
  }

  /** Up to the deadline a begun second counts; past it, whole ones. */
  private talked(call: Call): number {
    if (call.answeredAt === null) return 0;
    const past = Math.max(0, Math.floor((this.now - this.deadline(call)!) / 1000));
    return Math.min(secondsBetween(call.answeredAt, this.now), call.authorizedSeconds) + past;
  }

  private warn(call: Call): number[] {
    const left = this.affordable(call) - secondsBetween(call.answeredAt, this.now);
    const reached = this.thresholds.filter((threshold) => left <= threshold).sort((a, b) => b - a);
    const fresh = reached.filter((threshold) => !call.warned.includes(threshold));
    call.warned = reached;
    return fresh;
  }

  private settle(call: Call, talked: number, reason: string, by: "caller" | "sweeper"): void {
    const duration = Math.min(talked, call.authorizedSeconds);
    const cut = LIMITS.find((limit) => endedBy(limit) === reason) ?? null;
    const charge = cost(duration, call.rate);
    const held = call.hold;
    Object.assign(call, {
      status: "ended",
      endReason: reason,
      settledBy: by,
      endedAt: this.now,
      hold: 0n,
      limitedBy: cut,
      sweepAt: null,
      storedAnswer: null,
      duration,
      unbilled: talked - duration,
      cost: charge,
    });
    if (charge > held) throw new Error(`${call.id} costs ${charge}, more than the ${held} it held.`);
    this.chargeAndTell(call, call.startedAt);
  }

  /** Low credit is told at the crossing, so a balance that stays low is told once. */
  protected chargeAndTell(call: Call, usableAt: number): void {
    const before = this.balance;
    this.charge(call, call.cost!, usableAt);
    if (call.limitedBy !== null) this.told.push("call_cut_off");
    const low = this.lowBalance;
    if (low !== null && before >= low && this.balance < low) this.told.push("low_balance");
  }

  start(id: string, number: string, answered: boolean) {
    const before = this.calls.get(id);
    if (before) {
      if (before.number !== number) throw new Refused("idempotency_conflict");
      return this.show(before, [], true);
    }
    const rate = this.plans[this.plan]!;
    this.admit(cost(1, rate));
    const call = this.newCall(id, number, rate);
    this.calls.set(id, call);
    if (answered) Object.assign(call, { status: "answered", answeredAt: this.now, heardAt: this.now });
    this.growHold(call, true);
    return this.show(call, answered ? this.warn(call) : []);
  }

  private admit(minimum: bigint): void {
    this.requireActive();
    if (this.available < minimum) throw new Refused("insufficient_credit");
    if (this.leftToday !== null && this.leftToday < minimum) throw new Refused("daily_limit_reached");
    if (this.mostCalls !== null && this.openCalls.length >= this.mostCalls) {
      throw new Refused("too_many_calls");
    }
  }

  protected newCall(id: string, number: string, rate: Rate): Call {
    return {
      ...{ id, number, rate, status: "authorized", hold: 0n, authorizedSeconds: 0, startedAt: this.now },
      limitedBy: null,
      ...{ answeredAt: null, heardAt: null, provenSeconds: 0, requestNumber: null, storedAnswer: null },
      ...{ sweepAt: null, warned: [], endedAt: null, endReason: null, settledBy: null, reportedLate: false },
      ...{ duration: null, unbilled: 0, cost: null, rerated: 0n, refund: null },
    };
  }

  answer(id: string) {
    const call = this.find(id);
    if (call.status === "ended") throw new Refused("call_ended");
    if (call.status === "answered") return this.show(call, [], true);
    Object.assign(call, { status: "answered", answeredAt: this.now, heardAt: this.now });
    this.growHold(call);
    return this.show(call, this.warn(call));
  }

  extend(id: string, reported: number | null, requestNumber: number | null): Shown {
    const call = this.find(id);
    const behind = requestNumber !== null && call.requestNumber !== null
      ? call.requestNumber - requestNumber
      : null;
    if (call.status !== "ended" && behind === 0) return { ...call.storedAnswer!, replayed: true };
    if (call.status === "ended" || (behind !== null && behind > 0)) return this.show(call, [], true);
    if (call.status === "authorized") throw new Refused("call_not_answered");
    const elapsed = secondsBetween(call.answeredAt, this.now);
    if (reported !== null && (reported < 0 || reported > elapsed)) throw new Refused("duration_invalid");
    const proven = reported === null ? null : Math.max(call.provenSeconds, reported);
    if (this.now >= this.deadline(call)!) {
      this.settle(call, proven ?? this.talked(call), endedBy(call.limitedBy), "caller");
      return this.show(call);
    }
    call.provenSeconds = proven ?? elapsed;
    call.heardAt = this.now;
    this.growHold(call);
    const answer = this.show(call, this.warn(call));
    if (requestNumber !== null) Object.assign(call, { requestNumber, storedAnswer: answer });
    return answer;
  }

  end(id: string, reason: string, reported: number | null) {
    const call = this.find(id);
    if (call.status === "ended") {
      this.endAgain(call, reported);
      return this.show(call, [], true);
    }
    if (reported !== null && (reported < 0 || reported > secondsBetween(call.answeredAt, this.now))) {
      throw new Refused("duration_invalid");
    }
    const unanswered = call.answeredAt === null && reason === "completed";
    const cut = reason === "credit_exhausted" && call.limitedBy !== null;
    const kept = unanswered ? "no_answer" : cut ? endedBy(call.limitedBy) : reason;
    this.settle(call, reported ?? this.talked(call), kept, "caller");
    return this.show(call);
  }

  private endAgain(call: Call, reported: number | null): void {
    if (call.settledBy !== "sweeper" || call.reportedLate) {
      if (reported !== null && reported !== call.duration! + call.unbilled) {
        throw new Refused("idempotency_conflict");
      }
      return;
    }
    call.reportedLate = true;
    call.unbilled = Math.max(0, (reported ?? this.talked(call)) - call.duration!);
  }

  /** What the sweeper would look at now, in its order. */
  get overdue(): Call[] {
    return this.openCalls.filter((call) => call.sweepAt! <= this.now).sort((a, b) => a.sweepAt! - b.sweepAt!);
  }

  sweep(): void {
    const { heartbeatInterval, endGrace } = this.settings;
    for (const call of this.overdue) {
      if (call.status === "authorized") {
        this.settle(call, 0, "no_answer", "sweeper");
      } else if (call.heardAt! + (heartbeatInterval + endGrace) * 1000 >= this.deadline(call)!) {
        this.settle(call, call.authorizedSeconds, endedBy(call.limitedBy), "sweeper");
      } else {
        this.settle(call, call.provenSeconds, "heartbeat_lost", "sweeper");
      }
    }
  }

  get(id: string) {
    return this.show(this.find(id));
  }

  show(call: Call, warnings: number[] = [], replayed = false) {
    const elapsed = call.status === "ended" ? call.duration! : secondsBetween(call.answeredAt, this.now);
    const affordable = this.affordable(call);
    const left = call.status === "ended" ? 0 : Math.max(0, affordable - elapsed);
    const limitedBy = call.status === "ended" ? call.limitedBy : this.limit(call);
    const nextWarning = Math.max(0, ...this.thresholds.filter((threshold) => threshold < left));
    return {
      call_id: call.id,
      status: call.status,
      hold_micros: call.hold,
      authorized_seconds: call.authorizedSeconds,
      authorized_until: this.deadline(call),
      started_at: call.startedAt,
      answered_at: call.answeredAt,
      ended_at: call.endedAt,
      elapsed_seconds: elapsed,
      seconds_left: left,
      limited_by: limitedBy,
      final_unit: limitedBy === "credit",
      warnings,
      heartbeat_seconds: Math.max(1, Math.min(this.settings.heartbeatInterval, left - nextWarning)),
      duration_seconds: call.duration,
      billed_seconds: call.duration === null ? null : billedSeconds(call.duration, call.rate),
      unbilled_seconds: call.unbilled,
      cost_micros: call.cost,
      rerated_micros: call.rerated,
      refunded_micros: call.refund?.amount ?? 0n,
      end_reason: call.endReason,
      balance_micros: this.balance,
      available_micros: this.available,
      replayed,
    };
  }

  estimate(seconds: number) {
    const rate = this.plans[this.plan]!;
    const minimum = cost(1, rate);
    const left = this.leftToday ?? minimum;
    return {
      available_micros: this.available,
      max_seconds: Math.min(longest(this.reservable, rate), this.settings.maxCall),
      can_start: this.status === "active" && this.available >= minimum && left >= minimum,
      minimum_micros: minimum,
      billed_seconds: billedSeconds(seconds, rate),
      cost_micros: cost(seconds, rate),
    };
  }
}
