begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 900000);
select is(public.start_call('a', '+14155552671', pg_temp.ada()) -> 'hold_micros', '750000'::jsonb, 'the first call holds a quantum');
select is(public.start_call('b', '+14155552671', pg_temp.ada()) -> 'hold_micros', '150000'::jsonb, 'the second what is left');
select is(pg_temp.error_of($$ select public.start_call('c', '+14155552671', pg_temp.ada()) $$) -> 'details', '{"available_micros": 0, "minimum_micros": 150000}'::jsonb, 'a third nothing');
select public.answer_call(c, pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(30);
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_seconds', '300'::jsonb, 'the first cannot grow into the second');
select is(public.extend_call('b', pg_temp.ada()) -> 'seconds_left', '30'::jsonb, 'nor the second into the first');
select is(public.end_call('a', user_id => pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'when the first ends after half a minute');
select is(public.extend_call('b', pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at,server_time}'::text[], jsonb_build_object(
  'call_id', 'b', 'status', 'answered', 'hold_micros', 750000, 'authorized_seconds', 300, 'authorized_until', pg_temp.at(300), 'ended_at', null, 'elapsed_seconds', 30,
  'seconds_left', 270, 'limited_by', 'credit', 'final_unit', true, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 30, 'duration_seconds', null, 'billed_seconds', null, 'unbilled_seconds', 0,
  'cost_micros', null, 'end_reason', null, 'currency', 'usd', 'balance_micros', 750000, 'available_micros', 0, 'replayed', false), 'the second gets what it held');
select pg_temp.clock_at(300);
select is(public.extend_call('b', pg_temp.ada()) ->> 'end_reason', 'credit_exhausted', 'and is cut off at the end of it');
select is((select (balance_micros, held_micros) from public.users where id = pg_temp.ada()), row(0::bigint, 0::bigint), 'everything is spent, nothing more');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
