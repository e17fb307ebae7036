begin;
\ir ../helpers.psql
select plan(18);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call(c, '+14155552671', pg_temp.ada(), true) from unnest('{a,b}'::text[]) c;
select pg_temp.clock_at(40);
select is(public.extend_call('a', pg_temp.ada(), 35) -> 'authorized_seconds', '340'::jsonb, 'the hold is kept a quantum ahead of the clock');
select is((pg_temp.call(pg_temp.ada(), 'a')).proven_seconds, 35::bigint, 'what the telephony system counted is proven');
select pg_temp.clock_at(60);
select public.extend_call('a', pg_temp.ada(), 30);
select is((pg_temp.call(pg_temp.ada(), 'a')).proven_seconds, 35::bigint, 'the count is cumulative: a smaller one takes nothing back');
select is(pg_temp.error_of($$ select public.extend_call('a', pg_temp.ada(), 61) $$) - 'hint',
  '{"code": "duration_invalid", "sqlstate": "PT400", "details": {"elapsed_seconds": 61, "longest": 60}}', 'more than has passed is refused');
select throws_ok($$ select public.extend_call('a', pg_temp.ada(), -1) $$, 'PT400', 'duration_invalid', 'so is less than nothing');
select is((select (proven_seconds, last_heartbeat_at) from public.call_logs where user_id = pg_temp.ada() and id = 'a'), row(35::bigint, pg_temp.at(60)), 'what was refused proved nothing');
select pg_temp.act_as(pg_temp.ada());
select is(public.extend_call('b', elapsed_seconds => 1) ->> 'status', 'answered', 'a user may count too');
select is(public.extend_call('b', elapsed_seconds => 1000) -> 'elapsed_seconds', '60'::jsonb, 'whatever they say');
select pg_temp.act_as_owner();
select is((pg_temp.call(pg_temp.ada(), 'b')).proven_seconds, 60::bigint, 'but their count is no evidence: the clock decides');
select pg_temp.clock_at(150);
select public.sweep_calls();
select is((select (end_reason, duration_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ada() and id = 'a'),
  row('heartbeat_lost'::text, 35::bigint, 87500::bigint), 'a call that falls silent is charged the seconds it counted');
select is((pg_temp.call(pg_temp.ada(), 'b')).duration_seconds, 60::bigint, 'or the time to its last heartbeat');

-- $0.25 are a hundred seconds.
select pg_temp.sign_up(pg_temp.ben(), 250000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ben();
select pg_temp.clock_at(0);
select public.start_call('c', '+14155552671', pg_temp.ben(), true);
select pg_temp.clock_at(90);
select public.extend_call('c', pg_temp.ben(), 88);
select pg_temp.clock_at(103);
select throws_ok($$ select public.extend_call('c', pg_temp.ben(), 104) $$, 'PT400', 'duration_invalid', 'past the deadline an impossible count is refused too');
select throws_ok($$ select public.extend_call('c', pg_temp.ben(), -5) $$, 'PT400', 'duration_invalid', 'of either sign');
select is((pg_temp.call(pg_temp.ben(), 'c')).status, 'answered', 'and ends nothing');
select is(public.extend_call('c', pg_temp.ben(), 102) ->> 'end_reason', 'credit_exhausted', 'a possible one ends the call');
select is((select (duration_seconds, unbilled_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ben()),
  row(100::bigint, 2::bigint, 250000::bigint), 'with what it counted past the deadline unbilled');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 0::bigint, 'nothing is left and nothing owed');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
