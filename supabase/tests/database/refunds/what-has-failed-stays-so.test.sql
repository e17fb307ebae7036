begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
select pg_temp.refund(id, 400) from bought;
select pg_temp.refund(id, 400, '{"status": "failed", "failure_reason": "lost_or_stolen_card"}') from bought;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'a refund that failed restores the credit');
select is(pg_temp.refund(id, 400) #>> '{refund,status}', 'failed', 'what was read before and arrives after changes nothing') from bought;
select is((select failure_reason from public.purchase_refunds), 'lost_or_stolen_card', 'not even why');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'nor the credit');

select * from finish();
rollback;
