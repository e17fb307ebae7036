begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('a', '+14155552671', pg_temp.ada());
select public.answer_call('a', pg_temp.ada());
select pg_temp.clock_at(400);
select public.end_call('a', 'completed', 310, pg_temp.ada());
select is((select (duration_seconds, unbilled_seconds) from public.call_logs where user_id = pg_temp.ada()), row(300::bigint, 10::bigint), 'reported once');
select is(public.end_call('a', 'completed', 310, pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'the same duration is a replay');
select is(public.end_call('a', 'completed', null, pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'so is none');
select is(pg_temp.error_of($$ select public.end_call('a', 'completed', 300, pg_temp.ada()) $$) - 'hint',
  '{"code": "idempotency_conflict", "sqlstate": "PT409", "details": {"call_id": "a", "duration_seconds": 310}}', 'another is a conflict');
select pg_temp.act_as(pg_temp.ada());
select is(public.end_call('a', 'completed', 300) -> 'replayed', 'true'::jsonb, 'a user''s own duration was never counted');
select pg_temp.act_as_owner();
select is((select (duration_seconds, unbilled_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ada()), row(300::bigint, 10::bigint, 750000::bigint), 'nothing has changed');

select * from finish();
rollback;
