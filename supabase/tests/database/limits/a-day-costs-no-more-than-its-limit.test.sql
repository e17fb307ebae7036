begin;
\ir ../helpers.psql
select plan(16);

-- Two hundred seconds a day.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated', daily_spend_limit_micros = 500000 where id = pg_temp.ada();
select is(public.estimate_call('+14155552671', user_id => pg_temp.ada()) -> 'max_seconds', '200'::jsonb, 'the estimate knows the limit');
select is(public.start_call('a', '+14155552671', pg_temp.ada(), true) -> 'hold_micros', '500000'::jsonb, 'a hold stays within it');
select is(public.get_call('a', pg_temp.ada()) -> 'limited_by', '"daily_limit"'::jsonb, 'and cannot grow past it');
select is(pg_temp.error_of($$ select public.start_call('b', '+14155552671', pg_temp.ada()) $$), '{"code": "daily_limit_reached", "sqlstate": "PT403",
  "details": {"limit_micros": 500000, "left_micros": 0}, "hint": "Wait until the next day (UTC) or have the limit raised."}'::jsonb, 'what one call holds of it no other can spend');
select is(public.estimate_call('+14155552671', user_id => pg_temp.ada()) -> 'can_start', 'false'::jsonb, 'as the estimate says');
select pg_temp.clock_at(100);
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(200)), 'a heartbeat extends nothing past it');
select public.end_call('a', user_id => pg_temp.ada());
select is((select (spend_day, spend_day_micros) from public.users where id = pg_temp.ada()), row(date '2020-03-01', 250000::bigint), 'what was settled is counted');
select is(public.start_call('b', '+14155552671', pg_temp.ada(), true) -> 'authorized_seconds', '100'::jsonb, 'the next call has the rest');
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '9500000'::jsonb, 'the credit itself is not touched by the limit');
update public.users set daily_spend_limit_micros = 750000 where id = pg_temp.ada();
select pg_temp.clock_at(150);
select is(public.extend_call('b', pg_temp.ada()) -> 'authorized_seconds', '200'::jsonb, 'a raised limit extends a live call');
update public.users set daily_spend_limit_micros = 1000 where id = pg_temp.ada();
select pg_temp.clock_at(180);
select is(public.extend_call('b', pg_temp.ada()) -> 'authorized_seconds', '200'::jsonb, 'a lowered one takes back nothing that was promised');
select pg_temp.clock_at(300);
select is(public.extend_call('b', pg_temp.ada()) ->> 'end_reason', 'daily_limit', 'at the end of the promise the call ends, and says why');
select is((pg_temp.wallet(pg_temp.ada())).spend_day_micros, 750000::bigint, 'the day has cost what it might');
select throws_ok($$ select public.start_call('c', '+14155552671', pg_temp.ada()) $$, 'PT403', 'daily_limit_reached', 'and no call begins any more');
update public.users set daily_spend_limit_micros = null where id = pg_temp.ada();
select is(pg_temp.code_of($$ select public.start_call('c', '+14155552671', pg_temp.ada()) $$), null, 'without a limit one does');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
