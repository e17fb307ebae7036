-- History: what a person can read about their money.
--
-- A statement explains every cent: each line of the journal with the call or purchase behind it and the grants it moved, each grant with the
-- payment that brought it. Pages are keyed by line, so they stay put while new lines arrive.

create function public.get_statement(before_line bigint default null, page_size integer default 50, user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(get_statement.user_id);
  v_size integer := get_statement.page_size;
  v_lines jsonb;
begin
  if v_size is null or v_size not between 1 and 500 then
    perform private.raise_error('invalid_request', '{"parameter": "page_size", "problem": "1 to 500"}');
  end if;
  select coalesce(jsonb_agg(jsonb_build_object(
      'line', t.line, 'created_at', t.created_at, 'kind', t.kind, 'amount_micros', t.amount_micros, 'balance_after_micros', t.balance_after_micros,
      'description', t.description, 'call_id', t.call_id, 'purchase_id', t.purchase_id, 'reverses_line', t.reverses_line,
      'call', case when c.id is not null then jsonb_build_object('destination', c.destination_masked, 'duration_seconds', c.duration_seconds,
        'billed_seconds', c.billed_seconds, 'per_minute_micros', (c.rate).per_minute_micros, 'connection_fee_micros', (c.rate).connection_fee_micros,
        'increments', (c.rate).initial_increment_seconds || '/' || (c.rate).increment_seconds) end,
      'grants', coalesce(e.grants, '[]')) order by t.line desc), '[]') into v_lines
  from (
    select * from public.transactions t
    where t.user_id = v_user_id and t.line < coalesce(get_statement.before_line, 9223372036854775807)
    order by t.line desc limit v_size
  ) t
  left join public.call_logs c on c.user_id = t.user_id and c.id = t.call_id
  left join lateral (
    select jsonb_agg(jsonb_build_object('grant_id', e.grant_id, 'amount_micros', e.amount_micros, 'source', g.source,
      'purchase_id', g.purchase_id, 'payment_intent_id', p.payment_intent_id) order by e.grant_id) as grants
    from public.grant_entries e
    join public.credit_grants g on g.user_id = e.user_id and g.id = e.grant_id
    left join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id
    where e.user_id = t.user_id and e.line = t.line) e on true;
  return jsonb_build_object('lines', v_lines, 'next_before_line',
    -- Lines count down to 1 without a gap, so the last line of a page tells whether there is another.
    nullif((v_lines #>> '{-1,line}')::bigint, 1));
end
$$;
comment on function public.get_statement(bigint, integer, uuid) is
  'A page of the journal, newest first, each line explained. next_before_line asks for the next page; null means the end. Raises invalid_request.';
grant execute on function public.get_statement(bigint, integer, uuid) to authenticated, service_role;
