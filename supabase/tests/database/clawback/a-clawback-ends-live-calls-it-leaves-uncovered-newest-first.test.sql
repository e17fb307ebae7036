begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as first, pg_temp.buy(pg_temp.ada(), 'key-2', 'credit_5') as second, pg_temp.buy(pg_temp.ben()) as other;
select public.start_call('ben', '+14155552671', pg_temp.ben(), true);
-- Three calls that hold $1.20, $0.75 and $0.75. The newest is the one that started last, whatever its id.
select public.start_call('c-9', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(10);
select public.start_call('c-1', '+14155552671', pg_temp.ada(), true);
select pg_temp.clock_at(20);
select public.start_call('c-5', '+14155552671', pg_temp.ada());
select pg_temp.clock_at(70);
select public.extend_call('c-9', pg_temp.ada()), public.extend_call('c-1', pg_temp.ada());
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 2700000::bigint, 'three calls hold credit');
create temporary view calls as select id, status, end_reason, settled_by, duration_seconds, cost_micros from public.call_logs where user_id = pg_temp.ada() order by started_at;

select pg_temp.refund(first, 1000) from ids;
select pg_temp.refund(second, 230) from ids;
select is((select array_agg(id) from calls where status <> 'ended'), '{c-9,c-1,c-5}'::text[], 'a clawback of what no call holds ends none');
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 0::bigint, 'though nothing more is available');
select pg_temp.refund(second, 1, '{"id": "re_2"}') from ids;
select results_eq('select * from calls', $$ values ('c-9', 'answered', null, null, null::bigint, null::bigint), ('c-1', 'answered', null, null, null, null),
    ('c-5', 'ended', 'credit_exhausted', 'sweeper', 0, 0) $$, 'a cent more ends the newest, which was not answered and costs nothing');
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 1950000::bigint, 'what it held covers the others');
select pg_temp.clock_at(100);
select pg_temp.dispute(second, 500, 'needs_response', '{-500}') from ids;
select results_eq('select id, status, end_reason, duration_seconds, cost_micros from calls', $$ values ('c-9', 'ended', 'credit_exhausted', 70::bigint, 300000::bigint),
  ('c-1', 'ended', 'credit_exhausted', 60, 150000),
    ('c-5', 'ended', 'credit_exhausted', 0, 0) $$, 'when all is gone all end, at their last proven second');
select results_eq($$ select balance_micros, held_micros from public.users where id = pg_temp.ada() $$, $$ values (-450000::bigint, 0::bigint) $$, 'what they cost is debt');
select is((select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'call_cut_off'), 3::bigint, 'the person is told of each');
select is(pg_temp.code_of($$ select public.start_call('c-0', '+14155552671', pg_temp.ada()) $$), 'insufficient_credit', 'and starts no other');
select is((pg_temp.call(pg_temp.ben(), 'ben')).status, 'answered', 'other people talk on');
select is(pg_temp.dispute(second, 500, 'won', '{-500,500}') ->> 'reinstated_micros', '2690000', 'what was won back') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
