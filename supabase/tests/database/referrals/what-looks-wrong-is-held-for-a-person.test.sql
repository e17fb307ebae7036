begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '5000000' where name in ('referral_reward_micros', 'referral_welcome_micros');
create temporary table first as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-1')) as purchase;
select pg_temp.apply(purchase, '{"card_fingerprint": "fp_1"}') from first;
select public.claim_referral(public.get_referral_code(pg_temp.ada()) ->> 'code', pg_temp.ben());
create temporary table second as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben(), 'key-2')) as purchase;
select pg_temp.apply(purchase, '{"card_fingerprint": "fp_1"}') from second;
select private.settle_referrals();
select results_eq($$ select status, hold_reason from private.referrals $$, $$ values ('held', 'shared_card') $$, 'who pays with the other''s card is held');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 10000000::bigint, 'and gets nothing');
select is((select count(*) from reporting.alerts where kind = 'referral_held' and resolved_at is null), 1::bigint, 'a person is told to look');
select is((public.get_referral_code(pg_temp.ada()) ->> 'pending')::integer, 1, 'those it is about see it pending');
select throws_ok($$ select public.resolve_referral(pg_temp.ben(), 'maybe', 'x') $$, 'PT400', 'invalid_request', 'the decision is one of two');
select throws_ok($$ select public.resolve_referral(pg_temp.ada(), 'reward', 'x') $$, 'PT409', 'review_not_possible', 'about one that is held');
select public.resolve_referral(pg_temp.ben(), 'reward', 'a couple with one card');
select is(private.settle_referrals(), 1, 'cleared, it is rewarded');
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 15000000::bigint, 'as promised');
select is((select count(*) from reporting.alerts where kind = 'referral_held' and resolved_at is null), 0::bigint, 'and the alert is gone');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
