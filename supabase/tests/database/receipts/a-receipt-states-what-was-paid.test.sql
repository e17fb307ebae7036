begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '{"name": "Example Calls", "address": ["1 Main Street"], "email": "billing@example.com", "tax_id": "DE123"}' where name = 'seller';
update private.settings set value = 'true' where name = 'stripe_discounts';
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
select is(pg_temp.error_of('select public.get_receipt((select id from ids), pg_temp.ada())') - 'hint',
  '{"code": "purchase_not_found", "sqlstate": "PT404", "details": {"status": "open", "problem": "no receipt before payment"}}', 'before payment there is none');
select pg_temp.clock_at(10);
select pg_temp.apply((select purchase from open), '{"amount_total": 1090, "amount_tax": 190, "amount_discount": 100, "invoice_url": "https://invoice.stripe.com/i/1"}');
select pg_temp.clock_at(20);
select private.issue_receipts();
select is(public.get_receipt((select id from ids), pg_temp.ada()), jsonb_build_object(
  'number', (select r.number from public.receipts r where r.purchase_id = (select id from ids)), 'issued_at', pg_temp.at(20), 'livemode', false,
  'purchase_id', (select id from ids), 'user_id', pg_temp.ada(), 'reference', 'TT-' || upper(left(replace((select id from ids)::text, '-', ''), 12)),
  'status', 'paid', 'origin', 'checkout', 'package_code', 'credit_10', 'package_name', '$10 credit', 'currency', 'usd', 'paid_at', pg_temp.at(10),
  'seller', '{"name": "Example Calls", "address": ["1 Main Street"], "email": "billing@example.com", "tax_id": "DE123"}'::jsonb,
  'buyer', jsonb_build_object('email', pg_temp.ada() || '@example.com'),
  'lines', '[{"description": "$10 credit", "quantity": 1, "amount_cents": 1000}]'::jsonb,
  'price_cents', 1000, 'subtotal_cents', 1000, 'discount_cents', 100, 'tax_lines', '[{"description": "Tax", "amount_cents": 190}]'::jsonb,
  'tax_cents', 190, 'paid_cents', 1090, 'refunded_cents', 0, 'disputed_cents', 0, 'net_paid_cents', 1090, 'refunds', '[]'::jsonb, 'disputes', '[]'::jsonb,
  'credit_micros', 9000000, 'bonus_micros', 1000000, 'clawed_back_micros', 0) || jsonb_build_object(
  'payment_intent_id', 'pi_' || left((select id from ids)::text, 8), 'receipt_url', 'https://pay.stripe.com/receipts/1',
  'invoice_url', 'https://invoice.stripe.com/i/1'), 'after it, all that a receipt states');
select matches((select r.number from public.receipts r where r.purchase_id = (select id from ids)), '^TT-TEST-[0-9]{6,}$', 'with a number of its series');
select is(public.get_receipt((select id from ids), pg_temp.ada()), public.get_receipt((select id from ids), pg_temp.ada()), 'asking again answers the same');
select throws_ok('select public.get_receipt(null, pg_temp.ada())', 'PT404', 'purchase_not_found', 'there is none of no purchase');

create temporary table free as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben())) as purchase;
select pg_temp.apply((select purchase from free), '{"payment_status": "no_payment_required", "amount_total": 0, "amount_discount": 1000, "payment_intent": null}');
create temporary view of_ben as select public.get_receipt((purchase ->> 'purchase_id')::uuid, pg_temp.ben()) as receipt from free;
select is((select array[receipt ->> 'subtotal_cents', receipt ->> 'discount_cents', receipt ->> 'paid_cents'] from of_ben), '{1000,1000,0}', 'a full discount is a receipt of nothing paid');
select is((select receipt -> 'tax_lines' from of_ben), '[]', 'without tax there is no line for it');
delete from auth.users where id = pg_temp.ben();
select is((select receipt -> 'buyer' from of_ben), '{"email": null}', 'once the login is deleted nobody is named');

select * from finish();
rollback;
