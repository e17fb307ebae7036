begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(18);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
create temporary table first as select pg_temp.look(pg_temp.ada()) as id;
select pg_temp.act_as(pg_temp.ada());
select is(public.disable_auto_reload() -> 'purchase_in_flight', 'null'::jsonb, 'switched off between claim and charge, nothing is in flight');
select pg_temp.act_as_owner();
select is(pg_temp.begin(id), 'none', 'the worker is told so') from first;
select is((pg_temp.purchase(id)).status || ' ' || (pg_temp.purchase(id)).failure_code, 'failed switched_off', 'and the attempt says why') from first;
select pg_temp.clock_at(86400);
select is(pg_temp.look(pg_temp.ada()), null, 'nothing follows');
select is(pg_temp.told(pg_temp.ada(), 'auto_reload_failed'), 0::bigint, 'nobody is told of what they did themselves');

-- Once Stripe has been asked, only Stripe knows.
select pg_temp.agree(pg_temp.ada());
create temporary table second as select pg_temp.look(pg_temp.ada()) as id;
select is(pg_temp.begin(id), 'charge', 'on again, it charges') from second;
select is((public.disable_auto_reload(pg_temp.ada()) ->> 'purchase_in_flight')::uuid, id, 'off again, the charge that Stripe was asked for is named') from second;
select pg_temp.clock_at(86520);
select is(pg_temp.look(pg_temp.ada()), id, 'its outcome is looked after') from second;
select is(pg_temp.begin(id), 'read', 'by reading, not by asking again') from second;
select is(public.begin_reload_charge(pg_temp.ada(), id) ->> 'give_up_code', 'switched_off', 'and why, should there be none') from second;
savepoint before;
select is(public.fail_reload(pg_temp.ada(), id, 'switched_off') ->> 'failure_code', 'switched_off', 'Stripe has none: it is over') from second;
select is(pg_temp.answer(id), 'paid', 'one that comes to light later all the same') from second;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'is credited: no cent is lost');
rollback to before;
select is(pg_temp.answer(id), 'paid', 'Stripe has one: it is credited') from second;
select pg_temp.drain(pg_temp.ada());
select pg_temp.clock_at(10 * 86400);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'and no other follows');
select is(pg_temp.attempts(pg_temp.ada()), 2::bigint, 'ever');
select is(pg_temp.code_of($$ select public.disable_auto_reload(pg_temp.ada()) $$), null, 'switching off what is off is no error');
update public.users set status = 'suspended' where id = pg_temp.ada();
select is(pg_temp.code_of($$ select public.disable_auto_reload(pg_temp.ada()) $$), null, 'nor with a suspended wallet');

select * from finish();
rollback;
