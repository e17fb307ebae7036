// Plays a story in the database: one transaction that is rolled back, so that its clock, settings and plan are seen by nobody
// else and nothing of it stays. One round trip plays it all.
import type { ReservedSql } from "postgres";
import { literal } from "../support/load.ts";
import type { Lived } from "./living.ts";
import { BEGIN, OFFERS, PACKAGES, type Story } from "./story.ts";

/** Each step runs at its instant and in a subtransaction of its own, as a request would; after it everything kept is read. */
const PLAYER = `
create function pg_temp.state(p_user_id uuid) returns jsonb language sql volatile as $$
  select jsonb_build_object(
    'wallet', public.get_balance(p_user_id),
    'lines', (select u.last_line from public.users u where u.id = p_user_id),
    'told', coalesce((select jsonb_agg(n.kind order by n.id) from public.notifications n where n.user_id = p_user_id), '[]'),
    'grants', coalesce((select jsonb_agg(jsonb_build_array(g.id, g.remaining_micros,
        (extract(epoch from g.expires_at) * 1000)::bigint) order by g.id)
      from public.credit_grants g where g.user_id = p_user_id), '[]'),
    'calls', coalesce((select jsonb_agg(jsonb_build_object('id', c.id, 'status', c.status, 'hold', c.hold_micros,
        'authorized', c.authorized_seconds, 'warned', c.warnings_sent, 'sweep_at', c.sweep_at, 'settled_by', c.settled_by,
        'proven', c.proven_seconds, 'cost', c.cost_micros, 'rerated', c.rerated_micros, 'refunded', c.refunded_micros, 'unbilled', c.unbilled_seconds) order by c.id)
      from public.call_logs c where c.user_id = p_user_id), '[]'),
    'purchases', coalesce((select jsonb_agg(jsonb_build_array(p.idempotency_key, p.status,
        (select r.status from public.redemptions r where r.user_id = p.user_id and r.purchase_id = p.id)) order by p.idempotency_key)
      from public.purchases p where p.user_id = p_user_id), '[]'),
    'campaigns', (select jsonb_object_agg(substr(c.name, 7), c.redeemed_count) from private.campaigns c where c.name like 'story\\_%'))
$$;
create function pg_temp.play(p_user_id uuid, p_steps jsonb) returns jsonb language plpgsql as $$
declare
  v_step jsonb;
  v_answer jsonb;
  v_played jsonb[] := '{}';
begin
  for v_step in select * from jsonb_array_elements(p_steps) loop
    perform private.set_clock((v_step ->> 'at')::timestamptz, 0);
    begin
      v_answer := null;
      execute v_step ->> 'sql' into v_answer;
    exception when others then
      v_answer := jsonb_build_object('refused', sqlerrm);
    end;
    v_played := v_played || jsonb_build_object('answer', v_answer, 'state', pg_temp.state(p_user_id));
  end loop;
  return to_jsonb(v_played);
end
$$;`;

export async function prepareStage(connection: ReservedSql): Promise<void> {
  await connection.unsafe(PLAYER);
}

/** What became of a grant: what it brought is what was spent, expired, was taken back, and remains. */
export interface GrantAccount {
  granted: number;
  brought: number;
  spent: number;
  expired: number;
  withdrawn: number;
  remaining: number;
}

export interface Played {
  // deno-lint-ignore no-explicit-any -- compared key by key with what the model says
  steps: { answer: any; state: any }[];
  lines: Record<string, unknown>[];
  entries: [line: number, grant: number, amount: number][];
  grants: GrantAccount[];
  violations: unknown[];
}

export async function play(
  connection: ReservedSql,
  story: Story,
  userId: string,
  lived: Lived[],
): Promise<Played> {
  const user = literal(userId);
  const script = lived.map(({ at, sql }) => ({ at: new Date(at).toISOString(), sql }));
  await connection.unsafe(`begin; ${setting(story, userId)}`);
  try {
    const [row] = await connection.unsafe(
      `select pg_temp.play(${user}, ${literal(JSON.stringify(script))}::jsonb) as steps`,
    );
    const lines = await connection.unsafe(
      `select kind, amount_micros::float8 as amount, counter_account, call_id, reason,
      reverses_line::integer as reverses, balance_after_micros::float8 as balance_after from public.transactions where user_id = ${user} order by line`,
    );
    const entries = await connection.unsafe(`select line::integer, grant_id::integer, amount_micros::float8
      from public.grant_entries where user_id = ${user} order by line, grant_id`).values();
    const grants = await connection.unsafe(
      `select g.granted_micros::float8 as granted, g.remaining_micros::float8 as remaining,
        coalesce(sum(e.amount_micros) filter (where e.line = g.id), 0)::float8 as brought,
        -coalesce(sum(e.amount_micros) filter (where e.line <> g.id and t.kind in ('call', 'call_refund', 'rerate')), 0)::float8 as spent,
        -coalesce(sum(e.amount_micros) filter (where t.kind = 'expiry'), 0)::float8 as expired,
        -coalesce(sum(e.amount_micros) filter (where e.line <> g.id and t.kind = 'adjustment'), 0)::float8 as withdrawn
      from public.credit_grants g
      left join public.grant_entries e on e.user_id = g.user_id and e.grant_id = g.id
      left join public.transactions t on t.user_id = e.user_id and t.line = e.line
      where g.user_id = ${user} group by g.user_id, g.id order by g.id`,
    );
    const violations = story.audited
      ? await connection.unsafe(
        `select violation, details from private.check_integrity() where user_id = ${user} or user_id is null`,
      )
      : [];
    return {
      steps: row!.steps,
      lines: [...lines],
      entries: [...entries] as never,
      grants: [...grants] as never,
      violations: [...violations],
    };
  } finally {
    await connection.unsafe("rollback");
  }
}

function setting({ settings, rate }: Story, userId: string): string {
  const values = {
    hold_quantum_seconds: settings.quantum,
    heartbeat_interval_seconds: settings.heartbeatInterval,
    heartbeat_timeout_seconds: settings.heartbeatTimeout,
    ring_timeout_seconds: settings.ringTimeout,
    end_grace_seconds: settings.endGrace,
    max_call_seconds: settings.maxCall,
    checkout_limit_per_hour: 1_000_000,
    promo_attempts_per_hour: 1_000_000,
    allowed_redirect_origins: ["http://localhost:*"],
  };
  const statements = Object.entries(values).map(([name, value]) =>
    `update private.settings set value = ${literal(JSON.stringify(value))}::jsonb where name = '${name}'`
  );
  const days = (lifetime: number | null) => lifetime === null ? "null" : lifetime / 86_400;
  for (const [code, item] of Object.entries(PACKAGES)) {
    statements.push(
      `insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros, valid_days, bonus_valid_days)
      values ('${code}', 'Story', ${item.priceCents}, ${item.creditMicros}, ${item.bonusMicros}, ${
        days(item.lifetime)
      }, ${days(item.bonusLifetime)})`,
    );
  }
  const offer = (
    name: string,
    kind: string,
    code: string,
    { amount, lifetime }: typeof OFFERS.free | typeof OFFERS.bonus,
  ) =>
    `insert into private.campaigns (name, kind, amount_micros, valid_days, starts_at, created_at)
      values ('${name}', '${kind}', ${amount}, ${days(lifetime)}, '-infinity', now());
    insert into private.promo_codes (code, campaign, created_at) values ('${code}', '${name}', now())`;
  statements.push(offer("story_free", "free_credit", "ST0RYFREE", OFFERS.free));
  statements.push(offer("story_bonus", "fixed_bonus", "ST0RYADD", OFFERS.bonus));
  return [
    // Days are days of UTC, whatever the session's zone.
    `set local timezone to 'Pacific/Auckland'`,
    ...statements,
    `insert into public.rate_plans (code, name) values ('story', 'Story')`,
    `insert into public.rates (rate_plan, prefix, per_minute_micros, connection_fee_micros, initial_increment_seconds,
      increment_seconds, free_seconds, minimum_charge_micros, rounding_mode, precision_micros) values ('story', '', ${rate.perMinute},
      ${rate.connectionFee}, ${rate.initial}, ${rate.increment}, ${rate.free}, ${rate.minimum}, '${rate.mode}', ${rate.precision})`,
    `select private.set_clock('${new Date(BEGIN).toISOString()}', 0)`,
    `insert into auth.users (id) values (${literal(userId)})`,
  ].join("; ");
}
