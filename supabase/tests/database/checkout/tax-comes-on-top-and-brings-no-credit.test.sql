begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = 'true' where name = 'stripe_discounts';
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())),
  '{"amount_total": 871, "amount_discount": 200, "amount_tax": 71, "invoice_url": "https://invoice.stripe.com/1"}');
select results_eq('select status, paid_cents, tax_cents, invoice_url from public.purchases where user_id = pg_temp.ada()',
  $$ values ('paid', 871::bigint, 71::bigint, 'https://invoice.stripe.com/1') $$, 'what Stripe took has the tax in it');
select results_eq('select kind, amount_micros from public.transactions where user_id = pg_temp.ada() order by line', $$ values ('purchase', 8000000::bigint), ('bonus', 2000000) $$,
  'what was paid for credit has not, nor the discount');
select is((select payload ->> 'paid_cents' from public.notifications where user_id = pg_temp.ada()), '871', 'the person is told what they paid');
select is(pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')), '{"amount_total": 1000, "amount_tax": 71}') #>> '{purchase,review_reason}', 'amount_mismatch',
  'tax that was taken out of the price is not what was asked');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
