begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
create function pg_temp.look() returns void language sql as $$
  update public.purchases set next_check_at = private.clock() where user_id = pg_temp.ada();
  select public.claim_due_purchases();
$$;
create temporary view alert as select user_id, details, seen_count, resolved_at from private.alerts,
  open where kind = 'purchase_unconfirmed' and key = purchase ->> 'purchase_id' order by id;
select pg_temp.clock_at(864000);
select pg_temp.look();
select is_empty('select * from alert', 'ten days are a delayed method''s right');
select pg_temp.clock_at(864001);
select pg_temp.look();
select results_eq('select * from alert', $$ values (pg_temp.ada(), jsonb_build_object('status', 'processing', 'created_at', pg_temp.at(0)), 1, null::timestamptz) $$,
  'then somebody has to look');
select pg_temp.clock_at(864001 + 86400);
select pg_temp.look();
select results_eq('select seen_count, resolved_at from alert', $$ values (2, null::timestamptz) $$, 'at one alert, however long it lasts');
select pg_temp.apply((select purchase from open), '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
select is((select count(*) from alert where resolved_at is null), 1::bigint, 'no news leaves it open');
select pg_temp.apply((select purchase from open));
select is((select resolved_at from alert), pg_temp.at(864001 + 86400), 'the payment resolves it');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'and credits, late as it is');

select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2'), 'cs_2');
select pg_temp.clock_at(3000000);
select pg_temp.look();
select is(pg_temp.alerts_open('purchase_unconfirmed'), 1::bigint, 'one that never was paid');
select pg_temp.apply((select private.purchase_json(p) from public.purchases p where idempotency_key = 'key-2'), '{"status": "expired", "payment_status": "unpaid"}');
select is(pg_temp.alerts_open('purchase_unconfirmed'), 0::bigint, 'is resolved by its end');
select is((select count(*) from jsonb_array_elements(public.claim_due_purchases())), 0::bigint, 'and looked at no more');

select * from finish();
rollback;
