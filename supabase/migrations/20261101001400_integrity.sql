-- Integrity: the invariants of the books, as a query.
--
-- `private.check_integrity()` returns what violates them; no row is the pass. Tests call it after every suite, operators whenever they like.

create function private.check_wallets() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  with books as (
    select u.id, u.balance_micros, u.held_micros, u.last_line,
      coalesce(t.total, 0) as journal_micros, coalesce(t.lines, 0) as lines, coalesce(t.newest, 0) as newest_line,
      coalesce((select n.balance_after_micros from public.transactions n where n.user_id = u.id and n.line = u.last_line), 0) as newest_balance_micros,
      coalesce((select sum(g.remaining_micros) from public.credit_grants g where g.user_id = u.id), 0) as granted_micros,
      coalesce((select sum(c.hold_micros) from public.call_logs c where c.user_id = u.id and c.status <> 'ended'), 0) as hold_micros
    from public.users u
    left join (select t.user_id, sum(t.amount_micros) as total, count(*) as lines, max(t.line) as newest
      from public.transactions t group by t.user_id) t on t.user_id = u.id
  )
  select 'balance_is_not_the_sum_of_the_journal', b.id, to_jsonb(b) from books b where b.balance_micros <> b.journal_micros
  union all
  select 'balance_is_not_the_newest_balance_after', b.id, to_jsonb(b) from books b where b.balance_micros <> b.newest_balance_micros
  union all
  select 'lines_have_a_gap', b.id, to_jsonb(b) from books b where b.lines <> b.newest_line or b.last_line <> b.newest_line
  union all
  select 'grants_do_not_sum_to_the_balance', b.id, to_jsonb(b) from books b where b.granted_micros <> greatest(b.balance_micros, 0)
  union all
  select 'held_is_not_the_sum_of_the_holds', b.id, to_jsonb(b) from books b where b.held_micros <> b.hold_micros
  union all
  select 'balance_after_does_not_follow', t.user_id, to_jsonb(t)
    from (select t.*, lag(t.balance_after_micros, 1, 0::bigint) over (partition by t.user_id order by t.line) as before_micros
      from public.transactions t) t
    where t.balance_after_micros <> t.before_micros + t.amount_micros
$$;
comment on function private.check_wallets() is 'Wallets against journal, grants and holds.';

create function private.check_grants() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select 'grant_remaining_is_not_the_sum_of_its_entries', g.user_id, to_jsonb(g)
    from public.credit_grants g
    where g.remaining_micros <> coalesce((select sum(e.amount_micros) from public.grant_entries e
      where e.user_id = g.user_id and e.grant_id = g.id), 0)
  union all
  select 'grant_is_not_what_its_line_brought', g.user_id, to_jsonb(g)
    from public.credit_grants g join public.transactions t on t.user_id = g.user_id and t.line = g.id
    -- A correction brings a grant only for what could not go back to the old ones.
    where t.amount_micros <> g.granted_micros and t.kind not in ('call_refund', 'rerate', 'reinstatement')
  union all
  select 'line_does_not_move_its_grants', t.user_id, to_jsonb(t)
    from public.transactions t
    -- Debt is what no grant paid: how far the line took the balance below zero, or lifted it back.
    where coalesce((select sum(e.amount_micros) from public.grant_entries e where e.user_id = t.user_id and e.line = t.line), 0)
      <> greatest(t.balance_after_micros, 0) - greatest(t.balance_after_micros - t.amount_micros, 0)
$$;
comment on function private.check_grants() is 'Grants against their entries and journal lines.';

create function private.check_calls() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select 'call_is_not_charged_its_cost', c.user_id, jsonb_build_object('call_id', c.id, 'cost_micros', c.cost_micros)
    from public.call_logs c
    where c.status = 'ended' and c.cost_micros <> coalesce((select -sum(t.amount_micros) from public.transactions t
      where t.user_id = c.user_id and t.call_id = c.id and t.kind = 'call'), 0)
  union all
  select 'open_call_is_charged', c.user_id, jsonb_build_object('call_id', c.id)
    from public.call_logs c join public.transactions t on t.user_id = c.user_id and t.call_id = c.id and t.kind = 'call'
    where c.status <> 'ended'
  union all
  select 'correction_is_not_in_the_journal', c.user_id, jsonb_build_object('call_id', c.id,
      'rerated_micros', c.rerated_micros, 'refunded_micros', c.refunded_micros)
    from public.call_logs c
    where c.rerated_micros <> coalesce((select -sum(t.amount_micros) from public.transactions t
        where t.user_id = c.user_id and t.call_id = c.id and t.kind = 'rerate'), 0)
      or c.refunded_micros <> coalesce((select sum(t.amount_micros) from public.transactions t
        where t.user_id = c.user_id and t.call_id = c.id and t.kind = 'call_refund'), 0)
  union all
  select 'call_cost_does_not_follow_from_its_rate', c.user_id, jsonb_build_object('call_id', c.id, 'cost_micros', c.cost_micros)
    from public.call_logs c
    where c.status = 'ended' and c.cost_micros <> private.call_cost(c.duration_seconds, c.rate)
  union all
  select 'hold_is_not_the_cost_of_what_it_authorizes', c.user_id, jsonb_build_object('call_id', c.id, 'hold_micros', c.hold_micros)
    from public.call_logs c
    where c.status <> 'ended' and c.hold_micros <> private.call_cost(c.authorized_seconds, c.rate)
$$;
comment on function private.check_calls() is 'Calls against the journal, their rates and their holds.';

create function private.check_purchases() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select 'paid_purchase_is_not_credited_what_it_brings', p.user_id, jsonb_build_object('purchase_id', p.id)
    from public.purchases p
    where p.status = 'paid' and p.credit_micros + p.bonus_micros <> coalesce((select sum(t.amount_micros) from public.transactions t
      where t.user_id = p.user_id and t.purchase_id = p.id and t.kind in ('purchase', 'bonus')), 0)
  union all
  select 'unpaid_purchase_is_credited', p.user_id, jsonb_build_object('purchase_id', p.id)
    from public.purchases p join public.transactions t on t.user_id = p.user_id and t.purchase_id = p.id and t.kind in ('purchase', 'bonus')
    where p.status <> 'paid'
  union all
  select 'session_pays_two_purchases', min(p.user_id::text)::uuid, jsonb_build_object('stripe_session_id', p.stripe_session_id)
    from public.purchases p where p.stripe_session_id is not null group by p.stripe_session_id having count(*) > 1
  union all
  select 'stripe_clearing_is_not_what_was_paid_and_kept', null, jsonb_build_object('journal_micros', t.micros, 'kept_micros', p.micros)
    from (select coalesce(sum(t.amount_micros), 0) as micros from public.transactions t where t.counter_account = 'stripe_clearing') t,
      (select coalesce(sum(k.paid_micros - private.clawback_target(k.paid_micros, k.purchase)), 0) as micros
        from (select (p.paid_cents - p.tax_cents) * 10000 as paid_micros, p as purchase from public.purchases p where p.status = 'paid') k) p
    where t.micros <> p.micros
$$;
comment on function private.check_purchases() is 'Purchases against the journal, and stripe_clearing against what was paid and has not been returned.';

create function private.check_returns() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  with returned as (
    select p.user_id, p.id, p.status, p.refunded_cents, p.disputed_cents, p.clawed_back_micros, p as purchase,
      coalesce((select sum(r.amount_cents) from public.purchase_refunds r where r.user_id = p.user_id and r.purchase_id = p.id
        and r.status in ('pending', 'requires_action', 'succeeded')), 0) as refunds_cents,
      coalesce((select sum(d.withdrawn_cents - d.reinstated_cents) from public.purchase_disputes d
        where d.user_id = p.user_id and d.purchase_id = p.id), 0) as disputes_cents,
      t.granted_micros, t.bonus_micros, t.clawed_micros
    from public.purchases p
    left join lateral (
      select coalesce(sum(t.amount_micros) filter (where t.kind = 'purchase'), 0) as granted_micros,
        coalesce(sum(t.amount_micros) filter (where t.kind in ('bonus', 'promotion')), 0) as bonus_micros,
        -coalesce(sum(t.amount_micros) filter (where t.kind in ('clawback', 'reinstatement')), 0) as clawed_micros
      from public.transactions t where t.user_id = p.user_id and t.purchase_id = p.id) t on true
  )
  select 'purchase_is_not_returned_what_refunds_and_disputes_say', r.user_id, jsonb_build_object('purchase_id', r.id,
      'refunded_cents', r.refunded_cents, 'disputed_cents', r.disputed_cents)
    from returned r where r.refunded_cents <> r.refunds_cents or r.disputed_cents <> r.disputes_cents
  union all
  select 'purchase_is_not_clawed_back_what_was_returned', r.user_id, jsonb_build_object('purchase_id', r.id, 'clawed_micros', r.clawed_micros)
    from returned r
    where r.clawed_micros <> r.clawed_back_micros or r.clawed_micros <> case when r.status = 'paid'
      then private.clawback_target(r.granted_micros, r.purchase) + private.clawback_target(r.bonus_micros, r.purchase) else 0 end
$$;
comment on function private.check_returns() is 'Refunds and disputes against their purchases, and the credit taken back against the formula of the clawback.';

create function private.check_promotions() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select 'campaign_is_not_what_was_redeemed', null::uuid, jsonb_build_object('campaign', c.name, 'redeemed_count', c.redeemed_count)
    from private.campaigns c left join lateral (
      select count(*) as redeemed_count, coalesce(sum(r.amount_micros), 0) as redeemed_micros from public.redemptions r
      where r.campaign = c.name and r.status <> 'released') r on true
    where (c.redeemed_count, c.redeemed_micros) is distinct from (r.redeemed_count, r.redeemed_micros)
  union all
  select 'code_is_not_redeemed_as_often_as_it_says', null, jsonb_build_object('code', p.code, 'redeemed_count', p.redeemed_count)
    from private.promo_codes p
    where p.redeemed_count <> (select count(*) from public.redemptions r where r.code = p.code and r.status <> 'released')
  union all
  select 'redemption_is_not_its_grant', r.user_id, jsonb_build_object('redemption_id', r.id, 'grant_id', r.grant_id)
    from public.redemptions r join public.credit_grants g on g.user_id = r.user_id and g.id = r.grant_id
    where r.amount_micros <> g.granted_micros or r.purchase_id is distinct from g.purchase_id
$$;
comment on function private.check_promotions() is 'Campaigns and codes against what was redeemed, and redemptions against their grants.';

create function private.check_integrity() returns table (violation text, user_id uuid, details jsonb)
language sql stable set search_path = ''
as $$
  select * from private.check_wallets()
  union all select * from private.check_grants()
  union all select * from private.check_calls()
  union all select * from private.check_purchases()
  union all select * from private.check_returns()
  union all select * from private.check_receipts()
  union all select * from private.check_promotions()
  union all
  select 'trial_balance_is_not_zero', null, jsonb_build_object('sum_micros', sum(b.balance_micros))
    from reporting.trial_balance b having sum(b.balance_micros) <> 0
$$;
comment on function private.check_integrity() is 'Every violated invariant of the books. No row is the pass.';
