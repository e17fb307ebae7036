begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select pg_temp.sign_up(pg_temp.ben(), 1000000);
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select is(pg_temp.error_of($$ select public.start_call('c-1', '+14155552672', pg_temp.ada()) $$) - 'hint',
  '{"code": "idempotency_conflict", "sqlstate": "PT409", "details": {"call_id": "c-1"}}', 'another number under the id is refused');
-- Both numbers look alike behind the mask.
select throws_ok($$ select public.start_call('c-1', '+14159992671', pg_temp.ada()) $$, 'PT409', 'idempotency_conflict', 'also one with the same mask');
select is(public.start_call('c-1', '+442079460958', pg_temp.ben()) -> 'replayed', 'false'::jsonb, 'another user''s id is another id');
select public.end_call('c-1', 'canceled', user_id => pg_temp.ada());
select throws_ok($$ select public.start_call('c-1', '+14155552672', pg_temp.ada()) $$, 'PT409', 'idempotency_conflict', 'also after its end');

select * from finish();
rollback;
