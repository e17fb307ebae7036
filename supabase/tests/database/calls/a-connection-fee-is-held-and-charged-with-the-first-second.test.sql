begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, connection_fee_micros, initial_increment_seconds, increment_seconds)
  values ('standard', '1', pg_temp.at(0), 150000, 50000, 60, 60);
select is(public.start_call('a', '+14155552671', pg_temp.ada()) -> 'hold_micros', '800000'::jsonb, 'the hold has it once');
select is(public.end_call('a', 'busy', user_id => pg_temp.ada()) -> 'cost_micros', '0'::jsonb, 'unanswered it is not charged');
select public.start_call('b', '+14155552671', pg_temp.ada());
select public.answer_call('b', pg_temp.ada());
select pg_temp.clock_at(61);
select is(public.end_call('b', user_id => pg_temp.ada()) -> 'cost_micros', '350000'::jsonb, 'answered it is, once');
select is((public.estimate_call('+14155552671', user_id => pg_temp.ada())) -> 'minimum_micros', '200000'::jsonb, 'a call must afford it with its first minute');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
