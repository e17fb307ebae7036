begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 250000);
select pg_temp.sign_up(pg_temp.ben(), 250000);
update public.users set rate_plan = 'prorated' where id in (pg_temp.ada(), pg_temp.ben());
select public.start_call('a', '+14155552671', u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select public.answer_call('a', u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select pg_temp.clock_at(60);
select public.extend_call('a', pg_temp.ben());
select pg_temp.clock_at(80);
select public.extend_call('a', pg_temp.ada());
select pg_temp.clock_at(104.9);
select is(public.sweep_calls(), '{"ended": 0, "unanswered": 0}'::jsonb, 'past the deadline the sweeper leaves five seconds for the call''s own report');
select pg_temp.clock_at(105);
select is(public.sweep_calls(), '{"ended": 2, "unanswered": 0}'::jsonb, 'then it ends it');
select is((select (end_reason, settled_by, duration_seconds, unbilled_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ada()),
  row('credit_exhausted'::text, 'sweeper'::text, 100::bigint, 0::bigint, 250000::bigint), 'one that reported until its end is charged to the deadline');
select is((select (end_reason, settled_by, duration_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ben()),
  row('heartbeat_lost'::text, 'sweeper'::text, 60::bigint, 150000::bigint), 'one that had missed a heartbeat by then to its last one');
select results_eq($$ select id, balance_micros, held_micros from public.users where id in (pg_temp.ada(), pg_temp.ben()) order by id $$,
  $$ values (pg_temp.ada(), 0::bigint, 0::bigint), (pg_temp.ben(), 100000, 0) $$, 'the wallets follow');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
