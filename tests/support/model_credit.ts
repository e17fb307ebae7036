// The reference model, third part: how credit comes and goes otherwise: purchases, promotion codes, expiry, and what an admin changes.
import type { Rate } from "./rates.ts";
import { Refused, total } from "./model_money.ts";
import { ModelCalls, type Settings } from "./model_calls.ts";

export interface Package {
  priceCents: number;
  creditMicros: bigint;
  bonusMicros: bigint;
  /** Seconds that what is paid and the bonus live. */
  lifetime: number | null;
  bonusLifetime: number | null;
}

export interface Purchase {
  package: string;
  status: string;
  /** What became of the bonus of a promotion code. */
  bonus: "reserved" | "granted" | "released" | null;
}

/** What a code gives, once a person. */
export interface Offer {
  amount: bigint;
  lifetime: number | null;
}

export class ModelCredit extends ModelCalls {
  purchases = new Map<string, Purchase>();
  /** Redemptions that stand. */
  campaigns = { free: 0, bonus: 0 };
  readonly #failed = new Set<string>();

  constructor(
    now: number,
    settings: Settings,
    plans: Record<string, Rate>,
    readonly packages: Record<string, Package>,
    readonly offers: { free: Offer; bonus: Offer },
  ) {
    super(now, settings, plans);
  }

  private ends(lifetime: number | null): number | null {
    return lifetime === null ? null : this.now + lifetime * 1000;
  }

  // -- Purchases -------------------------------------------------------------------------------------------------------

  buy(key: string, code: string, withCode: boolean): { replayed: boolean; status: string } {
    const before = this.purchases.get(key);
    if (before) {
      const same = before.package === code && (before.bonus !== null) === withCode;
      if (!same) throw new Refused("idempotency_conflict");
      return { replayed: true, status: before.status };
    }
    this.requireActive();
    if (withCode) this.reserveBonus();
    this.purchases.set(key, { package: code, status: "open", bonus: withCode ? "reserved" : null });
    return { replayed: false, status: "open" };
  }

  /** What was reserved for a page that was left goes along; what is paid or about to be does not. */
  private reserveBonus(): void {
    for (const purchase of this.purchases.values()) {
      if (purchase.bonus === "reserved" && purchase.status === "open") this.release(purchase);
    }
    if (!this.bonusIsFree) throw new Refused("promo_code_not_valid");
    this.campaigns.bonus++;
  }

  /** A person has it once, and nobody else is here. */
  private get bonusIsFree(): boolean {
    return this.campaigns.bonus === 0;
  }

  private release(purchase: Purchase): void {
    if (purchase.bonus !== "reserved") return;
    purchase.bonus = "released";
    this.campaigns.bonus--;
  }

  /** Stripe is read, and says this. */
  hear(key: string, status: string): { credited: boolean; status: string } | null {
    const purchase = this.purchases.get(key);
    if (!purchase) return null;
    const before = purchase.status;
    if (before === "paid") return { credited: false, status: "paid" };
    purchase.status = status;
    if (status === "expired" || status === "failed") this.release(purchase);
    if (status === "failed" && before !== "failed") this.tellOnce(key);
    if (status !== "paid") return { credited: false, status };
    this.creditPurchase(purchase);
    return { credited: true, status };
  }

  private tellOnce(key: string): void {
    if (!this.#failed.has(key)) this.told.push("payment_failed");
    this.#failed.add(key);
  }

  private creditPurchase(purchase: Purchase): void {
    const { priceCents, creditMicros, bonusMicros, lifetime, bonusLifetime } = this
      .packages[purchase.package]!;
    const paid = BigInt(priceCents) * 10_000n;
    const bonus = creditMicros + bonusMicros - paid;
    this.grant("purchase", "paid", paid, "stripe_clearing", this.ends(lifetime));
    if (bonus > 0n) {
      this.grant("bonus", "promotional", bonus, "promotional_expense", this.ends(bonusLifetime));
    }
    this.told.push("purchase_confirmed");
    if (purchase.bonus === "released" && this.bonusIsFree) {
      this.campaigns.bonus++;
      purchase.bonus = "reserved";
    }
    if (purchase.bonus === "reserved") {
      this.promote(this.offers.bonus);
      purchase.bonus = "granted";
    }
  }

  // -- Codes -----------------------------------------------------------------------------------------------------------

  private promote({ amount, lifetime }: Offer): void {
    this.grant("promotion", "promotional", amount, "promotional_expense", this.ends(lifetime));
  }

  redeem(): { status: string; replayed: boolean } {
    this.requireActive();
    const replayed = this.campaigns.free > 0;
    if (!replayed) {
      this.campaigns.free++;
      this.promote(this.offers.free);
    }
    return { status: "granted", replayed };
  }

  // -- Expiry ----------------------------------------------------------------------------------------------------------

  /** The sweep books what is gone and nobody holds. */
  expire(): void {
    this.bookBreakage(this.now);
  }

  /** What expires next: soonest first, at most ten instants. */
  get expiring(): { expires_at: number; amount_micros: bigint }[] {
    const ahead = this.grants.filter(({ remaining, expiresAt }) =>
      remaining > 0n && (expiresAt ?? 0) > this.now
    );
    const instants = [...new Set(ahead.map(({ expiresAt }) => expiresAt!))].sort((a, b) => a - b).slice(
      0,
      10,
    );
    return instants.map((at) => ({
      expires_at: at,
      amount_micros: total(
        ahead.filter(({ expiresAt }) => expiresAt === at).map(({ remaining }) => remaining),
      ),
    }));
  }

  private changeable(line: number) {
    const grant = this.grants.find((grant) => grant.line === line);
    if (!grant) throw new Refused("grant_not_found");
    if (grant.remaining === 0n) throw new Refused("grant_not_changeable");
    return grant;
  }

  extendGrant(line: number, lifetime: number | null) {
    const grant = this.changeable(line);
    const until = this.ends(lifetime);
    if (grant.expiresAt === null || (until !== null && until <= Math.max(grant.expiresAt, this.now))) {
      throw new Refused("invalid_request");
    }
    grant.expiresAt = until;
    return { grant_id: line, remaining_micros: grant.remaining };
  }

  voidGrant(line: number, reason: string) {
    const grant = this.changeable(line);
    const counterAccount = grant.source === "promotional" ? "promotional_expense" : "adjustment";
    const amount = -grant.remaining;
    const posted = this.post({ kind: "adjustment", amount, counterAccount, reverses: line, reason });
    posted.entries.set(line, amount);
    grant.remaining = 0n;
    return { grant_id: line, remaining_micros: 0n };
  }
}
