begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
select pg_temp.save_cards(pg_temp.ada(), 'pm_1', 'pm_2', 'pm_3');
savepoint before;
select public.begin_billing(pg_temp.ada(), 'remove', payment_method_id => 'pm_2');
select is(pg_temp.state(pg_temp.ada()), 'on', 'another card may go');
create temporary table first as select pg_temp.look(pg_temp.ada()) as id;
select public.begin_billing(pg_temp.ada(), 'remove', payment_method_id => 'pm_1');
select is(pg_temp.state(pg_temp.ada()), 'off', 'with the one that is charged auto-reload is switched off before Stripe is asked, whatever others there are');
select is(pg_temp.begin(id), 'none', 'also for an attempt that has begun') from first;
select is(pg_temp.look(pg_temp.ada()), null, 'nothing follows');
select is(jsonb_array_length(public.list_payment_methods(pg_temp.ada())), 3, 'the list follows when Stripe says so');
rollback to before;
create temporary table second as select pg_temp.look(pg_temp.ada()) as id;
select pg_temp.save_cards(pg_temp.ada(), 'pm_2');
select is(pg_temp.begin(id), 'none', 'gone at Stripe, it is not charged either') from second;
select is((pg_temp.purchase(id)).failure_code, 'card_removed', 'and the attempt says so') from second;
select is(pg_temp.state(pg_temp.ada()), 'card_removed', 'auto-reload stops');
select pg_temp.save_cards(pg_temp.ada(), 'pm_2');
select is(pg_temp.state(pg_temp.ada()), 'on', 'until it is seen that another one is the default now');

select * from finish();
rollback;
