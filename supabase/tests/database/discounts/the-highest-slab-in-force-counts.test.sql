begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.bonus_slabs (min_price_cents, effective_from, effective_until, bonus_basis_points) values
  (5000, pg_temp.at(-10), null, 500), (10000, pg_temp.at(-10), null, 1000), (2000, pg_temp.at(100), null, 250), (500, pg_temp.at(-100), pg_temp.at(0), 9900);
select is((select array_agg((p ->> 'bonus_micros')::bigint order by ordinality) from jsonb_array_elements(public.list_packages()) with ordinality l (p)),
  '{0,0,0,2500000,10000000}'::bigint[], '+5 % from $50, +10 % from $100, and nothing that is over or to come');
select pg_temp.buy(pg_temp.ada(), 'key-1', 'credit_100');
select results_eq($$ select source, granted_micros from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values ('paid', 100000000::bigint), ('promotional', 10000000) $$, 'it comes as promotional credit');
select is((select count(*) from public.credit_grants where user_id = pg_temp.ada() and purchase_id is not null), 2::bigint, 'tied to the purchase');
create temporary table later as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2', 'credit_20')) as purchase;
select pg_temp.clock_at(100);
select pg_temp.apply(purchase) from later;
select is((select count(*) from public.transactions where user_id = pg_temp.ada() and kind = 'bonus'), 1::bigint, 'what began before a slab does not get it');
select pg_temp.buy(pg_temp.ada(), 'key-3', 'credit_20');
select is((select amount_micros from public.transactions where user_id = pg_temp.ada() and kind = 'bonus' order by line desc limit 1), 500000::bigint, 'what begins after does');
update public.credit_packages set bonus_micros = 1000000 where code = 'credit_50';
select is((select (p ->> 'bonus_micros')::bigint from jsonb_array_elements(public.list_packages()) p where p ->> 'code' = 'credit_50'), 3500000::bigint, 'beside the package''s own bonus');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
