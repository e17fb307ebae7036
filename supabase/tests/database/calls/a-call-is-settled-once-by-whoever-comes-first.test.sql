begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call(c, '+14155552671', pg_temp.ada(), true) from unnest('{a,b,c}'::text[]) c;
select pg_temp.clock_at(30);
select public.extend_call(c, pg_temp.ada()) from unnest('{a,b,c}'::text[]) c;
-- All three are due at second 120. The first ends just then, the second is heard of, the third is not.
select pg_temp.clock_at(120);
select is(public.end_call('a', user_id => pg_temp.ada()) -> 'duration_seconds', '120'::jsonb, 'the call''s own end came first');
select is(public.extend_call('b', pg_temp.ada()) ->> 'status', 'answered', 'a heartbeat came first');
select is(public.sweep_calls(), '{"ended": 1, "unanswered": 0}'::jsonb, 'the sweeper ends what is still due');
select is((select jsonb_object_agg(id, jsonb_build_array(settled_by, duration_seconds, unbilled_seconds, cost_micros)) from public.call_logs where user_id = pg_temp.ada()),
  '{"a": ["caller", 120, 0, 300000], "b": [null, null, 0, null], "c": ["sweeper", 30, 0, 75000]}'::jsonb, 'each is settled by who came first');
select is(public.end_call('c', 'completed', 118, pg_temp.ada()) -> 'unbilled_seconds', '88'::jsonb, 'an end after the sweeper adds no charge');
select is(public.sweep_calls(), '{"ended": 0, "unanswered": 0}'::jsonb, 'another sweep finds nothing');
select results_eq($$ select call_id, amount_micros from public.transactions where user_id = pg_temp.ada() and kind = 'call' order by line $$,
  $$ values ('a', -300000::bigint), ('c', -75000) $$, 'each has one line');
select pg_temp.clock_at(300);
-- What is talked but not billed stays within the heartbeat timeout, and what the hold pays for.
select public.sweep_calls();
select is((select (end_reason, duration_seconds) from public.call_logs where user_id = pg_temp.ada() and id = 'b'), row('heartbeat_lost'::text, 120::bigint), 'the second is proven to its heartbeat');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
