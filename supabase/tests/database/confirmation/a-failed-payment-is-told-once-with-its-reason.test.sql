begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary view told as select kind, payload from public.notifications where user_id = pg_temp.ada() order by id;
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "processing", "failure_code": "ignored"}');
select is((select failure_code from public.purchases where user_id = pg_temp.ada()), null, 'nothing has failed yet');
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "requires_payment_method", "failure_code": "insufficient_funds"}')
  from generate_series(1, 2);
select is((select failure_code from public.purchases where user_id = pg_temp.ada()), 'insufficient_funds', 'the bank''s reason is kept');
select results_eq('select * from told', $$ select 'payment_failed', jsonb_build_object('purchase_id', purchase -> 'purchase_id', 'price_cents', 1000, 'currency', 'usd',
  'failure_code', 'insufficient_funds') from open $$, 'the person is told');
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "canceled", "failure_code": "expired_card"}');
select is((select count(*) from told), 1::bigint, 'once a purchase');
select pg_temp.apply((select purchase from open));
select is((select status || coalesce(failure_code, '') from public.purchases where user_id = pg_temp.ada()), 'paid', 'a payment that comes after all clears it');
select is((select array_agg(kind) from told), '{payment_failed,purchase_confirmed}'::text[], 'and is told too');
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')), '{"status": "expired", "payment_status": "unpaid", "failure_code": "x"}');
select is((select count(*) from told), 2::bigint, 'a session nobody paid is no news');

select * from finish();
rollback;
