begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')) as purchase;
select private.remember_stripe_customer(pg_temp.ada(), true, 'cus_live');
delete from auth.users where id = pg_temp.ada();
select is_empty('select * from private.stripe_customers where user_id = pg_temp.ada()', 'in no mode');
select pg_temp.apply((select purchase from open), '{"status": "open", "payment_status": "unpaid"}');
select is((select count(stripe_customer_id) from public.purchases where user_id = pg_temp.ada()), 0::bigint, 'nor with a purchase');
select is(pg_temp.apply((select purchase from open)) #>> '{purchase,review_reason}', 'wallet_closed', 'a payment that comes later');
select is((select count(stripe_customer_id) from public.purchases where user_id = pg_temp.ada()), 0::bigint, 'brings none');
select private.remember_stripe_customer(pg_temp.ada(), false, 'cus_1');
select is_empty('select * from private.stripe_customers where user_id = pg_temp.ada()', 'however it is come by');

select * from finish();
rollback;
