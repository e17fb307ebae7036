-- Clawback: credit follows the money that leaves again.
--
-- A refund or a dispute takes money back at Stripe; the credit it had brought is taken back with it. What has to be gone is computed from what Stripe says
-- now, never added up from what was heard:
--
--   returned = min(paid, refunded + withdrawn − reinstated)
--   clawback = granted × returned / paid − already clawed back
--
-- Without tax and bonus that is min(granted, refunded + withdrawn − reinstated) − already clawed back. So a refund and a dispute on the same charge take once,
-- and a refund that fails or a dispute that is won makes the clawback negative: a reinstatement. Bonus credit goes in the same proportion.
--
-- It is taken from what remains of the purchase's own grants, then from other credit, then as debt. Debt blocks calls and the next purchase pays it. Live calls
-- that are no longer covered are ended, the newest first, at their last proven second.

create function private.spend_purchase_grants(
  p_user_id uuid, p_purchase_id uuid, p_line bigint, p_amount_micros bigint, p_source text
) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_grant public.credit_grants;
  v_left bigint := p_amount_micros;
  v_part bigint;
begin
  for v_grant in
    select * from public.credit_grants g
    where g.user_id = p_user_id and g.purchase_id = p_purchase_id and g.remaining_micros > 0
    -- What was paid is taken from what was paid, and the bonus from the bonus, so that each source stays what it says it is.
    order by (g.source <> p_source), g.expires_at nulls last, g.id
  loop
    exit when v_left = 0;
    v_part := least(v_left, v_grant.remaining_micros);
    update public.credit_grants g set remaining_micros = g.remaining_micros - v_part where g.user_id = p_user_id and g.id = v_grant.id;
    insert into public.grant_entries (user_id, grant_id, line, amount_micros) values (p_user_id, v_grant.id, p_line, -v_part);
    v_left := v_left - v_part;
  end loop;
  return v_left;
end
$$;
comment on function private.spend_purchase_grants(uuid, uuid, bigint, bigint, text) is
  'Takes an amount from what remains of a purchase''s own grants, those of the named source first, for one journal line. Returns what they did not cover.';

create function private.clawback_target(p_granted_micros numeric, p_purchase public.purchases) returns bigint
language sql immutable set search_path = ''
as $$
  select case when coalesce(p_purchase.paid_cents, 0) = 0 then 0
    else floor(p_granted_micros * greatest(0, least(p_purchase.paid_cents, p_purchase.refunded_cents + p_purchase.disputed_cents))
      / p_purchase.paid_cents) end::bigint
$$;
comment on function private.clawback_target(numeric, public.purchases) is
  'How much of what a purchase granted has to be gone, given what Stripe has returned of the payment. In micro-units, rounded down.';

create function private.move_clawback(p_purchase public.purchases, p_counter_account text) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_granted bigint;
  v_clawed bigint;
  v_change bigint;
  v_before bigint;
  v_transaction public.transactions;
  v_money text;
  v_source text := case p_counter_account when 'promotional_expense' then 'promotional' else 'paid' end;
begin
  select coalesce(sum(t.amount_micros) filter (where t.kind in ('purchase', 'bonus', 'promotion')), 0),
      -coalesce(sum(t.amount_micros) filter (where t.kind in ('clawback', 'reinstatement')), 0)
    into v_granted, v_clawed
    from public.transactions t
    where t.user_id = p_purchase.user_id and t.purchase_id = p_purchase.id and t.counter_account = p_counter_account;
  v_change := private.clawback_target(v_granted, p_purchase) - v_clawed;
  v_money := private.format_micros(abs(v_change), p_purchase.currency);
  select u.balance_micros into v_before from public.users u where u.id = p_purchase.user_id;
  if v_change > 0 then
    v_transaction := private.post_transaction(p_purchase.user_id, 'clawback', -v_change, p_counter_account,
      'Credit of a returned payment taken back, ' || v_money, p_purchase.id);
    perform private.spend_credit(p_purchase.user_id, v_transaction.line,
      private.spend_purchase_grants(p_purchase.user_id, p_purchase.id, v_transaction.line,
        greatest(v_before, 0) - greatest(v_transaction.balance_after_micros, 0), v_source),
      private.clock());
  elsif v_change < 0 then
    v_transaction := private.post_transaction(p_purchase.user_id, 'reinstatement', -v_change, p_counter_account,
      'Credit restored, ' || v_money, p_purchase.id);
    perform private.return_credit(p_purchase.user_id, v_transaction.line,
      greatest(v_transaction.balance_after_micros, 0) - greatest(v_before, 0),
      array(select t.line from public.transactions t where t.user_id = p_purchase.user_id and t.purchase_id = p_purchase.id
        and t.kind in ('clawback', 'reinstatement') and t.counter_account = p_counter_account),
      (select min(t.created_at) from public.transactions t where t.user_id = p_purchase.user_id and t.purchase_id = p_purchase.id and t.kind = 'clawback'),
      v_source, p_purchase.id);
  end if;
  return v_change;
end
$$;
comment on function private.move_clawback(public.purchases, text) is
  'Brings what was taken back of one side of a purchase (paid against stripe_clearing, bonus against promotional_expense) to what has to be gone, with one journal line. Returns the change.';

create function private.settle_clawback(p_user_id uuid, p_purchase_id uuid) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
  v_accounts text[] := array['promotional_expense', 'stripe_clearing'];
  v_change bigint;
begin
  select * into v_purchase from public.purchases p where p.user_id = p_user_id and p.id = p_purchase_id;
  if v_purchase.status <> 'paid' then
    return 0;
  end if;
  -- Restoring undoes the last step first, or the part that made the debt would not be the part that pays it.
  if private.clawback_target(v_purchase.credit_micros + v_purchase.bonus_micros, v_purchase) < v_purchase.clawed_back_micros then
    v_accounts := array['stripe_clearing', 'promotional_expense'];
  end if;
  v_change := private.move_clawback(v_purchase, v_accounts[1]);
  v_change := v_change + private.move_clawback(v_purchase, v_accounts[2]);
  if v_change <> 0 then
    update public.purchases p set clawed_back_micros = p.clawed_back_micros + v_change where p.user_id = p_user_id and p.id = p_purchase_id;
    perform private.cut_uncovered_calls(p_user_id);
  end if;
  return v_change;
end
$$;
comment on function private.settle_clawback(uuid, uuid) is
  'Takes back, or restores, the credit of a purchase so that it fits what Stripe has returned of the payment. Needs the wallet''s lock. Returns the change in micro-units, positive for credit taken.';
