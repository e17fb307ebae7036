begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select is(public.get_call('c-1', pg_temp.ada()) ->> 'status', 'authorized', 'a call that was started is authorized');
select throws_ok($$ select public.extend_call('c-1', pg_temp.ada()) $$, 'PT409', 'call_not_answered', 'before the answer there is nothing to extend');

select pg_temp.clock_at(5);
create temporary table answered as select public.answer_call('c-1', pg_temp.ada()) as call;
select is((select call - '{rate,user_id}'::text[] from answered), jsonb_build_object(
  'call_id', 'c-1', 'status', 'answered', 'destination', '+1415•••2671', 'hold_micros', 750000, 'authorized_seconds', 300,
  'authorized_until', pg_temp.at(305), 'started_at', pg_temp.at(0), 'answered_at', pg_temp.at(5), 'ended_at', null,
  'elapsed_seconds', 0, 'seconds_left', 3960, 'limited_by', null, 'final_unit', false, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 30,
  'duration_seconds', null, 'billed_seconds', null, 'unbilled_seconds', 0, 'cost_micros', null, 'end_reason', null, 'currency', 'usd',
  'balance_micros', 10000000, 'available_micros', 9250000, 'server_time', pg_temp.at(5), 'replayed', false), 'answered, its deadline counts from the answer');

select pg_temp.clock_at(35);
select is(public.extend_call('c-1', pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at}'::text[], jsonb_build_object(
  'call_id', 'c-1', 'status', 'answered', 'hold_micros', 900000, 'authorized_seconds', 360, 'authorized_until', pg_temp.at(365), 'ended_at', null,
  'elapsed_seconds', 30, 'seconds_left', 3930, 'limited_by', null, 'final_unit', false, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 30,
  'duration_seconds', null, 'billed_seconds', null, 'unbilled_seconds', 0, 'cost_micros', null, 'end_reason', null, 'currency', 'usd',
  'balance_micros', 10000000, 'available_micros', 9100000, 'server_time', pg_temp.at(35), 'replayed', false), 'a heartbeat keeps the hold a quantum ahead');
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 900000::bigint, 'the wallet follows');

select pg_temp.clock_at(66);
select is(public.end_call('c-1', user_id => pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at}'::text[], jsonb_build_object(
  'call_id', 'c-1', 'status', 'ended', 'hold_micros', 0, 'authorized_seconds', 360, 'authorized_until', pg_temp.at(365), 'ended_at', pg_temp.at(66),
  'elapsed_seconds', 61, 'seconds_left', 0, 'limited_by', null, 'final_unit', false, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 1,
  'duration_seconds', 61, 'billed_seconds', 120, 'unbilled_seconds', 0, 'cost_micros', 300000, 'end_reason', 'completed', 'currency', 'usd',
  'balance_micros', 9700000, 'available_micros', 9700000, 'server_time', pg_temp.at(66), 'replayed', false), 'ended, it costs two minutes and holds nothing');
select results_eq($$ select kind, amount_micros, counter_account, call_id, description from public.transactions where user_id = pg_temp.ada() and line = 2 $$,
  $$ values ('call', -300000::bigint, 'call_revenue', 'c-1', 'Call to +1415•••2671') $$, 'one line charges it');
select is((select (status, settled_by, sweep_at) from public.call_logs where user_id = pg_temp.ada()), row('ended'::text, 'caller'::text, null::timestamptz), 'nobody looks at it again');
select throws_ok($$ select public.answer_call('c-1', pg_temp.ada()) $$, 'PT409', 'call_ended', 'what has ended is not answered');
select is(pg_temp.error_of($$ select public.answer_call('c-1', pg_temp.ada()) $$) -> 'details', '{"call_id": "c-1", "end_reason": "completed"}'::jsonb, 'the error says how it ended');
select throws_ok($$ update public.call_logs set status = 'ended' where false; insert into public.call_logs (user_id, id, status, destination_masked, rate, started_at)
  select user_id, 'x', 'ended', '', rate, started_at from public.call_logs $$, '23514', null, 'no row is ended without being settled');
select throws_ok($$ update public.call_logs set hold_micros = 1 where user_id = pg_temp.ada() $$, '23514', null, 'nor holds credit after its end');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
