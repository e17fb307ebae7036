begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, initial_increment_seconds, increment_seconds)
  values ('standard', '1', pg_temp.at(0), 0, 60, 60);
select is(public.start_call('a', '+14155552671', pg_temp.ada()) -> 'hold_micros', '0'::jsonb, 'it holds nothing');
select public.answer_call('a', pg_temp.ada());
select pg_temp.clock_at(250);
select is(public.extend_call('a', pg_temp.ada()) -> 'seconds_left', '14150'::jsonb, 'it may last as long as any');
select is(public.end_call('a', user_id => pg_temp.ada()) -> 'cost_micros', '0'::jsonb, 'it costs nothing');
select is_empty('select * from public.transactions where user_id = pg_temp.ada()', 'and writes no line');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
