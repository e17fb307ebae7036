begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
delete from private.reconcile_runs;
delete from private.alerts;
update private.reconcile_walks set read_until = pg_temp.at(0), since = null, until = null, after = null;
create function pg_temp.lag(p_at numeric, p_done boolean default true, p_takes numeric default 0) returns integer language plpgsql as $$
declare
  v_run_id bigint;
begin
  perform pg_temp.clock_at(p_at);
  v_run_id := (public.begin_reconcile_run() ->> 'run_id')::bigint;
  perform public.save_walk(v_run_id, 'events', null, p_done);
  perform pg_temp.clock_at(p_at + p_takes);
  perform public.finish_reconcile_run(v_run_id, '{}');
  return (select lag_seconds from reporting.reconcile_runs where id = v_run_id);
end
$$;
select is(pg_temp.lag(60), 0, 'not at all, when everything is read');
select is(pg_temp.lag(60, true, 20), 0, 'however long it took to read it');
select is(pg_temp.lag(120, false), 60, 'as far as the events that are not');
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada()));
select is(pg_temp.lag(180), 0, 'a purchase that is due now is not late');
select is(pg_temp.lag(250), 70, 'one that was due before is');
select is((select unconfirmed_purchases from reporting.payment_confirmation) >= 1, true, 'it is among what is not confirmed');
select is((select array[last_good_run_at, events_read_until] from reporting.payment_confirmation), array[pg_temp.at(250), pg_temp.at(250)],
  'the report says how far events were read, and when');
select public.claim_due_purchases();
select is(pg_temp.lag(251), 0, 'once looked at it is not late any more');
insert into private.reconcile_runs (started_at, finished_at, lease_until) select pg_temp.at(251) - age, pg_temp.at(0), pg_temp.at(0)
  from unnest(array[interval '90 days', interval '91 days']) age;
select pg_temp.lag(251);
select is((select count(*) from private.reconcile_runs where started_at <= pg_temp.at(251) - interval '90 days'), 1::bigint, 'runs are kept for ninety days');

select * from finish();
rollback;
