begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select pg_temp.clock_at(30);
create temporary table paid as select pg_temp.apply((select purchase from open)) as answer;

select is((select answer -> 'purchase' from paid), (select purchase || jsonb_build_object('status', 'paid', 'checkout_url', null,
    'payment_intent_id', 'pi_' || left(purchase ->> 'purchase_id', 8), 'receipt_url', 'https://pay.stripe.com/receipts/1',
    'paid_at', pg_temp.at(30), 'is_final', true) from open), 'the purchase is paid');
select is((select answer -> 'credited' from paid), 'true'::jsonb, 'this call wrote the credit');
select is((select answer #> '{balance,available_micros}' from paid), '10000000'::jsonb, 'the new balance comes with it');
select results_eq($$ select line, kind, amount_micros, counter_account, description, purchase_id from public.transactions where user_id = pg_temp.ada() $$,
  $$ select 1::bigint, 'purchase', 10000000::bigint, 'stripe_clearing', 'Credit purchase, $10.00', (purchase ->> 'purchase_id')::uuid from open $$,
  'one line says what was paid');
select results_eq($$ select source, granted_micros, remaining_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() $$,
  $$ values ('paid', 10000000::bigint, 10000000::bigint, null::timestamptz) $$, 'one grant of paid credit that never expires');
select results_eq($$ select paid_cents, tax_cents, stripe_customer_id from public.purchases where user_id = pg_temp.ada() $$,
  $$ values (1000::bigint, 0::bigint, 'cus_1') $$, 'what Stripe took is kept');

select is(pg_temp.apply((select purchase from open)) -> 'credited', 'false'::jsonb, 'applied again it credits nothing');
select is(pg_temp.apply((select purchase from open), '{"status": "expired", "payment_status": "unpaid"}') #>> '{purchase,status}', 'paid',
  'what was paid never becomes unpaid');
select is((select count(*) from public.transactions where user_id = pg_temp.ada()), 1::bigint, 'there is still one line');

create temporary table late as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')) as purchase;
select is(pg_temp.apply((select purchase from late), '{"status": "expired", "payment_status": "unpaid"}') #>> '{purchase,status}', 'expired', 'one that expired');
select is(pg_temp.apply((select purchase from late)) -> 'credited', 'true'::jsonb, 'is credited when Stripe says paid after all');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
