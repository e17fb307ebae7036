-- Corrections: refunding a call and rating calls anew.
--
-- What was settled stands; a correction is a new journal line that names the line it corrects. A debt is paid first; the rest returns to the grants that
-- paid (`private.return_credit`).

create function private.post_call_credit(p_call public.call_logs, p_kind text, p_amount_micros bigint, p_description text, p_reason text)
returns public.transactions
language plpgsql volatile set search_path = ''
as $$
declare
  v_before bigint := (select u.balance_micros from public.users u where u.id = p_call.user_id);
  v_transaction public.transactions;
begin
  v_transaction := private.post_transaction(p_call.user_id, p_kind, p_amount_micros, 'call_revenue', p_description, p_call_id => p_call.id,
    p_reverses_line => (select t.line from public.transactions t where t.user_id = p_call.user_id and t.call_id = p_call.id and t.kind = 'call'),
    p_reason => p_reason);
  perform private.return_credit(p_call.user_id, v_transaction.line,
    greatest(v_transaction.balance_after_micros, 0) - greatest(v_before, 0),
    array(select t.line from public.transactions t where t.user_id = p_call.user_id and t.call_id = p_call.id), p_call.started_at);
  return v_transaction;
end
$$;
comment on function private.post_call_credit(public.call_logs, text, bigint, text, text) is 'Posts a credit that corrects a call and returns it to the grants that paid, less what pays a debt.';

create function public.refund_call(user_id uuid, call_id text, reason text, amount_micros bigint default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call public.call_logs := private.lock_call(refund_call.user_id, refund_call.call_id);
  v_paid bigint := v_call.cost_micros + v_call.rerated_micros;
  v_amount bigint := coalesce(refund_call.amount_micros, v_paid);
  v_earlier public.transactions;
  v_transaction public.transactions;
begin
  if coalesce(trim(refund_call.reason), '') = '' then
    perform private.raise_error('invalid_request', '{"parameter": "reason", "problem": "required"}');
  end if;
  select * into v_earlier from public.transactions t
    where t.user_id = v_call.user_id and t.call_id = v_call.id and t.kind = 'call_refund';
  if found then
    if (v_earlier.amount_micros, v_earlier.reason) is distinct from (coalesce(refund_call.amount_micros, v_earlier.amount_micros), refund_call.reason) then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('call_id', v_call.id, 'refunded_micros', v_earlier.amount_micros));
    end if;
    return private.show_call(v_call, private.clock(), true);
  end if;
  if v_call.status <> 'ended' or v_paid = 0 or v_amount not between 1 and v_paid then
    perform private.raise_error('refund_not_possible', jsonb_build_object(
      'call_id', v_call.id, 'status', v_call.status, 'paid_micros', v_paid, 'amount_micros', v_amount));
  end if;
  v_transaction := private.post_call_credit(v_call, 'call_refund', v_amount, 'Refund of call to ' || v_call.destination_masked, refund_call.reason);
  update public.call_logs c set refunded_micros = v_amount
    where c.user_id = v_call.user_id and c.id = v_call.id returning * into v_call;
  return private.show_call(v_call, private.clock());
end
$$;
comment on function public.refund_call(uuid, text, text, bigint) is
  'Gives back a call''s cost, whole or in part, once, with a reason. The same request again answers the same. Secret key only. Raises call_not_found, invalid_request, refund_not_possible, idempotency_conflict.';

create function private.rerate_call(p_call public.call_logs, p_new_cost bigint, p_reason text) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_difference bigint := p_new_cost - p_call.cost_micros - p_call.rerated_micros;
  v_user public.users;
  v_line bigint;
begin
  v_user := private.lock_user(p_call.user_id);
  if v_difference < 0 then
    -- What was refunded already is not given back twice.
    v_difference := -least(-v_difference, p_call.cost_micros + p_call.rerated_micros - p_call.refunded_micros);
    if v_difference < 0 then
      perform private.post_call_credit(p_call, 'rerate', -v_difference, 'Call to ' || p_call.destination_masked || ' rated anew', p_reason);
    end if;
  elsif v_difference > 0 then
    -- A correction makes no debt: it takes what is there.
    v_difference := least(v_difference, greatest(private.available_micros(v_user, private.clock()) - v_user.credit_limit_micros, 0));
    if v_difference > 0 then
      v_line := (private.post_transaction(p_call.user_id, 'rerate', -v_difference, 'call_revenue',
        'Call to ' || p_call.destination_masked || ' rated anew', p_call_id => p_call.id, p_reason => p_reason,
        p_reverses_line => (select t.line from public.transactions t
          where t.user_id = p_call.user_id and t.call_id = p_call.id and t.kind = 'call'))).line;
      perform private.spend_credit(p_call.user_id, v_line, v_difference, private.clock());
    end if;
  end if;
  update public.call_logs c set rerated_micros = c.rerated_micros + v_difference
    where c.user_id = p_call.user_id and c.id = p_call.id and v_difference <> 0;
  return v_difference;
end
$$;
comment on function private.rerate_call(public.call_logs, bigint, text) is
  'Brings a call''s cost to a new one with a journal line, as far as credit and earlier refunds allow. Returns the change.';

create function public.rerate_calls(
  rate_plan text, started_from timestamptz, started_before timestamptz, reason text, user_id uuid default null, dry_run boolean default true
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call public.call_logs;
  v_rate public.rates;
  v_new_cost bigint;
  v_due bigint;
  v_done bigint;
  v_lines jsonb := '[]';
  v_due_total bigint := 0;
  v_done_total bigint := 0;
begin
  if coalesce(trim(rerate_calls.reason), '') = '' then
    perform private.raise_error('invalid_request', '{"parameter": "reason", "problem": "required"}');
  end if;
  if not exists (select from public.rate_plans p where p.code = rerate_calls.rate_plan) then
    perform private.raise_error('rate_plan_not_found', jsonb_build_object('rate_plan', rerate_calls.rate_plan));
  end if;
  -- By user, so that two runs at once lock the wallets in the same order.
  for v_call in
    select * from public.call_logs c
    -- Of a deleted user nobody knows any more where they called.
    where c.status = 'ended' and c.destination_ciphertext is not null and c.started_at >= rerate_calls.started_from and c.started_at < rerate_calls.started_before
      and (rerate_calls.user_id is null or c.user_id = rerate_calls.user_id)
    order by c.user_id, c.started_at, c.id
  loop
    if not rerate_calls.dry_run then
      v_call := private.lock_call(v_call.user_id, v_call.id);
    end if;
    v_rate := private.find_rate(rerate_calls.rate_plan, private.decrypt_destination(v_call.destination_ciphertext), v_call.started_at);
    v_new_cost := private.call_cost(v_call.duration_seconds, v_rate);
    -- What was refunded already is not given back twice.
    v_due := greatest(v_new_cost, v_call.refunded_micros) - v_call.cost_micros - v_call.rerated_micros;
    continue when v_due = 0;
    v_done := case when rerate_calls.dry_run then 0 else private.rerate_call(v_call, v_new_cost, rerate_calls.reason) end;
    v_due_total := v_due_total + v_due;
    v_done_total := v_done_total + v_done;
    v_lines := v_lines || jsonb_build_object('user_id', v_call.user_id, 'call_id', v_call.id,
      'was_micros', v_call.cost_micros + v_call.rerated_micros, 'would_be_micros', v_new_cost, 'difference_micros', v_due, 'posted_micros', v_done);
  end loop;
  return jsonb_build_object('dry_run', rerate_calls.dry_run, 'calls', v_lines, 'difference_micros', v_due_total, 'posted_micros', v_done_total);
end
$$;
comment on function public.rerate_calls(text, timestamptz, timestamptz, text, uuid, boolean) is
  'Rates ended calls of a period anew under another plan. A dry run, the default, shows each difference and posts nothing; a second run finds nothing left to do. Secret key only. Raises invalid_request, rate_plan_not_found, destination_not_rated.';

grant execute on function public.refund_call(uuid, text, text, bigint) to service_role;
grant execute on function public.rerate_calls(text, timestamptz, timestamptz, text, uuid, boolean) to service_role;
