begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select lives_ok($$ select private.take_rate_limit(pg_temp.ada(), 'x', 2, interval '1 minute') from generate_series(1, 2) $$,
  'up to the limit requests pass');
select is(pg_temp.error_of($$ select private.take_rate_limit(pg_temp.ada(), 'x', 2, interval '1 minute') $$) - 'hint',
  '{"code": "rate_limited", "sqlstate": "PT429", "details": {"action": "x", "limit": 2}}', 'past it they are refused');
select lives_ok($$ select private.take_rate_limit(pg_temp.ben(), 'x', 2, interval '1 minute') $$, 'another person is not affected');
select lives_ok($$ select private.take_rate_limit(pg_temp.ada(), 'y', 2, interval '1 minute') $$, 'another action is not affected');
select pg_temp.clock_at(59.999);
select throws_ok($$ select private.take_rate_limit(pg_temp.ada(), 'x', 2, interval '1 minute') $$, 'PT429', 'rate_limited',
  'the window lasts to its end');
select pg_temp.clock_at(60);
select lives_ok($$ select private.take_rate_limit(pg_temp.ada(), 'x', 2, interval '1 minute') $$, 'then a new one begins');
select is((select (hits, window_started_at) from private.rate_limits where user_id = pg_temp.ada() and action = 'x'),
  row(1, pg_temp.at(60)), 'counted from one');

select * from finish();
rollback;
