begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table suspended as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')) as purchase;
update public.users set status = 'suspended' where id = pg_temp.ada();
select is(pg_temp.apply((select purchase from suspended)) ->> 'credited', 'true', 'a suspended wallet still gets what was paid for');
delete from auth.users where id = pg_temp.ada();
select is(pg_temp.apply((select purchase from open)) -> 'purchase' ->> 'review_reason', 'wallet_closed', 'a closed one does not; a person refunds it');
select is((select balance_micros from public.users where id = pg_temp.ada()), 10000000::bigint, 'its balance stays');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
