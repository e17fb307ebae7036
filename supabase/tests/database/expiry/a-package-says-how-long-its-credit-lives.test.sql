begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update public.credit_packages set valid_days = 365, bonus_valid_days = 30, bonus_micros = 1000000 where code = 'credit_10';
create temporary table bought as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
update public.credit_packages set valid_days = 1, bonus_valid_days = null where code = 'credit_10';
select pg_temp.clock_at(60);
select pg_temp.apply(purchase) from bought;
select results_eq($$ select source, granted_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values ('paid', 10000000::bigint, pg_temp.at(60) + interval '8760 hours'), ('promotional', 1000000, pg_temp.at(60) + interval '720 hours') $$,
  'what held when the purchase began holds, from the payment on');
select pg_temp.buy(pg_temp.ada(), 'key-2', 'credit_5');
select is((select expires_at from public.credit_grants where user_id = pg_temp.ada() order by id desc limit 1), null, 'without a validity it lives for ever');
select is(public.list_packages() #> '{1,valid_days}', '1'::jsonb, 'the list shows it before a purchase');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
