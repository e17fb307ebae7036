begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select is_empty('select * from public.notifications where user_id = pg_temp.ada()', 'an open purchase is no news');
select pg_temp.apply((select purchase from open)) from generate_series(1, 2);
select results_eq('select kind, dedupe_key, created_at from public.notifications where user_id = pg_temp.ada()',
  $$ select 'purchase_confirmed', 'purchase:' || (purchase ->> 'purchase_id'), pg_temp.at(0) from open $$, 'a paid one is, once');
select is((select payload from public.notifications where user_id = pg_temp.ada()),
  (select jsonb_build_object('purchase_id', purchase -> 'purchase_id', 'price_cents', 1000, 'paid_cents', 1000, 'currency', 'usd',
    'credit_micros', 10000000, 'origin', 'checkout') from open), 'with what was paid and what it brought');

select * from finish();
rollback;
