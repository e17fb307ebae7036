begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.sign_up(pg_temp.ada());
select throws_ok($$ update public.users set status = 'gone' where id = pg_temp.ada() $$, '23514', null, 'an unknown status');
select throws_ok($$ update public.users set held_micros = -1 where id = pg_temp.ada() $$, '23514', null, 'a negative hold');
select throws_ok($$ update public.users set balance_micros = 9007199254740992 where id = pg_temp.ada() $$, '23514', null,
  'a balance that a JavaScript number cannot hold');
select throws_ok($$ update public.users set warning_thresholds_seconds = '{60,0}' where id = pg_temp.ada() $$, '23514', null,
  'a warning at no seconds left');
select throws_ok($$ update public.users set low_balance_threshold_micros = -1 where id = pg_temp.ada() $$, '23514', null,
  'a negative threshold');
select is(pg_temp.error_of(format('update public.users set %s where id = pg_temp.ada()', change)) ->> 'sqlstate', '23514', change) from unnest('{
  credit_limit_micros = -1,credit_limit_micros = 1000000000001,max_concurrent_calls = 0,daily_spend_limit_micros = -1,spend_day_micros = -1}'::text[]) change;
select throws_ok($$ update public.users set rate_plan = 'no_such_plan' where id = pg_temp.ada() $$, '23503', null, 'a plan that is not there');
update public.rate_plans set is_default = false;
select throws_ok($$ update public.users set currency = 'USD' where id = pg_temp.ada() $$, '23514', null, 'a currency that is no lower-case code');
select lives_ok($$ update public.users set balance_micros = 0, warning_thresholds_seconds = '{}', low_balance_threshold_micros = 0,
  credit_limit_micros = 1000000000000, max_concurrent_calls = 1, daily_spend_limit_micros = 0,
  rate_plan = 'prorated' where id = pg_temp.ada() $$, 'possible values are taken');

select * from finish();
rollback;
