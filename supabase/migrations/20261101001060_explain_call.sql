-- Explaining a call: how its price came to be, step by step, as data and as a sentence.

create function private.explain_payments(p_call public.call_logs) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'line', t.line, 'kind', t.kind, 'grant_id', g.id, 'amount_micros', -e.amount_micros, 'source', g.source,
    'purchase_id', g.purchase_id, 'purchased_at', p.paid_at, 'price_cents', p.price_cents, 'payment_intent_id', p.payment_intent_id)
    order by t.line, g.id), '[]')
  from public.transactions t
  join public.grant_entries e on e.user_id = t.user_id and e.line = t.line
  join public.credit_grants g on g.user_id = e.user_id and g.id = e.grant_id
  left join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id
  where t.user_id = p_call.user_id and t.call_id = p_call.id
$$;
comment on function private.explain_payments(public.call_logs) is 'Which grants paid for a call or got credit back from it, with the purchases behind them.';

create function private.explain_rounding(p_call public.call_logs) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'numerator', p_call.billed_seconds * (p_call.rate).per_minute_micros, 'denominator', 60,
    'mode', (p_call.rate).rounding_mode, 'precision_micros', (p_call.rate).precision_micros,
    'rounded_micros', (p_call.rate).precision_micros * private.round_quotient(
      p_call.billed_seconds * (p_call.rate).per_minute_micros, 60 * (p_call.rate).precision_micros, (p_call.rate).rounding_mode))
$$;
comment on function private.explain_rounding(public.call_logs) is 'The one division and the one rounding behind a call''s cost.';

create function private.explain_sentence(p_call public.call_logs, p_currency text) returns text
language sql stable set search_path = ''
as $$
  select case
    when p_call.status <> 'ended' then 'This call is not over; it is priced when it ends.'
    when p_call.cost_micros = 0 then 'This call to ' || p_call.destination_masked || ' cost nothing.'
    else format('%s s to %s%s at %s a minute (plan %s) are billed as %s s in steps of %s/%s: %s%s%s.',
      p_call.duration_seconds, p_call.destination_masked,
      case when (p_call.rate).free_seconds > 0 then format(', %s s of them free,', least((p_call.rate).free_seconds, p_call.duration_seconds)) else '' end,
      private.format_micros((p_call.rate).per_minute_micros, p_currency), (p_call.rate).rate_plan, p_call.billed_seconds,
      (p_call.rate).initial_increment_seconds, (p_call.rate).increment_seconds, private.format_micros(p_call.cost_micros, p_currency),
      case when (p_call.rate).connection_fee_micros > 0
        then ', connection fee ' || private.format_micros((p_call.rate).connection_fee_micros, p_currency) || ' included' else '' end,
      case when p_call.cost_micros = (p_call.rate).minimum_charge_micros then ', the minimum charge' else '' end)
  end
  || case when p_call.unbilled_seconds > 0 then format(' %s s more were not charged.', p_call.unbilled_seconds) else '' end
  || case when p_call.rerated_micros <> 0 then format(' Rated anew: %s.', private.format_micros(p_call.rerated_micros, p_currency)) else '' end
  || case when p_call.refunded_micros > 0 then format(' Refunded: %s.', private.format_micros(p_call.refunded_micros, p_currency)) else '' end
$$;
comment on function private.explain_sentence(public.call_logs, text) is 'A call''s price in words.';

create function public.explain_call(call_id text, user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(explain_call.user_id);
  v_call public.call_logs;
  v_currency text := (select u.currency from public.users u where u.id = v_user_id);
begin
  select * into v_call from public.call_logs c where c.user_id = v_user_id and c.id = explain_call.call_id;
  if not found then
    perform private.raise_error('call_not_found', jsonb_build_object('call_id', left(explain_call.call_id, 128)));
  end if;
  return jsonb_build_object(
    'call_id', v_call.id, 'status', v_call.status, 'destination', v_call.destination_masked, 'currency', v_currency,
    'sentence', private.explain_sentence(v_call, v_currency),
    'rate', private.rate_json(v_call.rate),
    'duration_seconds', v_call.duration_seconds, 'free_seconds', least((v_call.rate).free_seconds, v_call.duration_seconds),
    'billed_seconds', v_call.billed_seconds, 'unbilled_seconds', v_call.unbilled_seconds,
    'rounding', case when v_call.status = 'ended' then private.explain_rounding(v_call) end,
    'connection_fee_micros', case when v_call.cost_micros > 0 then (v_call.rate).connection_fee_micros else 0 end,
    'minimum_charge_micros', (v_call.rate).minimum_charge_micros,
    'cost_micros', v_call.cost_micros, 'rerated_micros', v_call.rerated_micros, 'refunded_micros', v_call.refunded_micros,
    'net_micros', v_call.cost_micros + v_call.rerated_micros - v_call.refunded_micros,
    'payments', private.explain_payments(v_call));
end
$$;
comment on function public.explain_call(text, uuid) is
  'How a call''s price came to be: rate version, increments, rounding, the grants that paid and the purchases behind them, and a sentence. Raises call_not_found.';
grant execute on function public.explain_call(text, uuid) to authenticated, service_role;
