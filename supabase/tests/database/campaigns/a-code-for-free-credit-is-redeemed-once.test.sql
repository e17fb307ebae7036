begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select public.create_campaign('{"name": "hello", "kind": "free_credit", "amount_micros": 2000000, "valid_days": 10}', 'launch');
select public.add_promo_codes('hello', 'launch', '{HELLO}', max_redemptions => null);
select pg_temp.act_as(pg_temp.ada());
select is(public.redeem_code('hello') - '{redemption_id,created_at}'::text[], '{"campaign": "hello", "code": "HE110", "status": "granted",
  "amount_micros": 2000000, "purchase_id": null, "grant_id": 1, "replayed": false}'::jsonb, 'redeeming gives the credit at once');
select is(public.redeem_code('HELLO') -> 'replayed', 'true'::jsonb, 'the same code again answers the same');
select is((select count(*) from public.redemptions), 1::bigint, 'and the person reads their own redemption');
select pg_temp.act_as_owner();
select results_eq($$ select kind, amount_micros, counter_account from public.transactions where user_id = pg_temp.ada() $$,
  $$ values ('promotion', 2000000::bigint, 'promotional_expense') $$, 'it is one line');
select results_eq($$ select source, expires_at from public.credit_grants where user_id = pg_temp.ada() $$,
  $$ values ('promotional', pg_temp.at(0) + interval '240 hours') $$, 'and lives as long as the campaign says');
select results_eq($$ select redeemed_count, redeemed_micros from private.campaigns $$, $$ values (1, 2000000::bigint) $$, 'it counts once');
update public.users set status = 'suspended' where id = pg_temp.ada();
select throws_ok($$ select public.redeem_code('hello', pg_temp.ada()) $$, 'PT403', 'wallet_suspended', 'a suspended wallet redeems nothing');
select pg_temp.act_as_role('anon');
select throws_ok($$ select public.redeem_code('hello') $$, '42501', null, 'nor does nobody');
select pg_temp.act_as_owner();
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
