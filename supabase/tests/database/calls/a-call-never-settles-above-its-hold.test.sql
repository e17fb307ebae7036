begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 400000);
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select is((pg_temp.call(pg_temp.ada(), 'c-1')).authorized_seconds, 120::bigint, '$0.40 pay for two minutes');
select is(public.get_call('c-1', pg_temp.ada()) -> 'final_unit', 'true'::jsonb, 'the hold cannot grow');
select pg_temp.clock_at(1000);
select is(public.end_call('c-1', user_id => pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at,server_time,ended_at,authorized_until}'::text[], '{
  "call_id": "c-1", "status": "ended", "hold_micros": 0, "authorized_seconds": 120, "elapsed_seconds": 120, "seconds_left": 0, "limited_by": null, "final_unit": false, "top_up_url": null, "rerated_micros": 0, "refunded_micros": 0,
  "warnings": [], "heartbeat_seconds": 1, "duration_seconds": 120, "billed_seconds": 120, "unbilled_seconds": 880, "cost_micros": 300000,
  "end_reason": "completed", "currency": "usd", "balance_micros": 100000, "available_micros": 100000, "replayed": false}'::jsonb,
  'reported long after its deadline it still costs what it held');
select is((select balance_micros from public.users where id = pg_temp.ada()), 100000::bigint, 'the balance never goes below zero');
select pg_temp.give(pg_temp.ada(), 150000);
select public.start_call('c-2', '+14155552671', pg_temp.ada());
select public.answer_call('c-2', pg_temp.ada());
select is((pg_temp.call(pg_temp.ada(), 'c-2')).hold_micros, 150000::bigint, 'the next call holds a minute');
select pg_temp.clock_at(1600);
select is(public.end_call('c-2', 'completed', 600, pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'and costs no more, whatever a trusted server reports');
select is((select (c.duration_seconds, c.unbilled_seconds, u.balance_micros, u.held_micros) from public.call_logs c join public.users u on u.id = c.user_id
  where c.user_id = pg_temp.ada() and c.id = 'c-2'), row(60::bigint, 540::bigint, 100000::bigint, 0::bigint), 'the rest is known as unbilled');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
