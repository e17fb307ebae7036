begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update public.users set rate_plan = 'prorated';
select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1000000, "valid_days": 1, "budget_micros": 5000000}', 'test');
select public.add_promo_codes('c', 'test', '{AAAA}', max_redemptions => null);
select public.redeem_code('aaaa', pg_temp.ada()), public.redeem_code('aaaa', pg_temp.ben());
-- Ada talks 100 s for $0.25, pays $10 and gets $4 of it back; Ben lets his expire.
select pg_temp.talk(pg_temp.ada(), 'c-1', 100);
select pg_temp.buy(pg_temp.ada());
select public.apply_refund(jsonb_build_object('id', 're_1', 'status', 'succeeded', 'amount', 400, 'currency', 'usd',
  'payment_intent', (select payment_intent_id from public.purchases where user_id = pg_temp.ada())));
select pg_temp.clock_at(2 * 86400);
select private.sweep_expired_credit();
select results_eq($$ select redeemed_count, redeemed_micros, people, granted_micros, spent_micros::bigint, expired_micros::bigint, remaining_micros, taken_back_micros::bigint, purchases, revenue_cents
  from reporting.campaigns where campaign = 'c' $$,
  $$ values (2, 2000000::bigint, 2::bigint, 2000000::bigint, 250000::bigint, 1750000::bigint, 0::bigint, 0::bigint, 1::bigint, 600::bigint) $$, 'every figure');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
