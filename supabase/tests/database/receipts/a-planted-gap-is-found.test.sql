begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.clock_at(n), pg_temp.buy(pg_temp.ada(), k) from (values (1, 'a'), (2, 'b'), (3, 'c')) v (n, k);
select is_empty('select * from private.check_receipts()', 'what is due is no violation');
select private.issue_receipts();
select is_empty('select * from private.check_receipts()', 'nor what is numbered');
alter table public.receipts disable trigger append_only;
savepoint whole;
delete from public.receipts r using public.purchases p where p.id = r.purchase_id and p.user_id = pg_temp.ada() and p.idempotency_key = 'b';
select set_eq('select violation from private.check_receipts()', '{receipt_numbers_have_a_gap,paid_purchase_has_no_receipt}'::text[], 'a receipt that is gone is found twice over');
rollback to savepoint whole;
update public.receipts r set tax_cents = 10, paid_cents = r.paid_cents + 10 where r.user_id = pg_temp.ada() and r.sequence = (select max(sequence) from public.receipts where not livemode);
select set_eq('select violation from private.check_receipts()', '{receipt_is_not_of_what_was_paid}'::text[], 'so is one that states another amount');
rollback to savepoint whole;
delete from private.receipts_due;
select is_empty('select * from private.check_receipts()', 'whole again, there is nothing to find');

select * from finish();
rollback;
