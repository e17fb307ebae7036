begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 100000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
update private.settings set value = '100' where name = 'max_call_seconds';
select is(public.start_call('a', '+14155552671', pg_temp.ada()) -> 'seconds_left', '100'::jsonb, 'whatever the credit');
select public.answer_call('a', pg_temp.ada());
select pg_temp.clock_at(30);
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_until', to_jsonb(pg_temp.at(100)), 'a heartbeat extends it no further');
select pg_temp.clock_at(100);
select is(public.extend_call('a', pg_temp.ada()) -> 'cost_micros', '250000'::jsonb, 'it ends there');
select is(public.get_balance(pg_temp.ada()) -> 'talk_seconds', '100'::jsonb, 'and the balance promises no more');

select * from finish();
rollback;
