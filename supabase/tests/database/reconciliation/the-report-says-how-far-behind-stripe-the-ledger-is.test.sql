begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
delete from private.reconcile_runs;
delete from private.alerts;
update private.reconcile_walks set read_until = pg_temp.at(case name when 'events' then 1 when 'sessions' then 2 else 3 end);
create temporary view state as select oldest_unconfirmed_at, oldest_unconfirmed_seconds, last_good_run_at, events_read_until, lists_swept_until from reporting.payment_confirmation;
create temporary table before as select unconfirmed_purchases from reporting.payment_confirmation;
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()));
select pg_temp.clock_at(90);
select pg_temp.new_purchase(pg_temp.ada(), 'key-2');
select pg_temp.buy(pg_temp.ada(), 'key-3');
insert into private.reconcile_runs (started_at, finished_at, lease_until, error) values (pg_temp.at(5), pg_temp.at(6), pg_temp.at(6), null),
  (pg_temp.at(7), pg_temp.at(8), pg_temp.at(8), 'died');
select results_eq('select * from state', $$ values (pg_temp.at(0), 90::bigint, pg_temp.at(6), pg_temp.at(1), pg_temp.at(2)) $$,
  'the oldest purchase that is not final, the last good run and how far it has read');
select is((select c.unconfirmed_purchases - b.unconfirmed_purchases from reporting.payment_confirmation c, before b), 2::bigint, 'how many they are');
update public.purchases set status = 'expired' where user_id = pg_temp.ada() and status <> 'paid';
delete from private.reconcile_runs where error is null;
select is((select last_good_run_at from state), null, 'a run that died is not a good one');
select is((select coalesce(oldest_unconfirmed_at >= pg_temp.at(100), true) and oldest_unconfirmed_seconds <= 0 from state), true, 'and nothing of this story is left');

select * from finish();
rollback;
