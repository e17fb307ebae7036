// The reference model: what the wallet of one person should do, written from the design and not from the SQL. Amounts are
// bigint, instants are milliseconds. It is plain and slow where the database is quick; the property tests compare the two.
// Its parts: model_money.ts, model_calls.ts, model_credit.ts, and here corrections, records and everything that is kept.
import { type Grant, least, type Line, notNegative, Refused } from "./model_money.ts";
import { type Call, cost, longest, type Settings } from "./model_calls.ts";
import { ModelCredit, type Package, type Purchase } from "./model_credit.ts";

export { type Call, type Grant, type Line, type Package, type Purchase, Refused, type Settings };

/** What a telephony system reports afterwards. */
export interface CallRecord {
  id: string;
  number: string;
  startedAt: number;
  seconds: number;
}

export class ModelWallet extends ModelCredit {
  // -- Corrections -----------------------------------------------------------------------------------------------------

  refund(id: string, reason: string, asked: bigint | null) {
    const call = this.find(id);
    if (reason.trim() === "") throw new Refused("invalid_request");
    if (call.refund) {
      const same = call.refund.reason === reason && (asked ?? call.refund.amount) === call.refund.amount;
      if (!same) throw new Refused("idempotency_conflict");
      return this.show(call, [], true);
    }
    const paid = call.status === "ended" ? call.cost! + call.rerated : 0n;
    const amount = asked ?? paid;
    if (paid === 0n || amount < 1n || amount > paid) throw new Refused("refund_not_possible");
    this.credit(call, "call_refund", amount, reason);
    call.refund = { amount, reason };
    return this.show(call);
  }

  private correct(call: Call, kind: string, amount: bigint, reason: string): Line {
    const charged = this.lines.findIndex((line) => line.kind === "call" && line.call === call.id);
    const reverses = charged < 0 ? null : charged + 1;
    return this.post({ kind, amount, counterAccount: "call_revenue", call: call.id, reverses, reason });
  }

  private credit(call: Call, kind: string, amount: bigint, reason: string): void {
    const before = this.balance;
    const line = this.correct(call, kind, amount, reason);
    const back = notNegative(this.balance) - notNegative(before); // a debt is paid first
    if (back > 0n) this.giveBack(call, line, back);
  }

  /** To the grants that paid, the last one spent first. What cannot go back to them comes as a grant of its own. */
  private giveBack(call: Call, line: Line, amount: bigint): void {
    let lapsed = 0n;
    let life = 0;
    for (const grant of [...this.grants].sort((a, b) => this.spendingOrder(b, a))) {
      const part = least(amount, notNegative(this.paidBy(call, grant)));
      if (part === 0n) continue;
      amount -= part;
      if (grant.expiresAt !== null && grant.expiresAt <= this.now) {
        lapsed += part;
        life = Math.max(life, grant.expiresAt - call.startedAt);
      } else {
        grant.remaining += part;
        line.entries.set(grant.line, part);
      }
    }
    if (lapsed + amount === 0n) return;
    // What had been a debt has been paid since, with credit that does not expire.
    const expiresAt = amount > 0n ? null : this.now + life;
    this.grants.push({
      line: this.lines.length,
      source: "adjustment",
      remaining: lapsed + amount,
      expiresAt,
    });
    line.entries.set(this.lines.length, lapsed + amount);
  }

  /** What a grant has paid for a call, less what it already has back. */
  private paidBy(call: Call, grant: Grant): bigint {
    return this.lines.filter((line) => line.call === call.id)
      .reduce((sum, line) => sum - (line.entries.get(grant.line) ?? 0n), 0n);
  }

  rerate(plan: string, reason: string, from: number, before: number, dry: boolean) {
    if (reason.trim() === "") throw new Refused("invalid_request");
    const rate = this.plans[plan];
    if (!rate) throw new Refused("rate_plan_not_found");
    const calls = [...this.calls.values()]
      .filter((call) => call.status === "ended" && call.startedAt >= from && call.startedAt < before)
      .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
    const lines = calls.flatMap((call) => {
      const was = call.cost! + call.rerated;
      const price = cost(call.duration!, rate);
      const refunded = call.refund?.amount ?? 0n;
      // What was refunded is not given back twice.
      const difference = (price < refunded ? refunded : price) - was;
      if (difference === 0n) return [];
      const posted = dry ? 0n : this.rerateCall(call, difference, reason);
      return [{
        call_id: call.id,
        was_micros: was,
        would_be_micros: price,
        difference_micros: difference,
        posted_micros: posted,
      }];
    });
    return {
      dry_run: dry,
      calls: lines,
      difference_micros: lines.reduce((sum, line) => sum + line.difference_micros, 0n),
      posted_micros: lines.reduce((sum, line) => sum + line.posted_micros, 0n),
    };
  }

  private rerateCall(call: Call, difference: bigint, reason: string): bigint {
    // A dearer price makes no debt: it takes what is there.
    const posted = difference < 0n
      ? difference
      : least(difference, notNegative(this.available - this.creditLimit));
    if (posted < 0n) this.credit(call, "rerate", -posted, reason);
    else if (posted > 0n) this.spend(this.correct(call, "rerate", -posted, reason), posted, this.now);
    call.rerated += posted;
    return posted;
  }

  // -- Records ---------------------------------------------------------------------------------------------------------

  importRecords(records: CallRecord[]) {
    const result = {
      charged: 0,
      replayed: 0,
      refused: [] as { position: number; call_id: string; code: string }[],
    };
    const inOrder = records.map((record, index) => ({ ...record, position: index + 1 })).sort((a, b) =>
      a.startedAt - b.startedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.position - b.position)
    );
    for (const record of inOrder) {
      const code = this.importRecord(record);
      if (code === "charged" || code === "replayed") result[code]++;
      else result.refused.push({ position: record.position, call_id: record.id, code });
    }
    result.refused.sort((a, b) => a.position - b.position);
    return result;
  }

  private importRecord({ id, number, startedAt, seconds }: CallRecord): string {
    if (startedAt + seconds * 1000 > this.now) return "duration_invalid";
    const before = this.calls.get(id);
    if (before) {
      const same = before.status === "ended" && before.startedAt === startedAt &&
        before.duration! + before.unbilled === seconds && before.number === number;
      return same ? "replayed" : "idempotency_conflict";
    }
    const rate = this.plans[this.plan]!;
    const duration = Math.min(seconds, longest(this.reservable, rate));
    const call: Call = {
      ...this.newCall(id, number, rate),
      status: "ended",
      startedAt,
      answeredAt: seconds > 0 ? startedAt : null,
      endedAt: this.now,
      endReason: seconds > 0 ? "completed" : "no_answer",
      settledBy: "import",
      duration,
      unbilled: seconds - duration,
      cost: cost(duration, rate),
    };
    this.calls.set(id, call);
    this.chargeAndTell(call, this.now);
    return "charged";
  }

  // -- What is kept ----------------------------------------------------------------------------------------------------

  /** Everything that is kept, as the tests compare it after each step. */
  state() {
    return {
      wallet: {
        status: this.status,
        balance_micros: this.balance,
        held_micros: this.held,
        expired_micros: this.expired,
        available_micros: this.available,
        credit_limit_micros: this.creditLimit,
        debt_micros: notNegative(-this.balance),
        expiring: this.expiring,
        talk_seconds: this.estimate(0).max_seconds,
      },
      lines: this.lines.length,
      told: [...this.told],
      grants: this.grants.map((grant) => [grant.line, grant.remaining, grant.expiresAt]),
      calls: [...this.calls.values()].sort((a, b) => a.id < b.id ? -1 : 1).map((call) => ({
        id: call.id,
        status: call.status,
        hold: call.hold,
        authorized: call.authorizedSeconds,
        warned: call.warned,
        sweep_at: call.sweepAt,
        proven: call.provenSeconds,
        settled_by: call.settledBy,
        cost: call.cost,
        rerated: call.rerated,
        refunded: call.refund?.amount ?? 0n,
        unbilled: call.unbilled,
      })),
      purchases: [...this.purchases].sort(([a], [b]) => a < b ? -1 : 1).map((
        [key, { status, bonus }],
      ) => [key, status, bonus]),
      campaigns: { ...this.campaigns },
    };
  }
}
