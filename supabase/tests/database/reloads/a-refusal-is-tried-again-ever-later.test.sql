begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
select is(pg_temp.attempt(pg_temp.ada(), 'insufficient_funds'), 'failed', 'there is not enough on the account');
select is((private.auto_reload_json(pg_temp.ada()) ->> 'next_attempt_at')::timestamptz, pg_temp.at(3600), 'it waits an hour');
select pg_temp.clock_at(3599);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'to the second');
select pg_temp.clock_at(3600);
savepoint once;
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'then there is');
select is(private.auto_reload_json(pg_temp.ada()) -> 'failure_count', '0'::jsonb, 'and what was is forgotten');
rollback to once;
select pg_temp.attempt(pg_temp.ada(), 'insufficient_funds');
select is((private.auto_reload_json(pg_temp.ada()) ->> 'next_attempt_at')::timestamptz, pg_temp.at(3600 + 7200), 'still not: it waits twice as long');
select pg_temp.clock_at(3600 + 7200);
select pg_temp.attempt(pg_temp.ada(), 'insufficient_funds');
select is(pg_temp.state(pg_temp.ada()), 'too_many_failures', 'three in a row are enough');
select results_eq($$ select payload -> 'suspended' from public.notifications where user_id = pg_temp.ada() and kind = 'auto_reload_failed' order by id $$,
  $$ values ('false'::jsonb), ('false'), ('true') $$, 'the person is told each time, and at last that it stopped');
select pg_temp.clock_at(40 * 86400);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'it stays so');
select is(pg_temp.agree(pg_temp.ada()) -> 'suspended_reason', 'null'::jsonb, 'until the person switches it on again');
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'and there is money');
select is(pg_temp.attempts(pg_temp.ada()), 4::bigint, 'four attempts in all');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
