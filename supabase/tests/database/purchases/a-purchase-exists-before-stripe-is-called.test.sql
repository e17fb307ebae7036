begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table made as select pg_temp.new_purchase(pg_temp.ada()) as purchase;
create temporary table kept as select p.* from public.purchases p where p.user_id = pg_temp.ada();

select is((select purchase from made), jsonb_build_object(
  'purchase_id', (select id from kept), 'user_id', pg_temp.ada(), 'package_code', 'credit_10', 'status', 'created', 'origin', 'checkout',
  'price_cents', 1000, 'currency', 'usd', 'credit_micros', 10000000, 'bonus_micros', 0,
  'stripe_session_id', null, 'checkout_url', null, 'session_expires_at', null, 'payment_intent_id', null, 'receipt_url', null, 'invoice_url', null, 'review_reason', null,
  'failure_code', null, 'subscription_id', null, 'refunded_cents', 0, 'disputed_cents', 0, 'clawed_back_micros', 0,
  'success_url', 'http://localhost:3000/paid', 'cancel_url', 'http://localhost:3000/canceled',
  'created_at', pg_temp.at(0), 'paid_at', null, 'is_final', false, 'replayed', false, 'expected_livemode', false,
  'package', '{"code": "credit_10", "name": "$10 credit", "price_cents": 1000, "lookup_key": "talktime_credit_10_usd_1000",
    "stripe_price_id": null}'::jsonb,
  'checkout', '{"customer": null, "automatic_tax": false, "allow_promotion_codes": false, "invoice_creation": false}'::jsonb),
  'the answer has all that the payment function needs');
select results_eq('select status, livemode, next_check_at, check_count from kept',
  $$ values ('created', false, pg_temp.at(60), 0) $$, 'the row is there and looked at in a minute');
select is((select balance_micros from public.users where id = pg_temp.ada()), 0::bigint, 'nothing is credited');

update public.credit_packages set price_cents = 900 where code = 'credit_10';
select is(pg_temp.new_purchase(pg_temp.ada()) #>> '{package,lookup_key}', 'talktime_credit_10_usd_1000', 'a purchase keeps the price it began with');
update private.settings set value = 'true' where name = 'stripe_livemode';
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-2') -> 'expected_livemode', 'true'::jsonb, 'a live deployment expects live payments');
select throws_ok(format('select pg_temp.new_purchase(%L)', gen_random_uuid()), 'PT404', 'user_not_found', 'nobody buys nothing');

select * from finish();
rollback;
