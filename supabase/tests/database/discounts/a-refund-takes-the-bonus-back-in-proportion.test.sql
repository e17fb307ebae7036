begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.bonus_slabs (min_price_cents, effective_from, bonus_basis_points) values (5000, pg_temp.at(-10), 1000);
select pg_temp.buy(pg_temp.ada(), 'key-1', 'credit_50');
create temporary table bought as select payment_intent_id as pi from public.purchases where user_id = pg_temp.ada();
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 55000000::bigint, '$50 and a bonus of 10 %');
select public.apply_refund(jsonb_build_object('id', 're_1', 'status', 'succeeded', 'amount', 2000, 'currency', 'usd', 'payment_intent', pi)) from bought;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 33000000::bigint, 'of $20 back, $22 of credit go');
select results_eq($$ select counter_account, amount_micros from public.transactions where user_id = pg_temp.ada() and kind = 'clawback' order by line $$,
  $$ values ('promotional_expense', -2000000::bigint), ('stripe_clearing', -20000000) $$, 'each from where it came');
select public.apply_refund(jsonb_build_object('id', 're_2', 'status', 'succeeded', 'amount', 3000, 'currency', 'usd', 'payment_intent', pi)) from bought;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'and with the rest all of it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
