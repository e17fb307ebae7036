begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call(c, '+14155552671', pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select throws_ok($$ select public.end_call('a', 'completed', 5, pg_temp.ada()) $$, 'PT400', 'duration_invalid', 'before the answer nothing was talked');
select public.answer_call(c, pg_temp.ada()) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(60);
select is(pg_temp.error_of($$ select public.end_call('a', 'completed', 61, pg_temp.ada()) $$) - 'hint',
  '{"code": "duration_invalid", "sqlstate": "PT400", "details": {"duration_seconds": 61, "elapsed_seconds": 60}}', 'no more than has elapsed');
select throws_ok($$ select public.end_call('a', 'completed', -1, pg_temp.ada()) $$, 'PT400', 'duration_invalid', 'nor less than nothing');
select pg_temp.act_as_role('service_role');
select is(public.end_call('a', 'completed', 45, pg_temp.ada()) -> 'cost_micros', '112500'::jsonb, 'the secret key''s report is charged');
select pg_temp.act_as(pg_temp.ada());
select is(public.end_call('b', 'completed', 1) -> 'cost_micros', '150000'::jsonb, 'a user''s is not: the database''s clock decides');
select pg_temp.act_as_owner();
select public.start_call('c', '+14155552671', pg_temp.ada());
select public.answer_call('c', pg_temp.ada());
select pg_temp.clock_at(460);
select is(public.end_call('c', 'completed', 320, pg_temp.ada()) -> 'duration_seconds', '300'::jsonb, 'a report past the deadline is billed to the deadline');
select is((pg_temp.call(pg_temp.ada(), 'c')).unbilled_seconds, 20::bigint, 'the rest is not billed but known');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
