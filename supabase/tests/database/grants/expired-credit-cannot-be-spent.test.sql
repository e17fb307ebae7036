begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 500000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(60));

select pg_temp.clock_at(59.999);
select is(public.get_balance(pg_temp.ada()) -> 'available_micros', '1500000'::jsonb, 'until it expires it is available');
select pg_temp.clock_at(60);
select is(public.get_balance(pg_temp.ada()) - '{user_id,currency,status,rate_plan,as_of}'::text[],
  '{"balance_micros": 1500000, "held_micros": 0, "expired_micros": 1000000, "available_micros": 500000, "debt_micros": 0, "credit_limit_micros": 0, "expiring": [], "talk_seconds": 200}'::jsonb,
  'from that instant it is in the balance but not available');
select is(public.start_call('c-1', '+14155552671', pg_temp.ada()) -> 'authorized_seconds', '200'::jsonb, 'a call is held by the rest only');
select throws_ok($$ select public.start_call('c-2', '+14155552671', pg_temp.ada()) $$, 'PT402', 'insufficient_credit', 'and no other call by it');
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(260);
select is(public.end_call('c-1', user_id => pg_temp.ada()) -> 'cost_micros', '500000'::jsonb, 'it costs what it held');
select results_eq($$ select grant_id, amount_micros from public.grant_entries where user_id = pg_temp.ada() and amount_micros < 0 $$,
  $$ values (1::bigint, -500000::bigint) $$, 'taken from the credit that had not expired');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
