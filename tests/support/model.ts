// The reference model: what the wallet of one person should do, written from the design and not from the SQL. Amounts are
// bigint, instants are milliseconds. It is plain and slow where the database is quick; the property tests compare the two.
import * as rates from "./rates.ts";
import type { Rate } from "./rates.ts";

export interface Settings {
  quantum: number;
  heartbeatInterval: number;
  heartbeatTimeout: number;
  ringTimeout: number;
  endGrace: number;
  maxCall: number;
}

export interface Package {
  priceCents: number;
  creditMicros: bigint;
  bonusMicros: bigint;
}

export interface Grant {
  line: number;
  source: "paid" | "promotional" | "adjustment";
  remaining: bigint;
  expiresAt: number | null;
}

export interface Line {
  kind: string;
  amount: bigint;
  balanceAfter: bigint;
  counterAccount: string;
  call: string | null;
  /** Which grants it moved, by their line. */
  entries: Map<number, bigint>;
}

export interface Call {
  id: string;
  number: string;
  rate: Rate;
  status: "authorized" | "answered" | "ended";
  hold: bigint;
  authorizedSeconds: number;
  startedAt: number;
  answeredAt: number | null;
  heardAt: number | null;
  sweepAt: number | null;
  warned: number[];
  endedAt: number | null;
  endReason: string | null;
  settledBy: "caller" | "sweeper" | null;
  reportedLate: boolean;
  duration: number | null;
  unbilled: number;
  cost: bigint | null;
}

export interface Purchase {
  package: string;
  status: string;
}

/** An error code of the API. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

const secondsBetween = (from: number | null, to: number) =>
  from === null ? 0 : Math.max(0, Math.ceil((to - from) / 1000));
const billedSeconds = (seconds: number, rate: Rate) => Number(rates.billedSeconds(BigInt(seconds), rate));
const cost = (seconds: number, rate: Rate) => rates.cost(BigInt(seconds), rate);
const longest = (amount: bigint, rate: Rate) => Number(rates.longest(amount, rate));
const least = (a: bigint, b: bigint) => a < b ? a : b;
const notNegative = (a: bigint) => a < 0n ? 0n : a;

export class ModelWallet {
  status: "active" | "suspended" = "active";
  plan: string;
  thresholds = [60, 30, 10];
  balance = 0n;
  lines: Line[] = [];
  grants: Grant[] = [];
  calls = new Map<string, Call>();
  purchases = new Map<string, Purchase>();

  constructor(
    public now: number,
    readonly settings: Settings,
    readonly plans: Record<string, Rate>,
    readonly packages: Record<string, Package>,
  ) {
    this.plan = Object.keys(plans)[0]!;
  }

  // -- Money -----------------------------------------------------------------------------------------------------------

  get openCalls(): Call[] {
    return [...this.calls.values()].filter((call) => call.status !== "ended");
  }

  get held(): bigint {
    return this.openCalls.reduce((sum, call) => sum + call.hold, 0n);
  }

  /** What nobody holds of the grants usable now. Each hold covers grants its call may spend, the older call first. */
  get available(): bigint {
    if (this.balance < 0n) return this.balance - this.held;
    const left = new Map(this.grants.map((grant) => [grant, grant.remaining]));
    for (const call of this.openCalls.sort((a, b) => a.startedAt - b.startedAt)) {
      let uncovered = call.hold;
      for (const grant of this.spendable(call.startedAt)) {
        const part = least(uncovered, left.get(grant)!);
        left.set(grant, left.get(grant)! - part);
        uncovered -= part;
      }
      if (uncovered > 0n) throw new Error(`The hold of ${call.id} is not covered by ${uncovered} micros.`);
    }
    return this.spendable(this.now).reduce((sum, grant) => sum + left.get(grant)!, 0n);
  }

  get expired(): bigint {
    return this.balance - this.held - this.available;
  }

  /** Soonest expiry, then promotional before paid, then oldest. */
  private spendable(at: number): Grant[] {
    const never = Number.MAX_SAFE_INTEGER;
    return this.grants
      .filter((grant) => grant.remaining > 0n && (grant.expiresAt ?? never) > at)
      .sort((a, b) =>
        (a.expiresAt ?? never) - (b.expiresAt ?? never) ||
        Number(a.source !== "promotional") - Number(b.source !== "promotional") ||
        a.line - b.line
      );
  }

  private post(kind: string, amount: bigint, counterAccount: string, call: string | null = null): Line {
    this.balance += amount;
    const line = {
      kind,
      amount,
      balanceAfter: this.balance,
      counterAccount,
      call,
      entries: new Map<number, bigint>(),
    };
    this.lines.push(line);
    return line;
  }

  grant(
    kind: string,
    source: Grant["source"],
    amount: bigint,
    counterAccount: string,
    expiresAt: number | null,
  ): void {
    const line = this.post(kind, amount, counterAccount);
    const remaining = least(amount, notNegative(this.balance)); // a debt is paid first
    this.grants.push({ line: this.lines.length, source, remaining, expiresAt });
    if (remaining > 0n) line.entries.set(this.lines.length, remaining);
  }

  private spend(line: Line, amount: bigint, usableAt: number): bigint {
    for (const grant of this.spendable(usableAt)) {
      const part = least(amount, grant.remaining);
      if (part === 0n) break;
      grant.remaining -= part;
      line.entries.set(grant.line, -part);
      amount -= part;
    }
    return amount;
  }

  /** Takes credit away, expired or not, into debt if it must. */
  takeAway(amount: bigint): void {
    this.spend(this.post("adjustment", -amount, "adjustment"), amount, Number.MIN_SAFE_INTEGER);
  }

  // -- Purchases -------------------------------------------------------------------------------------------------------

  buy(key: string, code: string): { replayed: boolean; status: string } {
    const before = this.purchases.get(key);
    if (before) {
      if (before.package !== code) throw new Refused("idempotency_conflict");
      return { replayed: true, status: before.status };
    }
    this.requireActive();
    this.purchases.set(key, { package: code, status: "open" });
    return { replayed: false, status: "open" };
  }

  /** Stripe is read, and says this. */
  hear(key: string, status: string): { credited: boolean; status: string } | null {
    const purchase = this.purchases.get(key);
    if (!purchase) return null;
    if (purchase.status === "paid") return { credited: false, status: "paid" };
    purchase.status = status;
    if (status !== "paid") return { credited: false, status };
    const { priceCents, creditMicros, bonusMicros } = this.packages[purchase.package]!;
    const paid = BigInt(priceCents) * 10_000n;
    const bonus = creditMicros + bonusMicros - paid;
    this.grant("purchase", "paid", paid, "stripe_clearing", null);
    if (bonus > 0n) this.grant("bonus", "promotional", bonus, "promotional_expense", null);
    return { credited: true, status };
  }

  // -- Calls -----------------------------------------------------------------------------------------------------------

  private requireActive(): void {
    if (this.status !== "active") throw new Refused(`wallet_${this.status}`);
  }

  private find(id: string): Call {
    const call = this.calls.get(id);
    if (!call) throw new Refused("call_not_found");
    return call;
  }

  /** How long the call could last in all if it got every cent that is available. */
  affordable(call: Call): number {
    const most = longest(call.hold + notNegative(this.available), call.rate);
    return Math.max(call.authorizedSeconds, Math.min(most, this.settings.maxCall));
  }

  private growHold(call: Call): void {
    const { quantum, ringTimeout, endGrace, heartbeatTimeout } = this.settings;
    const wanted = billedSeconds(secondsBetween(call.answeredAt, this.now) + quantum, call.rate);
    call.authorizedSeconds = Math.max(call.authorizedSeconds, Math.min(wanted, this.affordable(call)));
    call.hold = cost(call.authorizedSeconds, call.rate);
    call.sweepAt = call.answeredAt === null
      ? call.startedAt + ringTimeout * 1000
      : Math.min(this.deadline(call)! + endGrace * 1000, call.heardAt! + heartbeatTimeout * 1000);
  }

  deadline(call: Call): number | null {
    return call.answeredAt === null ? null : call.answeredAt + call.authorizedSeconds * 1000;
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
    const charge = cost(duration, call.rate);
    const held = call.hold;
    Object.assign(call, {
      status: "ended",
      endReason: reason,
      settledBy: by,
      endedAt: this.now,
      hold: 0n,
      sweepAt: null,
      duration,
      unbilled: talked - duration,
      cost: charge,
    });
    if (charge > held) throw new Error(`${call.id} costs ${charge}, more than the ${held} it held.`);
    if (charge === 0n) return;
    const line = this.post("call", -charge, "call_revenue", call.id);
    if (this.spend(line, charge, call.startedAt) > 0n) throw new Error(`No grant pays for ${call.id}.`);
  }

  start(id: string, number: string) {
    const before = this.calls.get(id);
    if (before) {
      if (before.number !== number) throw new Refused("idempotency_conflict");
      return this.show(before, [], true);
    }
    this.requireActive();
    const rate = this.plans[this.plan]!;
    if (this.available < cost(1, rate)) throw new Refused("insufficient_credit");
    const call: Call = {
      ...{ id, number, rate, status: "authorized", hold: 0n, authorizedSeconds: 0, startedAt: this.now },
      ...{ answeredAt: null, heardAt: null, sweepAt: null, warned: [], endedAt: null, endReason: null },
      ...{ settledBy: null, reportedLate: false, duration: null, unbilled: 0, cost: null },
    };
    this.calls.set(id, call);
    this.growHold(call);
    return this.show(call);
  }

  answer(id: string) {
    const call = this.find(id);
    if (call.status === "ended") throw new Refused("call_ended");
    if (call.status === "answered") return this.show(call, [], true);
    Object.assign(call, { status: "answered", answeredAt: this.now, heardAt: this.now });
    this.growHold(call);
    return this.show(call, this.warn(call));
  }

  extend(id: string) {
    const call = this.find(id);
    if (call.status === "ended") return this.show(call, [], true);
    if (call.status === "authorized") throw new Refused("call_not_answered");
    if (this.now >= this.deadline(call)!) {
      this.settle(call, this.talked(call), "credit_exhausted", "caller");
      return this.show(call);
    }
    call.heardAt = this.now;
    this.growHold(call);
    return this.show(call, this.warn(call));
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
    this.settle(call, reported ?? this.talked(call), unanswered ? "no_answer" : reason, "caller");
    return this.show(call);
  }

  private endAgain(call: Call, reported: number | null): void {
    if (call.settledBy === "caller" || call.reportedLate) {
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
        this.settle(call, call.authorizedSeconds, "credit_exhausted", "sweeper");
      } else {
        this.settle(call, secondsBetween(call.answeredAt, call.heardAt!), "heartbeat_lost", "sweeper");
      }
    }
  }

  get(id: string) {
    return this.show(this.find(id));
  }

  // -- What is shown ---------------------------------------------------------------------------------------------------

  private show(call: Call, warnings: number[] = [], replayed = false) {
    const elapsed = call.status === "ended" ? call.duration! : secondsBetween(call.answeredAt, this.now);
    const affordable = this.affordable(call);
    const left = call.status === "ended" ? 0 : Math.max(0, affordable - elapsed);
    const nextWarning = Math.max(0, ...this.thresholds.filter((threshold) => threshold < left));
    return {
      status: call.status,
      hold_micros: call.hold,
      authorized_seconds: call.authorizedSeconds,
      authorized_until: this.deadline(call),
      started_at: call.startedAt,
      answered_at: call.answeredAt,
      ended_at: call.endedAt,
      elapsed_seconds: elapsed,
      seconds_left: left,
      final_unit: affordable <= call.authorizedSeconds,
      warnings,
      heartbeat_seconds: Math.max(1, Math.min(this.settings.heartbeatInterval, left - nextWarning)),
      duration_seconds: call.duration,
      billed_seconds: call.duration === null ? null : billedSeconds(call.duration, call.rate),
      unbilled_seconds: call.unbilled,
      cost_micros: call.cost,
      end_reason: call.endReason,
      balance_micros: this.balance,
      available_micros: this.available,
      replayed,
    };
  }

  estimate(seconds: number) {
    const rate = this.plans[this.plan]!;
    return {
      available_micros: this.available,
      max_seconds: Math.min(longest(notNegative(this.available), rate), this.settings.maxCall),
      can_start: this.status === "active" && this.available >= cost(1, rate),
      minimum_micros: cost(1, rate),
      billed_seconds: billedSeconds(seconds, rate),
      cost_micros: cost(seconds, rate),
    };
  }

  /** Everything that is kept, as the tests compare it after each step. */
  state() {
    return {
      wallet: {
        status: this.status,
        balance_micros: this.balance,
        held_micros: this.held,
        expired_micros: this.expired,
        available_micros: this.available,
        debt_micros: notNegative(-this.balance),
        talk_seconds: this.estimate(0).max_seconds,
      },
      lines: this.lines.length,
      grants: this.grants.map((grant) => [grant.line, grant.remaining]),
      calls: [...this.calls.values()].sort((a, b) => a.id < b.id ? -1 : 1).map((call) => ({
        id: call.id,
        status: call.status,
        hold: call.hold,
        authorized: call.authorizedSeconds,
        warned: call.warned,
        sweep_at: call.sweepAt,
        settled_by: call.settledBy,
        cost: call.cost,
        unbilled: call.unbilled,
      })),
      purchases: [...this.purchases].sort(([a], [b]) => a < b ? -1 : 1).map((
        [key, { status }],
      ) => [key, status]),
    };
  }
}
