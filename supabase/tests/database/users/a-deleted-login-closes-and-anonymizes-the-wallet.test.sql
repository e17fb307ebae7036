begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.buy(pg_temp.ada());
select pg_temp.buy(pg_temp.ben());
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.start_call('c-1', '+14155552671', pg_temp.ben());
select public.end_call('c-1', 'canceled', user_id => pg_temp.ada());
select pg_temp.clock_at(60);
delete from auth.users where id = pg_temp.ada();

select results_eq($$ select status, closed_at, balance_micros from public.users where id = pg_temp.ada() $$,
  $$ values ('closed', pg_temp.at(60), 10000000::bigint) $$, 'the wallet is closed and keeps its balance');
select is((pg_temp.call(pg_temp.ada(), 'c-1')).destination_ciphertext, null, 'the dialled number is gone');
select is((pg_temp.call(pg_temp.ada(), 'c-1')).destination_masked, 'deleted', 'also its mask');
select is((select stripe_customer_id from public.purchases where user_id = pg_temp.ada()), null, 'the Stripe customer is forgotten');
select is((select payment_intent_id is not null from public.purchases where user_id = pg_temp.ada()), true, 'the payment is not');
select is((select count(*) from public.transactions where user_id = pg_temp.ada()), 1::bigint, 'the journal stays');
select is((select count(*) from public.call_logs where user_id = pg_temp.ada()), 1::bigint, 'the call stays');
select results_eq(
  $$ select c.destination_masked, p.stripe_customer_id, u.status
    from public.users u join public.call_logs c on c.user_id = u.id join public.purchases p on p.user_id = u.id where u.id = pg_temp.ben() $$,
  $$ values ('+1415•••2671', 'cus_1', 'active') $$, 'nobody else is touched');
insert into auth.users (id, email) values (pg_temp.ada(), 'ada@example.com');
select is((pg_temp.wallet(pg_temp.ada())).status, 'closed', 'the same id signing up again does not reopen it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
