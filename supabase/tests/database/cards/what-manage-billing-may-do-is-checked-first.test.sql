begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select pg_temp.save_cards(pg_temp.ben(), 'pm_ben');
select is(public.begin_billing(pg_temp.ada(), 'sync'), jsonb_build_object('user_id', pg_temp.ada(), 'expected_livemode', false, 'currency', 'usd', 'customer_id', null, 'customers', '[]'::jsonb,
  'payment_methods', '[]'::jsonb), 'who has never saved a card is nobody at Stripe yet');
select public.save_stripe_customer(pg_temp.ada(), 'cus_aaaa');
select pg_temp.save_cards(pg_temp.ada(), 'pm_1');
select public.save_payment_methods(pg_temp.ada(), 'cus_second', jsonb_build_array(pg_temp.card('pm_2')), null);
select is(public.begin_billing(pg_temp.ada(), 'sync') -> 'customers', '["cus_aaaa", "cus_second"]'::jsonb, 'every customer a person has been is asked for cards, the present one first');
select is(public.begin_billing(pg_temp.ada(), 'set_default', payment_method_id => 'pm_2') ->> 'customer_id', 'cus_second', 'a card goes with its own customer');
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ada(), 'set_default', payment_method_id => 'pm_ben') $$), 'payment_method_not_found', 'somebody else''s card is not found');
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ada(), 'remove', payment_method_id => 'pm_ben') $$), 'payment_method_not_found', 'nor removed');
select is(pg_temp.error_of($$ select public.begin_billing(pg_temp.ada(), 'add_card', '{"success_url": "http://localhost:3000/", "cancel_url": "https://elsewhere.example/"}') $$) #>> '{details,parameter}', 'cancel_url',
  'people are sent back only to pages on the list');
insert into private.payment_failures select 'evt_' || n, pg_temp.ada(), 'card_declined', private.clock() from generate_series(1, 10) n;
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ada(), 'add_card') $$), 'too_many_failed_payments', 'who tries cards saves none');
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ada(), 'sync') $$), null, 'but sees those there are');
update private.settings set value = '3' where name = 'billing_limit_per_hour';
delete from private.rate_limits where user_id = pg_temp.ben();
select public.begin_billing(pg_temp.ben(), 'sync') from generate_series(1, 3);
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ben(), 'sync') $$), 'rate_limited', 'all of it only so often an hour');
select pg_temp.clock_at(3600);
update public.users set status = 'suspended' where id = pg_temp.ben();
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ben(), 'add_card') $$), 'wallet_suspended', 'a suspended wallet saves no card');
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ben(), 'sync') $$), null, 'and may look');
delete from auth.users where id = pg_temp.ben();
select is(pg_temp.code_of($$ select public.begin_billing(pg_temp.ben(), 'sync') $$), 'wallet_closed', 'a closed one may not');

select * from finish();
rollback;
