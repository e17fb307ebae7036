begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call(c, '+14155552671', pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select public.answer_call(c, pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(30);
select public.extend_call(c, pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(130);
select is(public.sweep_calls(), '{"ended": 2, "unanswered": 0}'::jsonb, 'two silent calls are ended at second thirty');
select is(public.end_call('a', 'completed', 45, pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at,server_time,authorized_until}'::text[], jsonb_build_object(
  'call_id', 'a', 'status', 'ended', 'hold_micros', 0, 'authorized_seconds', 330, 'ended_at', pg_temp.at(130), 'elapsed_seconds', 30, 'seconds_left', 0, 'limited_by', null, 'final_unit', false, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0,
  'warnings', '[]'::jsonb, 'heartbeat_seconds', 1, 'duration_seconds', 30, 'billed_seconds', 30, 'unbilled_seconds', 15, 'cost_micros', 75000,
  'end_reason', 'heartbeat_lost', 'currency', 'usd', 'balance_micros', 9850000, 'available_micros', 9850000, 'replayed', true), 'the money stands; what was talked beyond it is known');
select is((pg_temp.call(pg_temp.ada(), 'a')).reported_end_at, pg_temp.at(130), 'and when it was reported');
select is(public.end_call('a', 'completed', 45, pg_temp.ada()) -> 'unbilled_seconds', '15'::jsonb, 'the same report again is a replay');
select throws_ok($$ select public.end_call('a', 'completed', 46, pg_temp.ada()) $$, 'PT409', 'idempotency_conflict', 'another is a conflict');
select is(public.end_call('b', 'completed', 20, pg_temp.ada()) -> 'unbilled_seconds', '0'::jsonb, 'a report of less takes nothing back');
select is((select balance_micros from public.users where id = pg_temp.ada()), 9850000::bigint, 'both were charged thirty seconds');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
