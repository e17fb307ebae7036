begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.act_as(pg_temp.ada());
select is(public.start_call('c-1', '+14155552671') ->> 'status', 'authorized', 'the user starts it');
select pg_temp.act_as_role('service_role');
select is(public.answer_call('c-1', pg_temp.ada()) ->> 'status', 'answered', 'the telephony server reports the answer');
select throws_ok($$ select public.extend_call('c-1') $$, 'PT400', 'invalid_request', 'it has to name the user');
select pg_temp.act_as(pg_temp.ada());
select is(public.extend_call('c-1', pg_temp.ada()) ->> 'status', 'answered', 'the user sends the heartbeat');
select is(public.get_call('c-1') ->> 'status', 'answered', 'and looks at it');
select pg_temp.act_as_role('service_role');
select is(public.end_call('c-1', user_id => pg_temp.ada()) ->> 'end_reason', 'completed', 'the server reports the end');
select pg_temp.act_as_role('anon');
select throws_ok($$ select public.get_call('c-1') $$, '42501', null, 'nobody signed in has no part in it');
select pg_temp.act_as_owner();

select * from finish();
rollback;
