begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select is(public.estimate_call('+1 415 555 2671', 61, pg_temp.ada()), '{
  "destination": "+1415•••2671",
  "rate": {"plan": "standard", "prefix": "", "per_minute_micros": 150000, "connection_fee_micros": 0, "initial_increment_seconds": 60,
    "increment_seconds": 60, "free_seconds": 0, "minimum_charge_micros": 0, "effective_from": "-infinity", "rounding_mode": "up", "precision_micros": 1},
  "available_micros": 1000000, "max_seconds": 360, "can_start": true, "minimum_micros": 150000,
  "duration_seconds": 61, "billed_seconds": 120, "cost_micros": 300000}'::jsonb, 'it says what the call would cost and how long it could last');
select is((public.estimate_call('+14155552671', user_id => pg_temp.ada())) -> 'duration_seconds', 'null'::jsonb, 'without a duration it has none');
select is((public.estimate_call('+14155552671', user_id => pg_temp.ada())) -> 'cost_micros', 'null'::jsonb, 'and no cost');
select is((public.estimate_call('+14155552671', 0, pg_temp.ada())) -> 'cost_micros', '0'::jsonb, 'no second costs nothing');
select is(pg_temp.error_of($$ select public.estimate_call('+14155552671', -1, pg_temp.ada()) $$) -> 'details',
  '{"parameter": "duration_seconds", "problem": "negative"}'::jsonb, 'a negative duration is refused');
select throws_ok($$ select public.estimate_call('12', 60, pg_temp.ada()) $$, 'PT400', 'invalid_destination', 'so is what is no number');
select throws_ok(format($$ select public.estimate_call('+14155552671', 60, %L) $$, gen_random_uuid()), 'PT404', 'user_not_found', 'so is nobody');
select is((select (held_micros, balance_micros, last_line) from public.users where id = pg_temp.ada()), row(0::bigint, 1000000::bigint, 1::bigint), 'nothing is held or charged');
update private.settings set value = '100' where name = 'max_call_seconds';
select is((public.estimate_call('+14155552671', user_id => pg_temp.ada())) -> 'max_seconds', '100'::jsonb, 'no call may last longer than the setting');

select * from finish();
rollback;
