begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 300000);
create function pg_temp.told() returns bigint language sql as $$ select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'call_cut_off' $$;
select public.start_call('a', '+14155552671', pg_temp.ada());
select public.answer_call('a', pg_temp.ada());
select pg_temp.clock_at(30);
select public.end_call('a', user_id => pg_temp.ada());
select is(pg_temp.told(), 0::bigint, 'a call that was hung up is not cut off');
select public.start_call('b', '+14155552671', pg_temp.ada());
select public.answer_call('b', pg_temp.ada());
select pg_temp.clock_at(90);
select public.extend_call('b', pg_temp.ada());
select results_eq($$ select payload, created_at from public.notifications where user_id = pg_temp.ada() and kind = 'call_cut_off' $$,
  $$ values ('{"call_id": "b", "reason": "credit_exhausted", "duration_seconds": 60, "cost_micros": 150000}'::jsonb, pg_temp.at(90)) $$, 'one that ran dry is');
select public.extend_call('b', pg_temp.ada());
select public.end_call('b', 'credit_exhausted', user_id => pg_temp.ada());
select is(pg_temp.told(), 1::bigint, 'once');
select private.notify_user(pg_temp.ada(), 'call_cut_off', 'call_cut_off:b', '{}');
select is(pg_temp.told(), 1::bigint, 'a key is told once, whoever tells it');
select throws_ok($$ select private.notify_user(pg_temp.ada(), 'gossip', 'x', '{}') $$, '23514', null, 'an unknown kind is refused');

select * from finish();
rollback;
