begin;
\ir ../helpers.psql
select plan(9);

create function pg_temp.refund(p_id text, p_cents bigint, p_status text default 'succeeded') returns jsonb
language sql as $$ select public.apply_refund(jsonb_build_object('id', p_id, 'status', p_status, 'amount', p_cents, 'currency', 'usd',
  'payment_intent', (select payment_intent_id from public.purchases where user_id = pg_temp.ben()))) $$;

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '5000000' where name in ('referral_reward_micros', 'referral_welcome_micros');
select public.claim_referral(public.get_referral_code(pg_temp.ada()) ->> 'code', pg_temp.ben());
select pg_temp.buy(pg_temp.ben(), 'key-1', 'credit_20');
select private.settle_referrals();
-- Ada spends $3 of her $5.
select private.spend_credit(pg_temp.ada(), (private.post_transaction(pg_temp.ada(), 'adjustment', -3000000, 'adjustment', 'Spent')).line, 3000000, private.clock());
select pg_temp.refund('re_1', 1000);
select is(private.settle_referrals(), 0, 'while what is left would still count, both keep it');
select pg_temp.refund('re_2', 1);
select is(private.settle_referrals(), 1, 'a cent less and it does not');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, -3000000::bigint, 'what was spent of it is debt');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 9990000::bigint, 'the other has what they paid for');
select is(private.settle_referrals(), 0, 'once');
select pg_temp.refund('re_2', 1, 'failed');
select is(private.settle_referrals(), 1, 'when the refund fails it counts again');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 2000000::bigint, 'and both have it again');
select is((select status from private.referrals), 'rewarded', 'as it was');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
