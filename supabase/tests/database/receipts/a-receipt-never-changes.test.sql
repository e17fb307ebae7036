begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
create temporary table before as select public.get_receipt((select id from bought), pg_temp.ada()) as receipt;
update private.settings set value = '{"name": "Another Company", "address": [], "email": null, "tax_id": null}' where name = 'seller';
update private.settings set value = '"XX"' where name = 'receipt_prefix';
update public.credit_packages set name = 'Another name', price_cents = 900 where code = 'credit_10';
select pg_temp.clock_at(60);
select is(public.get_receipt((select id from bought), pg_temp.ada()), (select receipt from before), 'whatever changes later, a receipt stays as it was issued');
select throws_ok($$ update public.receipts set number = 'TT-1' where user_id = pg_temp.ada() $$, 'PT409', 'append_only', 'it cannot be changed');
select throws_ok($$ delete from public.receipts where user_id = pg_temp.ada() $$, 'PT409', 'append_only', 'nor removed');
select throws_ok('truncate public.receipts', 'PT409', 'append_only', 'nor all of them');
select throws_ok($$ insert into public.receipts select (jsonb_populate_record(r, '{"number": "TT-2"}')).* from public.receipts r where r.user_id = pg_temp.ada() $$,
  '23505', null, 'nor issued twice');
-- Somebody may say paid again; there is still one.
select pg_temp.apply(jsonb_build_object('purchase_id', p.id, 'user_id', p.user_id, 'price_cents', p.price_cents, 'stripe_session_id', p.stripe_session_id))
  from public.purchases p where p.id = (select id from bought);
select is((select count(*) from private.receipts_due where purchase_id = (select id from bought)), 0::bigint, 'a payment that is applied again is due no other');

select * from finish();
rollback;
