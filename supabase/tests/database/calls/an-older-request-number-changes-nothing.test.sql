begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(30);
select public.extend_call('a', pg_temp.ada(), 30, 7);
create temporary table before as select pg_temp.call(pg_temp.ada(), 'a') as call;
select pg_temp.clock_at(61);
select is(public.extend_call('a', pg_temp.ada(), 60, 6) -> 'replayed', 'true'::jsonb, 'a request that was overtaken is answered');
select is(public.extend_call('a', pg_temp.ada(), 60, 6) -> 'elapsed_seconds', '61'::jsonb, 'with the call as it is now');
select is(public.extend_call('a', pg_temp.ada(), 1000, -1) -> 'replayed', 'true'::jsonb, 'whatever it counted');
select is(pg_temp.call(pg_temp.ada(), 'a'), (select call from before), 'and changes nothing of it');
select is(public.extend_call('a', pg_temp.ada(), 60, 1000) -> 'replayed', 'false'::jsonb, 'a number may skip others');
select is(public.extend_call('a', pg_temp.ada(), 60, 999) -> 'replayed', 'true'::jsonb, 'which are older from then on');
select is((select (last_request_number, proven_seconds) from public.call_logs where user_id = pg_temp.ada()), row(1000::bigint, 60::bigint), 'the newest stands');
select is((select (balance_micros, held_micros) from public.users where id = pg_temp.ada()), row(10000000::bigint, 1050000::bigint), 'the hold is that of the newest: 360 seconds are seven minutes begun at 61');

select * from finish();
rollback;
