begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.new_plan('test', '{"initial_increment_seconds": 1, "increment_seconds": 1}');
update public.users set rate_plan = 'test' where id = pg_temp.ada();
insert into public.rates select (pg_temp.rate_of('test', jsonb_build_object(
  'effective_from', pg_temp.at(50), 'per_minute_micros', 600000, 'initial_increment_seconds', 1, 'increment_seconds', 1))).*;
select public.start_call(c, '+14155552671', pg_temp.ada()) from unnest('{ringing,live}'::text[]) c;
select public.answer_call('live', pg_temp.ada());
select pg_temp.clock_at(49.999);
select is(public.estimate_call('+14155552671', 60, pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'before its instant the new version is not estimated with');
select pg_temp.clock_at(50);
select is(public.estimate_call('+14155552671', 60, pg_temp.ada()) -> 'cost_micros', '600000'::jsonb, 'from it it is');
select is(public.answer_call('ringing', pg_temp.ada()) #> '{rate,per_minute_micros}', '150000'::jsonb, 'a call that rang across it keeps the old version');
select is(public.extend_call('live', pg_temp.ada()) -> 'hold_micros', '875000'::jsonb, 'a hold grows by the old version: 350 seconds');
select is(public.start_call('new', '+14155552671', pg_temp.ada(), true) #> '{rate,effective_from}', to_jsonb(pg_temp.at(50)), 'a new call has the new one and says since when it is');
select pg_temp.clock_at(60);
select is(public.end_call('live', user_id => pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'a call that was live across it costs the old price, also after it');
select is(public.end_call('ringing', user_id => pg_temp.ada()) -> 'cost_micros', '25000'::jsonb, 'so does the one that rang');
select is(public.end_call('new', user_id => pg_temp.ada()) -> 'cost_micros', '100000'::jsonb, 'the new one costs the new price');
select public.start_call('moved', '+14155552671', pg_temp.ada(), true);
update public.users set rate_plan = 'standard' where id = pg_temp.ada();
select pg_temp.clock_at(61);
select is(public.end_call('moved', user_id => pg_temp.ada()) -> 'cost_micros', '10000'::jsonb, 'a person who changes plans keeps the plan of the live call');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
