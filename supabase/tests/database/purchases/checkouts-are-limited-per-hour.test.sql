begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '3' where name = 'checkout_limit_per_hour';
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-' || n) from generate_series(1, 3) n $$, 'three in an hour are taken');
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-' || n) from generate_series(1, 3) n $$, 'replays do not count');
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-4') $$) - 'hint',
  '{"code": "rate_limited", "sqlstate": "PT429", "details": {"action": "checkout", "limit": 3}}', 'a fourth is refused');
select lives_ok('select pg_temp.new_purchase(pg_temp.ben())', 'another user is not affected');
select pg_temp.clock_at(3600);
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-4') $$, 'an hour later it is taken');

select * from finish();
rollback;
