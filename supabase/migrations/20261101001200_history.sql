-- History: what a person can read about their money.
--
-- A statement explains every cent: each line of the journal with the call or purchase behind it and the grants it moved, each grant with the
-- payment that brought it. Pages are keyed by line, so they stay put while new lines arrive.

create function private.statement_line_json(p_transaction public.transactions) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'line', p_transaction.line, 'created_at', p_transaction.created_at, 'kind', p_transaction.kind,
    'amount_micros', p_transaction.amount_micros, 'balance_after_micros', p_transaction.balance_after_micros,
    'description', p_transaction.description, 'call_id', p_transaction.call_id, 'purchase_id', p_transaction.purchase_id,
    'reverses_line', p_transaction.reverses_line,
    'call', (
      select jsonb_build_object('destination', c.destination_masked, 'duration_seconds', c.duration_seconds, 'billed_seconds', c.billed_seconds,
        'per_minute_micros', (c.rate).per_minute_micros, 'connection_fee_micros', (c.rate).connection_fee_micros,
        'increments', (c.rate).initial_increment_seconds || '/' || (c.rate).increment_seconds)
      from public.call_logs c where c.user_id = p_transaction.user_id and c.id = p_transaction.call_id),
    'grants', coalesce((
      select jsonb_agg(jsonb_build_object('grant_id', e.grant_id, 'amount_micros', e.amount_micros, 'source', g.source,
        'purchase_id', g.purchase_id, 'payment_intent_id', p.payment_intent_id) order by e.grant_id)
      from public.grant_entries e
      join public.credit_grants g on g.user_id = e.user_id and g.id = e.grant_id
      left join public.purchases p on p.user_id = g.user_id and p.id = g.purchase_id
      where e.user_id = p_transaction.user_id and e.line = p_transaction.line), '[]'));
end
$$;
comment on function private.statement_line_json(public.transactions) is 'One journal line with everything that explains it.';

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
  select coalesce(jsonb_agg(private.statement_line_json(t::public.transactions) order by t.line desc), '[]') into v_lines
  from (
    select * from public.transactions t
    where t.user_id = v_user_id and t.line < coalesce(get_statement.before_line, 9223372036854775807)
    order by t.line desc limit v_size
  ) t;
  return jsonb_build_object('lines', v_lines, 'next_before_line',
    -- Lines count down to 1 without a gap, so the last line of a page tells whether there is another.
    nullif((v_lines #>> '{-1,line}')::bigint, 1));
end
$$;
comment on function public.get_statement(bigint, integer, uuid) is
  'A page of the journal, newest first, each line explained. next_before_line asks for the next page; null means the end. Raises invalid_request.';
grant execute on function public.get_statement(bigint, integer, uuid) to authenticated, service_role;

create function public.get_receipt(purchase_id uuid, user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  v_purchase := private.find_purchase_row(private.acting_user(get_receipt.user_id), get_receipt.purchase_id, null);
  if v_purchase.status <> 'paid' then
    perform private.raise_error('purchase_not_found', jsonb_build_object('status', v_purchase.status, 'problem', 'no receipt before payment'));
  end if;
  return jsonb_build_object(
    'purchase_id', v_purchase.id, 'reference', 'TT-' || upper(left(replace(v_purchase.id::text, '-', ''), 12)),
    'status', v_purchase.status, 'package_code', v_purchase.package_code,
    'package_name', (select c.name from public.credit_packages c where c.code = v_purchase.package_code),
    'currency', v_purchase.currency, 'price_cents', v_purchase.price_cents, 'tax_cents', v_purchase.tax_cents,
    'paid_cents', v_purchase.paid_cents, 'refunded_cents', 0,
    'credit_micros', v_purchase.price_cents * 10000,
    'bonus_micros', v_purchase.credit_micros + v_purchase.bonus_micros - v_purchase.price_cents * 10000,
    'paid_at', v_purchase.paid_at, 'payment_intent_id', v_purchase.payment_intent_id, 'receipt_url', v_purchase.receipt_url,
    'seller', private.setting('seller'));
end
$$;
comment on function public.get_receipt(uuid, uuid) is
  'What a receipt states about a paid purchase. Raises purchase_not_found, also before payment.';
grant execute on function public.get_receipt(uuid, uuid) to authenticated, service_role;
