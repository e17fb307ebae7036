begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
update private.settings set value = '{"name": "Example Calls", "address": ["1 Main Street"], "email": "billing@example.com", "tax_id": "DE123"}' where name = 'seller';
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
grant select on ids to public;
select is(pg_temp.error_of('select public.get_receipt((select id from ids), pg_temp.ada())') - 'hint',
  '{"code": "purchase_not_found", "sqlstate": "PT404", "details": {"status": "open", "problem": "no receipt before payment"}}', 'before payment there is none');
select pg_temp.clock_at(10);
select pg_temp.apply((select purchase from open), '{"amount_total": 1190, "amount_tax": 190}');
select is(public.get_receipt((select id from ids), pg_temp.ada()), jsonb_build_object(
  'purchase_id', (select id from ids), 'reference', 'TT-' || upper(left(replace((select id from ids)::text, '-', ''), 12)), 'status', 'paid', 'package_code', 'credit_10', 'package_name', '$10 credit',
  'currency', 'usd', 'price_cents', 1000, 'tax_cents', 190, 'paid_cents', 1190, 'refunded_cents', 0, 'credit_micros', 10000000, 'bonus_micros', 0, 'paid_at', pg_temp.at(10),
  'payment_intent_id', 'pi_' || left((select id from ids)::text, 8), 'receipt_url', 'https://pay.stripe.com/receipts/1',
  'seller', '{"name": "Example Calls", "address": ["1 Main Street"], "email": "billing@example.com", "tax_id": "DE123"}'::jsonb), 'after it, all that a receipt states');
select throws_ok('select public.get_receipt((select id from ids), pg_temp.ben())', 'PT404', 'purchase_not_found', 'another user''s is not found');
select throws_ok('select public.get_receipt(null, pg_temp.ada())', 'PT404', 'purchase_not_found', 'nor is none');
select pg_temp.act_as(pg_temp.ada());
select is(public.get_receipt((select id from ids)) ->> 'status', 'paid', 'a user gets their own');
select pg_temp.act_as(pg_temp.ben());
select throws_ok('select public.get_receipt((select id from ids))', 'PT404', 'purchase_not_found', 'and not another''s');
select throws_ok('select public.get_receipt((select id from ids), pg_temp.ada())', 'PT403', 'forbidden', 'whatever they claim');
select pg_temp.act_as_owner();

select * from finish();
rollback;
