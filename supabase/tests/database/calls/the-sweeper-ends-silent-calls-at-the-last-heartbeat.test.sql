begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call(c, '+14155552671', pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select public.answer_call(c, pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(29.5);
select public.extend_call('a', pg_temp.ada());
select pg_temp.clock_at(119.4);
select is(public.sweep_calls(), '{"ended": 1, "unanswered": 0}'::jsonb, 'a call silent for ninety seconds is ended');
select is((select (status, end_reason, settled_by, duration_seconds, cost_micros, ended_at) from public.call_logs where user_id = pg_temp.ada() and id = 'b'),
  row('ended'::text, 'heartbeat_lost'::text, 'sweeper'::text, 0::bigint, 0::bigint, pg_temp.at(119.4)), 'without a heartbeat nothing is proven and nothing charged');
select is((pg_temp.call(pg_temp.ada(), 'a')).status, 'answered', 'one silent for less is not');
select pg_temp.clock_at(119.5);
select is(public.sweep_calls(), '{"ended": 1, "unanswered": 0}'::jsonb, 'until its ninety seconds are over');
select is((select (end_reason, duration_seconds, billed_seconds, unbilled_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ada() and id = 'a'),
  row('heartbeat_lost'::text, 30::bigint, 30::bigint, 0::bigint, 75000::bigint), 'it is charged to its last heartbeat');
select is((select (balance_micros, held_micros) from public.users where id = pg_temp.ada()), row(9925000::bigint, 0::bigint), 'the holds are free');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
