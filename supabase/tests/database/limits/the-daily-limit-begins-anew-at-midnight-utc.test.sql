begin;
\ir ../helpers.psql
select plan(10);

-- A session in New York, where it is seven in the evening: the day is the UTC one.
select set_config('timezone', 'America/New_York', true);
select private.set_clock('2020-03-01 23:59:00Z', 0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated', daily_spend_limit_micros = 500000 where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'a', 30);
select is((select (spend_day, spend_day_micros) from public.users where id = pg_temp.ada()), row(date '2020-03-01', 75000::bigint), 'a call before midnight');
select is(public.start_call('b', '+14155552671', pg_temp.ada(), true) -> 'authorized_seconds', '170'::jsonb, 'the next one has what is left of the day');
select private.set_clock('2020-03-01 23:59:59.999Z', 0);
select is(public.extend_call('b', pg_temp.ada()) -> 'authorized_seconds', '170'::jsonb, 'until its last instant');
select private.set_clock('2020-03-02 00:00:00Z', 0);
select is(public.extend_call('b', pg_temp.ada()) -> 'authorized_seconds', '200'::jsonb, 'at midnight it has the whole new day, its own hold within it');
select private.set_clock('2020-03-02 00:00:30Z', 0);
select public.end_call('b', user_id => pg_temp.ada());
select is((select (spend_day, spend_day_micros) from public.users where id = pg_temp.ada()), row(date '2020-03-02', 150000::bigint), 'a call across midnight counts for the day it is settled');
select private.set_clock('2020-03-02 04:59:59Z', 0);
select is(public.estimate_call('+14155552671', user_id => pg_temp.ada()) -> 'max_seconds', '140'::jsonb, 'before midnight in New York');
select private.set_clock('2020-03-02 05:00:01Z', 0);
select is(public.estimate_call('+14155552671', user_id => pg_temp.ada()) -> 'max_seconds', '140'::jsonb, 'and after it nothing has changed');
select private.set_clock('2020-03-03 00:00:00Z', 0);
select is(public.estimate_call('+14155552671', user_id => pg_temp.ada()) -> 'max_seconds', '200'::jsonb, 'the day after is a day anew');
select pg_temp.talk(pg_temp.ada(), 'c', 4);
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 10000::bigint, 'counted from nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
