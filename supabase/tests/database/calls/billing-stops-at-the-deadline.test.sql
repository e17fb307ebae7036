begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call('a', '+14155552671', pg_temp.ada());
select is(public.answer_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(100)), '$0.25 are a hundred seconds');
select pg_temp.clock_at(99.9);
select is(public.extend_call('a', pg_temp.ada()) ->> 'status', 'answered', 'until then the call lives');
select pg_temp.clock_at(103.7);
select is(public.extend_call('a', pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at,server_time,authorized_until}'::text[], jsonb_build_object(
  'call_id', 'a', 'status', 'ended', 'hold_micros', 0, 'authorized_seconds', 100, 'ended_at', pg_temp.at(103.7), 'elapsed_seconds', 100, 'seconds_left', 0, 'limited_by', 'credit', 'final_unit', true, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0,
  'warnings', '[]'::jsonb, 'heartbeat_seconds', 1, 'duration_seconds', 100, 'billed_seconds', 100, 'unbilled_seconds', 3, 'cost_micros', 250000,
  'end_reason', 'credit_exhausted', 'currency', 'usd', 'balance_micros', 0, 'available_micros', 0, 'replayed', false), 'a heartbeat past it ends it, and counts what is not billed');
select is(public.extend_call('a', pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'the next one is a replay');

select pg_temp.give(pg_temp.ada(), 250000);
select public.start_call('b', '+14155552671', pg_temp.ada());
select public.answer_call('b', pg_temp.ada());
select pg_temp.clock_at(203.7);
select is(public.extend_call('b', pg_temp.ada()) ->> 'end_reason', 'credit_exhausted', 'the deadline itself is past it');
select is((pg_temp.call(pg_temp.ada(), 'b')).unbilled_seconds, 0::bigint, 'on the second nothing is unbilled');
select is((select balance_micros from public.users where id = pg_temp.ada()), 0::bigint, 'nobody talks past what they paid for');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
