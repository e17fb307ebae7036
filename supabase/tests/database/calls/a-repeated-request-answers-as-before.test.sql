begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
create temporary table answers as select 'start' as step, public.start_call('c-1', '+14155552671', pg_temp.ada()) as call;
select is(public.start_call('c-1', '+1 (415) 555-2671', pg_temp.ada()), (select call || '{"replayed": true}' from answers where step = 'start'), 'a start, also written another way');
insert into answers select 'answer', public.answer_call('c-1', pg_temp.ada());
select is(public.answer_call('c-1', pg_temp.ada()), (select call || '{"replayed": true}' from answers where step = 'answer'), 'an answer');
select pg_temp.clock_at(10);
select public.answer_call('c-1', pg_temp.ada());
select is((pg_temp.call(pg_temp.ada(), 'c-1')).answered_at, pg_temp.at(0), 'billing began with the first answer');
insert into answers select 'extend', public.extend_call('c-1', pg_temp.ada());
select is(public.extend_call('c-1', pg_temp.ada()), (select call from answers where step = 'extend'), 'a heartbeat at the same instant changes nothing');
select is(public.start_call('c-1', '+14155552671', pg_temp.ada()) ->> 'status', 'answered', 'a start of a live call tells where it is');
select pg_temp.clock_at(20);
insert into answers select 'end', public.end_call('c-1', user_id => pg_temp.ada());
select is(public.end_call('c-1', user_id => pg_temp.ada()), (select call || '{"replayed": true}' from answers where step = 'end'), 'an end');
select is(public.end_call('c-1', 'failed', user_id => pg_temp.ada()) ->> 'end_reason', 'completed', 'the first end wins');
select is(public.extend_call('c-1', pg_temp.ada()) - 'server_time', (select call || '{"replayed": true}' from answers where step = 'end') - 'server_time', 'a heartbeat after the end says: hang up');
select pg_temp.clock_at(500);
select is(public.start_call('c-1', '+14155552671', pg_temp.ada()) ->> 'status', 'ended', 'a start under an old id starts no call');
select is((select (balance_micros, held_micros, last_line) from public.users where id = pg_temp.ada()), row(9850000::bigint, 0::bigint, 2::bigint), 'it was charged once');

select * from finish();
rollback;
