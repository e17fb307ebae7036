begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select private.post_transaction(pg_temp.ada(), 'clawback', -3000000, 'dispute_loss', 'Lost dispute');
select is(public.get_balance(pg_temp.ada()) -> 'debt_micros', '3000000'::jsonb, 'a negative balance is debt');
select pg_temp.give(pg_temp.ada(), 2000000);
select results_eq($$ select granted_micros, remaining_micros from public.credit_grants where user_id = pg_temp.ada() $$,
  $$ values (2000000::bigint, 0::bigint) $$, 'credit below the debt leaves nothing to spend');
select is_empty($$ select * from public.grant_entries where user_id = pg_temp.ada() $$, 'nor an entry');
select throws_ok($$ select public.start_call('c-1', '+14155552671', pg_temp.ada()) $$, 'PT402', 'insufficient_credit', 'in debt no call starts');
select pg_temp.give(pg_temp.ada(), 2500000);
select results_eq($$ select id, remaining_micros from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values (2::bigint, 0::bigint), (3, 1500000) $$, 'of the credit that ends the debt the rest remains');
select is(public.get_balance(pg_temp.ada()) - '{user_id,currency,status,rate_plan,as_of}'::text[],
  '{"balance_micros": 1500000, "held_micros": 0, "expired_micros": 0, "available_micros": 1500000, "debt_micros": 0, "credit_limit_micros": 0, "expiring": [], "talk_seconds": 600}'::jsonb,
  'and can be spent');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
