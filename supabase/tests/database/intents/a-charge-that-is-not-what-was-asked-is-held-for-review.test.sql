begin;
\ir ../helpers.psql
select plan(12);

-- Auto-reload makes such a purchase before it charges the card.
create function pg_temp.reload(p_user_id uuid, p_key text) returns uuid language sql as $$
  insert into public.purchases (user_id, idempotency_key, package_code, origin, currency, price_cents, credit_micros, bonus_micros, livemode, success_url, cancel_url, created_at,
    next_check_at)
  values (p_user_id, p_key, 'credit_10', 'auto_reload', 'usd', 1000, 10000000, 0, false, '', '', private.clock(), private.clock()) returning id
$$;
create function pg_temp.charged(p_purchase_id uuid, p_differences jsonb default '{}') returns jsonb language sql as $$
  select public.apply_payment_intent(jsonb_build_object('id', 'pi_' || left(p.id::text, 8), 'status', 'succeeded', 'amount', 1000, 'amount_received', 1000, 'currency', 'usd',
    'livemode', false,
    'created', extract(epoch from pg_temp.at(-5)), 'customer', 'cus_1', 'payment_method', 'pm_1', 'receipt_url', 'https://pay.stripe.com/receipts/1', 'failure_code', null,
      'advice_code', null,
    'metadata', jsonb_build_object('origin', 'auto_reload', 'user_id', p.user_id, 'purchase_id', p.id)) || p_differences)
  from public.purchases p where p.id = p_purchase_id
$$;
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create function pg_temp.outcome(p_differences jsonb) returns text language plpgsql as $$
declare
  v_id uuid := pg_temp.reload(pg_temp.ada(), p_differences::text);
  v_answer jsonb := pg_temp.charged(v_id, p_differences);
begin
  return concat_ws(' ', v_answer #>> '{purchase,status}', v_answer #>> '{purchase,review_reason}', v_answer ->> 'credited',
    coalesce((pg_temp.purchase(v_id)).paid_cents::text, 'unknown'));
end
$$;
select is(pg_temp.outcome(differences), outcome, differences::text) from (values
  ('{"amount_received": 999}'::jsonb, 'review amount_mismatch false 999'),
  ('{"amount_received": 1001, "amount": 1001}', 'review amount_mismatch false 1001'),
  ('{"currency": "eur"}', 'review currency_mismatch false unknown'),
  ('{"currency": "USD"}', 'paid true 1000'),
  ('{"livemode": true}', 'review livemode_mismatch false unknown'),
  ('{"livemode": null}', 'review livemode_mismatch false unknown')) cases (differences, outcome);
select is(pg_temp.alerts_open('purchase_in_review'), 5::bigint, 'each is an alert');
create temporary table ids as select pg_temp.reload(pg_temp.ada(), 'last') as id;
delete from auth.users where id = pg_temp.ada();
select is(pg_temp.charged(id) #>> '{purchase,review_reason}', 'wallet_closed', 'a deleted login is charged for nothing that it could use') from ids;
select is((pg_temp.purchase(id)).stripe_customer_id, null, 'and no customer is kept of it') from ids;
select is(public.resolve_review(pg_temp.ada(), id, 'dismiss', 'refunded') ->> 'status', 'failed', 'a person decides') from ids;
select is(pg_temp.charged(id) #>> '{purchase,failure_code}', 'review_dismissed', 'which stays') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
