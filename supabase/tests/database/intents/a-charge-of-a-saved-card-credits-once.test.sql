begin;
\ir ../helpers.psql
select plan(13);

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
create temporary table ids as select pg_temp.reload(pg_temp.ada(), 'reload-1') as id;
select is(pg_temp.charged(id, '{"status": "processing", "amount_received": 0, "receipt_url": null}') #>> '{purchase,status}', 'processing', 'under way it is processing') from ids;
select is(pg_temp.charged(id, '{"status": "requires_payment_method", "amount_received": 0, "receipt_url": null, "failure_code": "card_declined"}') #>> '{purchase,failure_code}',
  'card_declined', 'refused it has the bank''s reason') from ids;
select is(pg_temp.charged(id, '{"status": "requires_action", "amount_received": 0, "receipt_url": null}') #>> '{purchase,failure_code}', 'requires_action', 'or what it asks for')
  from ids;
select is((select array_agg(paid_cents) from public.purchases where user_id = pg_temp.ada()), '{null}'::bigint[], 'nothing was paid so far');
select is_empty($$ select * from public.notifications where user_id = pg_temp.ada() and kind in ('payment_failed', 'purchase_confirmed') $$,
  'the person is not told of a page they never saw');
select pg_temp.clock_at(60);
create temporary table paid as select pg_temp.charged(id) as answer from ids;
select is((select answer -> 'credited' from paid), 'true'::jsonb, 'the person confirms it, and it credits');
select results_eq('select status, paid_cents, tax_cents, paid_at, payment_intent_id, stripe_customer_id, stripe_created_at, receipt_url, failure_code from public.purchases where user_id = pg_temp.ada()',
  $$ select 'paid', 1000::bigint, 0::bigint, pg_temp.at(60), 'pi_' || left(id::text, 8), 'cus_1', pg_temp.at(-5), 'https://pay.stripe.com/receipts/1', null::text from ids $$,
    'the purchase is what Stripe says');
select is(pg_temp.charged(id) - 'purchase', '{"known": true, "credited": false}'::jsonb, 'said again it credits nothing') from ids;
select is(pg_temp.charged(id, '{"status": "canceled"}') #>> '{purchase,status}', 'paid', 'what was credited stays') from ids;
select is(pg_temp.standing(id), '0 0 0 10000000', 'once') from ids;
select results_eq($$ select payload ->> 'origin' from public.notifications where user_id = pg_temp.ada() and kind = 'purchase_confirmed' $$, $$ values ('auto_reload') $$,
  'the person is told what it was');
select pg_temp.refund(id, 1000) from ids;
select is(pg_temp.standing(id), '1000 0 10000000 0', 'it is refunded like any other') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
