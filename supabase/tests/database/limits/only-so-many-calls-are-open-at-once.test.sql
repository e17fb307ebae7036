begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 100000000);
select lives_ok($$ select public.start_call('free-' || n, '+14155552671', pg_temp.ada()) from generate_series(1, 20) n $$, 'without a limit there may be many');
select public.end_call('free-' || n, user_id => pg_temp.ada()) from generate_series(1, 20) n;
update public.users set max_concurrent_calls = 2 where id = pg_temp.ada();
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
select public.start_call('b', '+14155552671', pg_temp.ada());
select is(pg_temp.error_of($$ select public.start_call('c', '+14155552671', pg_temp.ada()) $$),
  '{"code": "too_many_calls", "sqlstate": "PT429", "details": {"limit": 2}, "hint": "End one of the live calls first."}'::jsonb, 'one live and one that rings are two');
select is(public.start_call('a', '+14155552671', pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'a replay is no call more');
select is(public.answer_call('b', pg_temp.ada()) ->> 'status', 'answered', 'and an answer neither');
select public.end_call('a', user_id => pg_temp.ada());
select is(pg_temp.code_of($$ select public.start_call('c', '+14155552671', pg_temp.ada()) $$), null, 'when one ends another may begin');
update public.users set max_concurrent_calls = 1 where id = pg_temp.ada();
select is(public.extend_call('b', pg_temp.ada()) ->> 'status', 'answered', 'a lower limit ends nothing that is live');
select pg_temp.clock_at(130);
select throws_ok($$ select public.start_call('d', '+14155552671', pg_temp.ada()) $$, 'PT429', 'too_many_calls', 'overdue calls count until they are swept');
select public.sweep_calls();
select is(pg_temp.code_of($$ select public.start_call('d', '+14155552671', pg_temp.ada()) $$), null, 'then no more');
select pg_temp.sign_up(pg_temp.ben(), 1000000);
select is(pg_temp.code_of($$ select public.start_call('d', '+14155552671', pg_temp.ben()) $$), null, 'another user has nothing to do with it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
