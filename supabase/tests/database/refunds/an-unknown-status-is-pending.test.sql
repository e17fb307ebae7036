begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
select is(pg_temp.refund(id, 400, '{"status": "something_new"}') #>> '{refund,status}', 'pending', 'a word nobody here knows means: on its way') from bought;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 6000000::bigint, 'and takes the credit');
select is(pg_temp.refund(id, 400, '{"status": null}') #>> '{refund,status}', 'pending', 'so does none') from bought;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
