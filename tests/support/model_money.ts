// The reference model, first part: a wallet's journal, its grants, and what may be spent or reserved.
import type { Rate } from "./rates.ts";

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
  /** Of a correction: the line it corrects, and why. */
  reverses: number | null;
  reason: string | null;
  /** Which grants it moved, by their line. */
  entries: Map<number, bigint>;
}

/** What the money knows of a call. */
export interface Holder {
  id: string;
  rate: Rate;
  status: "authorized" | "answered" | "ended";
  hold: bigint;
  startedAt: number;
}

/** An error code of the API. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export const least = (a: bigint, b: bigint) => a < b ? a : b;
export const notNegative = (a: bigint) => a < 0n ? 0n : a;
export const total = (amounts: bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n);

const NEVER = Number.MAX_SAFE_INTEGER;
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

export class ModelMoney<Call extends Holder> {
  balance = 0n;
  creditLimit = 0n;
  dailyLimit: bigint | null = null;
  lines: Line[] = [];
  grants: Grant[] = [];
  calls = new Map<string, Call>();
  /** What calls settled on a day have cost. */
  #spent = { day: "", micros: 0n };
  /** How much of the wallet's lack the limits of all times and what was taken away explain. */
  #deepest = 0n;

  constructor(public now: number) {}

  get openCalls(): Call[] {
    return [...this.calls.values()].filter((call) => call.status !== "ended");
  }

  get held(): bigint {
    return total(this.openCalls.map((call) => call.hold));
  }

  setCreditLimit(micros: bigint): void {
    this.creditLimit = micros;
    if (micros > this.#deepest) this.#deepest = micros;
  }

  /** Each hold covers grants that its call may spend, the older call first; beyond them it leans on the credit limit. */
  private cover(): { left: Map<Grant, bigint>; leaning: bigint } {
    const left = new Map(this.grants.map((grant) => [grant, grant.remaining]));
    let leaning = 0n;
    for (const call of this.openCalls.sort((a, b) => a.startedAt - b.startedAt)) {
      let uncovered = call.hold;
      for (const grant of this.spendable(call.startedAt)) {
        const part = least(uncovered, left.get(grant)!);
        left.set(grant, left.get(grant)! - part);
        uncovered -= part;
      }
      leaning += uncovered;
    }
    return { left, leaning };
  }

  /** What nobody holds of the grants usable now, and of the credit limit. */
  get available(): bigint {
    const { left, leaning } = this.cover();
    const debt = notNegative(-this.balance);
    const free = total(this.spendable(this.now).map((grant) => left.get(grant)!));
    return free + this.creditLimit - leaning - debt;
  }

  get expired(): bigint {
    return this.expiredBy(this.now);
  }

  private expiredBy(at: number): bigint {
    const { left } = this.cover();
    return total(this.grants.map((grant) => (grant.expiresAt ?? NEVER) <= at ? left.get(grant)! : 0n));
  }

  /** What the daily limit leaves, or null without one. */
  get leftToday(): bigint | null {
    if (this.dailyLimit === null) return null;
    const spent = this.#spent.day === dayOf(this.now) ? this.#spent.micros : 0n;
    return this.dailyLimit - spent - this.held;
  }

  /** What a call may reserve now. */
  get reservable(): bigint {
    return notNegative(least(this.available, this.leftToday ?? this.available));
  }

  /** Debt and promises never reach further than the limits of all times, and what was taken away, explain. */
  assertNothingOverspent(): void {
    const room = this.available - this.creditLimit + this.#deepest;
    if (room < 0n) throw new Error(`The wallet is overspent by ${-room} micros.`);
  }

  /** Soonest expiry, then promotional before paid, then oldest. */
  protected readonly spendingOrder = (a: Grant, b: Grant): number =>
    (a.expiresAt ?? NEVER) - (b.expiresAt ?? NEVER) ||
    Number(a.source !== "promotional") - Number(b.source !== "promotional") ||
    a.line - b.line;

  protected spendable(at: number): Grant[] {
    return this.grants
      .filter((grant) => grant.remaining > 0n && (grant.expiresAt ?? NEVER) > at)
      .sort(this.spendingOrder);
  }

  protected post(line: Pick<Line, "kind" | "amount" | "counterAccount"> & Partial<Line>): Line {
    this.balance += line.amount;
    const posted = { call: null, reverses: null, reason: null, ...line };
    const whole = { ...posted, balanceAfter: this.balance, entries: new Map<number, bigint>() };
    this.lines.push(whole);
    return whole;
  }

  grant(
    kind: string,
    source: Grant["source"],
    amount: bigint,
    counterAccount: string,
    expiresAt: number | null,
  ): void {
    const line = this.post({ kind, amount, counterAccount });
    const remaining = least(amount, notNegative(this.balance)); // a debt is paid first
    this.grants.push({ line: this.lines.length, source, remaining, expiresAt });
    if (remaining > 0n) line.entries.set(this.lines.length, remaining);
  }

  /** Debt never stands beside credit: where usable credit does not do, what only a sibling's hold keeps alive goes too. */
  protected spend(line: Line, amount: bigint, usableAt: number): void {
    const usable = this.spendable(usableAt);
    const others = this.spendable(Number.MIN_SAFE_INTEGER).filter((grant) => !usable.includes(grant));
    for (const grant of [...usable, ...others]) {
      const part = least(amount, grant.remaining);
      if (part === 0n) break;
      grant.remaining -= part;
      line.entries.set(grant.line, -part);
      amount -= part;
    }
  }

  /** Credit that had expired and that nobody holds becomes revenue, before the credit limit pays anything. */
  protected bookBreakage(at: number): void {
    let left = this.expiredBy(at);
    for (
      const grant of this.grants.filter(({ expiresAt }) => (expiresAt ?? NEVER) <= at).sort(
        this.spendingOrder,
      )
    ) {
      const part = least(left, grant.remaining);
      if (part === 0n) continue;
      const line = this.post({ kind: "expiry", amount: -part, counterAccount: "breakage_revenue" });
      line.entries.set(grant.line, -part);
      grant.remaining -= part;
      left -= part;
    }
  }

  protected charge(call: Holder, amount: bigint, usableAt: number): void {
    if (amount === 0n) return;
    const today = dayOf(this.now);
    this.#spent = { day: today, micros: amount + (this.#spent.day === today ? this.#spent.micros : 0n) };
    if (amount > total(this.spendable(usableAt).map((grant) => grant.remaining))) this.bookBreakage(usableAt);
    const line = this.post({ kind: "call", amount: -amount, counterAccount: "call_revenue", call: call.id });
    this.spend(line, amount, usableAt);
  }

  /** Takes credit away, expired or not, into debt if it must. */
  takeAway(amount: bigint): void {
    this.#deepest += amount;
    const line = this.post({ kind: "adjustment", amount: -amount, counterAccount: "adjustment" });
    this.spend(line, amount, Number.MIN_SAFE_INTEGER);
  }
}
