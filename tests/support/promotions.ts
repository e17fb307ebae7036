// Campaigns and what came of them, as races and stories need them.
import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { type Outcome, tally } from "./load.ts";

/** A new campaign with these codes; its name is its own. */
export async function newCampaign(
  sql: Sql,
  campaign: Record<string, unknown>,
  codes: string[],
  codeLimit: number | null = null,
): Promise<string> {
  const name = `race_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
  await sql`select public.create_campaign(${sql.json({ name, ...campaign } as never)}, 'race')`;
  await sql`select public.add_promo_codes(${name}, 'race', ${codes}, 0, ${codeLimit})`;
  return name;
}

/** A code nobody has: of letters and digits that are kept as they are. */
export const newCode = (): string => crypto.randomUUID().replaceAll("-", "").slice(0, 20).toUpperCase();

/** How often each outcome happened, refusals by their problem: `{ granted: 10, used_up: 90 }`. */
export function tallyCodes(outcomes: Outcome[]): Record<string, number> {
  return tally(outcomes.map((outcome) => {
    if (!outcome.ok) return outcome;
    const { code, details, message, status } = outcome.answer;
    const refused = String(code).startsWith("PT") ? JSON.parse(details).problem ?? message : undefined;
    return { ok: false, code: refused ?? status, sqlstate: "", details: "" };
  }));
}

export interface Given {
  count: number;
  micros: number;
}

/** What a campaign has given, when its counters are those of its redemptions. */
export async function givenBy(sql: Sql, campaign: string): Promise<Given> {
  const [row] = await sql`select c.redeemed_count as count, c.redeemed_micros::float8 as micros,
      (select count(*)::integer from public.redemptions r where r.campaign = c.name and r.status <> 'released') as standing,
      (select coalesce(sum(r.amount_micros), 0)::float8 from public.redemptions r where r.campaign = c.name and r.status <> 'released') as standing_micros,
      (select sum(p.redeemed_count)::integer from private.promo_codes p where p.campaign = c.name) as of_codes
    from private.campaigns c where c.name = ${campaign}`;
  const { count, micros, standing, standing_micros, of_codes } = row!;
  assert.deepEqual({ count, micros, of_codes }, {
    count: standing,
    micros: standing_micros,
    of_codes: standing,
  });
  return { count, micros };
}

/** Each grant of these people: what it brought is what was spent, expired, was taken back, and remains. */
export async function assertGrantsAccountedFor(sql: Sql, userIds: string[]): Promise<void> {
  const wrong = await sql`select * from (
    select g.user_id, g.id, g.remaining_micros,
      coalesce(sum(e.amount_micros) filter (where e.line = g.id), 0) as brought,
      -coalesce(sum(e.amount_micros) filter (where e.line <> g.id and t.kind in ('call', 'call_refund', 'rerate')), 0) as spent,
      -coalesce(sum(e.amount_micros) filter (where t.kind = 'expiry'), 0) as expired,
      -coalesce(sum(e.amount_micros) filter (where e.line <> g.id and t.kind in ('adjustment', 'clawback', 'reinstatement')), 0) as withdrawn
    from public.credit_grants g
    left join public.grant_entries e on e.user_id = g.user_id and e.grant_id = g.id
    left join public.transactions t on t.user_id = e.user_id and t.line = e.line
    where g.user_id = any (${userIds}) group by g.user_id, g.id) g
    where g.brought <> g.spent + g.expired + g.withdrawn + g.remaining_micros or g.expired < 0`;
  assert.deepEqual([...wrong], []);
}
