begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('late', '+14155552671', pg_temp.ada());
select pg_temp.clock_at(-10);
select public.start_call('later', '+14155552671', pg_temp.ada());
select pg_temp.clock_at(-20);
select public.start_call('latest', '+14155552671', pg_temp.ada());
select pg_temp.clock_at(500);
select is(public.sweep_calls(1) -> 'unanswered', '1'::jsonb, 'a batch of one');
select is((pg_temp.call(pg_temp.ada(), 'latest')).status, 'ended', 'takes the longest overdue');
select is(public.sweep_calls(0) -> 'unanswered', '1'::jsonb, 'a batch has at least one');
select is(public.sweep_calls() -> 'unanswered', '1'::jsonb, 'the rest follows');

select * from finish();
rollback;
