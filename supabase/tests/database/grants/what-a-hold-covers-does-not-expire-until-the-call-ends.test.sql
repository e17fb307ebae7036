begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.clock_at(0);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(100));

-- 300 seconds at 2 500 micros are held at second 50; the grant expires at second 100.
select pg_temp.clock_at(50);
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select is((pg_temp.wallet(pg_temp.ada())).held_micros, 750000::bigint, 'a quantum is held');
select pg_temp.clock_at(100);
select is(public.get_balance(pg_temp.ada()) - '{user_id,currency,status,rate_plan,as_of}'::text[],
  '{"balance_micros": 1000000, "held_micros": 750000, "expired_micros": 250000, "available_micros": 0, "debt_micros": 0, "credit_limit_micros": 0, "expiring": [], "talk_seconds": 0}'::jsonb,
  'what it does not cover expires');
select is(public.extend_call('c-1', pg_temp.ada()) -> 'authorized_seconds', '300'::jsonb, 'the hold cannot grow into it');
select pg_temp.clock_at(349);
select is(public.end_call('c-1', user_id => pg_temp.ada()) -> 'cost_micros', '747500'::jsonb, 'what it covers pays for the call');
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '0'::jsonb, 'what it covered and did not need expires with its end');
select is(public.get_balance(pg_temp.ada()) -> 'expired_micros', '252500'::jsonb, 'and is counted as expired');
select throws_ok($$ select public.start_call('c-2', '+14155552671', pg_temp.ada()) $$, 'PT402', 'insufficient_credit', 'for the next call it is too late');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
