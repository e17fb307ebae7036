begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(12);

update private.settings set value = '"https://app.example/billing?tab=cards#top"' where name = 'manage_url';
select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
select is(pg_temp.attempt(pg_temp.ada(), 'authentication_required'), 'failed', 'the bank wants a confirmation');
select is(pg_temp.state(pg_temp.ada()), 'authentication_required', 'nothing more is charged until then');
select results_eq($$ select payload from public.notifications where user_id = pg_temp.ada() and kind = 'payment_action_required' $$,
  $$ select jsonb_build_object('purchase_id', id, 'price_cents', 1000, 'currency', 'usd', 'url', 'https://app.example/billing?tab=cards&confirm_purchase=' || id || '#top')
    from public.purchases where user_id = pg_temp.ada() $$, 'the person is told, with a page to go to');
select is(pg_temp.told(pg_temp.ada(), 'auto_reload_failed'), 0::bigint, 'once');
select pg_temp.clock_at(86400);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'it waits');
savepoint waiting;
select pg_temp.buy(pg_temp.ada(), 'confirmed');
select is(pg_temp.state(pg_temp.ada()), 'on', 'the person pays on Stripe''s page, and it goes on');
select pg_temp.drain(pg_temp.ada());
select is(pg_temp.attempt(pg_temp.ada()), 'paid', 'without them the next time');
rollback to waiting;
select is(pg_temp.answer((select id from public.purchases where user_id = pg_temp.ada())), 'paid', 'the payment itself may be confirmed too');
select is(pg_temp.state(pg_temp.ada()), 'on', 'with the same effect');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'credited once');
rollback to waiting;
select is(pg_temp.answer((select id from public.purchases where user_id = pg_temp.ada()), null, '{"status": "canceled", "amount_received": 0}'), 'failed', 'given up at Stripe it stays failed');
select is(pg_temp.state(pg_temp.ada()), 'authentication_required', 'and stopped');

select * from finish();
rollback;
