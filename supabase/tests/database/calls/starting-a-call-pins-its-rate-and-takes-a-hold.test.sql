begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select is(public.start_call('c-1', '+1 415 555 2671', pg_temp.ada()), jsonb_build_object(
  'call_id', 'c-1', 'user_id', pg_temp.ada(), 'status', 'authorized', 'destination', '+1415•••2671',
  'rate', '{"plan": "standard", "prefix": "", "per_minute_micros": 150000, "connection_fee_micros": 0, "initial_increment_seconds": 60,
    "increment_seconds": 60, "free_seconds": 0, "minimum_charge_micros": 0, "effective_from": "-infinity", "rounding_mode": "up", "precision_micros": 1}'::jsonb,
  'hold_micros', 750000, 'authorized_seconds', 300, 'authorized_until', null, 'started_at', pg_temp.at(0), 'answered_at', null, 'ended_at', null,
  'elapsed_seconds', 0, 'seconds_left', 3960, 'limited_by', null, 'final_unit', false, 'top_up_url', null, 'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 30,
  'duration_seconds', null, 'billed_seconds', null, 'unbilled_seconds', 0, 'cost_micros', null, 'end_reason', null, 'currency', 'usd',
  'balance_micros', 10000000, 'available_micros', 9250000, 'server_time', pg_temp.at(0), 'replayed', false),
  'five minutes are held of what could be sixty-six');
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 750000::bigint, 'the wallet knows');
select is((pg_temp.call(pg_temp.ada(), 'c-1')).sweep_at, pg_temp.at(120), 'an unanswered call is looked at in two minutes');

insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, initial_increment_seconds, increment_seconds)
  values ('standard', '', pg_temp.at(0), 990000, 60, 60);
select is(public.get_call('c-1', pg_temp.ada()) #> '{rate,per_minute_micros}', '150000'::jsonb, 'a later price does not touch it');
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(1);
select is(public.end_call('c-1', user_id => pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'nor what it costs');
select is(public.start_call('c-2', '+14155552671', pg_temp.ada()) #> '{rate,per_minute_micros}', '990000'::jsonb, 'the next call has the new price');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
