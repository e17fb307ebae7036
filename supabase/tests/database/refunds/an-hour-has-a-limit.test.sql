begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(pg_temp.ben(), 'admin', 'refunds');
update private.settings set value = '2' where name = 'refund_limit_per_hour';
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
select lives_ok($$ select public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-' || n, 100, pg_temp.ben()) from bought, generate_series(1, 2) n $$, 'an admin begins some');
select throws_ok($$ select public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-3', 100, pg_temp.ben()) from bought $$, 'PT429', 'rate_limited', 'but no more than that an hour');
select is(public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-2', 100, pg_temp.ben()) -> 'replayed', 'true'::jsonb, 'repeating one is not another') from bought;

select * from finish();
rollback;
