begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select pg_temp.apply((select purchase from open), '{"status": "open", "payment_status": "unpaid"}');
select is(private.stripe_customer(pg_temp.ada()), null, 'before a payment there is none');
select pg_temp.apply((select purchase from open));
select is(private.stripe_customer(pg_temp.ada()), 'cus_1', 'a payment tells');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-2') #>> '{checkout,customer}', 'cus_1', 'the next purchase is by the same customer');
select is(pg_temp.new_purchase(pg_temp.ben()) #>> '{checkout,customer}', null, 'another person is another');
update private.settings set value = 'true' where name = 'stripe_livemode';
select is(private.stripe_customer(pg_temp.ada()), null, 'live mode has customers of its own');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-3') #>> '{checkout,customer}', null, 'also for a purchase');
update private.settings set value = 'false' where name = 'stripe_livemode';

select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-4')), '{"customer": null}');
select is(private.stripe_customer(pg_temp.ada()), 'cus_1', 'a session without one changes nothing');
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-5')), '{"customer": "cus_2"}');
select is(private.stripe_customer(pg_temp.ada()), 'cus_2', 'the newest counts');
select public.forget_stripe_customer(pg_temp.ada(), 'cus_1'), public.forget_stripe_customer(pg_temp.ben(), 'cus_2');
select is(private.stripe_customer(pg_temp.ada()), 'cus_2', 'only the one that Stripe no longer knows is forgotten');
select public.forget_stripe_customer(pg_temp.ada(), 'cus_2');
select is(private.stripe_customer(pg_temp.ada()), null, 'then it is');
select private.remember_stripe_customer(pg_temp.ada(), false, null);
select is_empty('select * from private.stripe_customers where user_id = pg_temp.ada()', 'nothing is nobody');

select * from finish();
rollback;
