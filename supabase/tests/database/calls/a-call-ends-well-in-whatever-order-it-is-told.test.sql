begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select is(pg_temp.code_of(format('select public.%s(%L, user_id => pg_temp.ada())', step, 'a')), 'call_not_found', step || ' before the start')
  from unnest('{end_call,answer_call,extend_call,get_call}'::text[]) step;
select is(public.start_call('a', '+14155552671', pg_temp.ada()) ->> 'status', 'authorized', 'the start that comes after it is a start');
select is(public.end_call('a', user_id => pg_temp.ada()) ->> 'end_reason', 'no_answer', 'an end before the answer is none');
select throws_ok($$ select public.answer_call('a', pg_temp.ada()) $$, 'PT409', 'call_ended', 'the answer after the end is too late');
select is(public.extend_call('a', pg_temp.ada()) -> 'cost_micros', '0'::jsonb, 'the heartbeat after it is told to hang up');
select is(public.start_call('a', '+14155552671', pg_temp.ada()) - 'server_time', public.get_call('a', pg_temp.ada()) - 'server_time' || '{"replayed": true}',
  'the start after it is a replay');

select public.start_call('b', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(10);
select is(public.end_call('b', 'failed', user_id => pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'a call that fails after its answer costs what was talked');
select is(public.end_call('b', 'busy', user_id => pg_temp.ada()) ->> 'end_reason', 'failed', 'the first reason stands');
select pg_temp.clock_at(20);
select is(public.end_call('b', user_id => pg_temp.ada()) -> 'ended_at', to_jsonb(pg_temp.at(10)), 'and the first instant');

select public.start_call('c', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(50);
select is(public.end_call('c', 'completed', 0, pg_temp.ada()) -> 'cost_micros', '0'::jsonb, 'no seconds reported cost nothing, though it had been answered');
select is((select (answered_at, duration_seconds, unbilled_seconds) from public.call_logs where user_id = pg_temp.ada() and id = 'c'), row(pg_temp.at(20), 0::bigint, 0::bigint),
  'nothing was talked, nothing is unbilled');
select is((select (balance_micros, held_micros, last_line) from public.users where id = pg_temp.ada()), row(9850000::bigint, 0::bigint, 2::bigint), 'one of three calls is charged, once');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
