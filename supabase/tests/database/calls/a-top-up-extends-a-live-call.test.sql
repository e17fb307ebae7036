begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 150000);
select public.start_call('a', '+14155552671', pg_temp.ada());
select public.answer_call('a', pg_temp.ada());
select pg_temp.clock_at(55);
select is(public.extend_call('a', pg_temp.ada()) -> 'seconds_left', '5'::jsonb, 'five seconds before the end');
select pg_temp.buy(pg_temp.ada());
select is(public.get_call('a', pg_temp.ada()) -> 'seconds_left', '3965'::jsonb, 'ten dollars arrive and can be seen');
select is(public.get_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(60)), 'looking does not extend');
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(360)), 'the next heartbeat does');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
