begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '5000000' where name = 'referral_reward_micros';
update private.settings set value = '3000000' where name = 'referral_welcome_micros';
update private.settings set value = '30' where name = 'referral_valid_days';
create temporary table code as select public.get_referral_code(pg_temp.ada()) ->> 'code' as code;
select is(public.get_referral_code(pg_temp.ada()) ->> 'code', code, 'a person has one code') from code;
select is(public.claim_referral(lower(code), pg_temp.ben()), '{"status": "pending", "replayed": false}'::jsonb, 'who comes by it names it') from code;
select is(public.claim_referral(code, pg_temp.ben()) -> 'replayed', 'true'::jsonb, 'again is the same') from code;
select private.settle_referrals();
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'a sign-up alone brings nothing');
select pg_temp.buy(pg_temp.ben(), 'key-1', 'credit_20');
select is(private.settle_referrals(), 1, 'the first payment does');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 5000000::bigint, 'for who referred');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 23000000::bigint, 'and for who was');
select is((select expires_at from public.credit_grants where user_id = pg_temp.ada()), pg_temp.at(0) + interval '720 hours', 'as long as the setting says');
select is(private.settle_referrals(), 0, 'once');
select is(public.get_referral_code(pg_temp.ada()) - '{code,link}'::text[], '{"reward_micros": 5000000, "welcome_micros": 3000000, "min_price_cents": 1000,
  "invited": 1, "pending": 0, "rewarded": 1, "rewarded_micros": 5000000}'::jsonb, 'and the person sees it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
