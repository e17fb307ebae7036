begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('a', '+14155552671', pg_temp.ada());
create temporary table elsewhere as select public.sweep_calls();
select pg_temp.clock_at(119.999);
select public.sweep_calls();
select is((pg_temp.call(pg_temp.ada(), 'a')).status, 'authorized', 'it may ring for two minutes');
select pg_temp.clock_at(120);
select is(public.sweep_calls(), '{"ended": 0, "unanswered": 1}'::jsonb, 'then it is ended');
select is((select (end_reason, settled_by, cost_micros, ended_at) from public.call_logs where user_id = pg_temp.ada()),
  row('no_answer'::text, 'sweeper'::text, 0::bigint, pg_temp.at(120)), 'at no cost');
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 0::bigint, 'its hold is free');
select is(public.sweep_calls(), '{"ended": 0, "unanswered": 0}'::jsonb, 'once');
select throws_ok($$ select public.answer_call('a', pg_temp.ada()) $$, 'PT409', 'call_ended', 'an answer that comes later is too late');

select * from finish();
rollback;
