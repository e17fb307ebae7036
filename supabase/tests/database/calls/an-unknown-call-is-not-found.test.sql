begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.sign_up(pg_temp.ben(), 10000000);
select public.start_call('ben-1', '+14155552671', pg_temp.ben());
select is(pg_temp.error_of($$ select public.get_call('nowhere', pg_temp.ada()) $$) - 'hint', '{"code": "call_not_found", "sqlstate": "PT404", "details": {"call_id": "nowhere"}}', 'get_call');
select throws_ok($$ select public.answer_call('nowhere', pg_temp.ada()) $$, 'PT404', 'call_not_found', 'answer_call');
select throws_ok($$ select public.extend_call('nowhere', pg_temp.ada()) $$, 'PT404', 'call_not_found', 'extend_call');
select throws_ok($$ select public.end_call('nowhere', user_id => pg_temp.ada()) $$, 'PT404', 'call_not_found', 'end_call');
select throws_ok($$ select public.get_call('ben-1', pg_temp.ada()) $$, 'PT404', 'call_not_found', 'another user''s call is as unknown');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.end_call('ben-1') $$, 'PT404', 'call_not_found', 'also to the user themselves');
select throws_ok(format($$ select public.end_call('ben-1', user_id => %L) $$, pg_temp.ben()), 'PT403', 'forbidden', 'and naming its owner is forbidden');
select throws_ok($$ select public.get_call(null) $$, 'PT404', 'call_not_found', 'no id is no call');
select pg_temp.act_as_owner();

select * from finish();
rollback;
