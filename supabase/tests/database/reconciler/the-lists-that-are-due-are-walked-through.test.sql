begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
-- Whatever others left open in the database is not this story's.
delete from private.reconcile_runs;
delete from private.alerts;
update private.reconcile_walks set read_until = pg_temp.at(0), since = null, until = null, after = null;
-- Each walk that is due: its name, and the seconds from which and to which it reads.
create function pg_temp.walks() returns text[] language plpgsql as $$
declare
  v_run jsonb := public.begin_reconcile_run();
begin
  perform public.finish_reconcile_run((v_run ->> 'run_id')::bigint, '{}');
  return array(select concat_ws(' ', w ->> 'name', extract(epoch from (w ->> 'since')::timestamptz - pg_temp.at(0))::bigint,
    extract(epoch from (w ->> 'until')::timestamptz - pg_temp.at(0))::bigint, w ->> 'after')
    from jsonb_array_elements(v_run -> 'walks') with ordinality x (w, n) order by n);
end
$$;
create function pg_temp.save(p_name text, p_after text, p_done boolean) returns void language plpgsql as $$
declare
  v_run_id bigint := (public.begin_reconcile_run() ->> 'run_id')::bigint;
begin
  perform public.save_walk(v_run_id, p_name, p_after, p_done);
  perform public.finish_reconcile_run(v_run_id, '{}');
end
$$;
select pg_temp.clock_at(60);
select is(pg_temp.walks(), '{"events -960 60"}'::text[], 'events always, a quarter of an hour and a minute back into the last walk');
select pg_temp.clock_at(120);
select is(pg_temp.walks(), '{"events -960 120"}'::text[], 'a walk that could not read anything goes on up to now');
select pg_temp.save('events', 'evt_1', false);
select pg_temp.clock_at(150);
select is(pg_temp.walks(), '{"events -960 120 evt_1"}'::text[], 'one under way goes on from the page where it stands');
select pg_temp.clock_at(180);
select pg_temp.save('events', 'evt_2', true);
select is((select read_until from private.reconcile_walks where name = 'events'), pg_temp.at(120), 'it has read up to where it began');
select is(pg_temp.walks(), '{"events -840 180"}'::text[], 'the next begins there');
select pg_temp.save('events', 'evt_3', false), pg_temp.save('events', null, false);
select pg_temp.clock_at(240);
select is(pg_temp.walks(), '{"events -840 240"}'::text[], 'and anew, where Stripe knows the place no more');
select pg_temp.save('events', null, true);
select pg_temp.clock_at(86399);
select pg_temp.save('events', null, true);
select pg_temp.clock_at(86400);
select is(pg_temp.walks(), '{"events 85439 86400","sessions -777660 86400","payment_intents -777660 86400","subscriptions -777660 86400","invoices -777660 86400","refunds -777660 86400","disputes -777660 86400"}'::text[],
  'the lists once a day, ten days and a minute back');
select pg_temp.save(w.name, null, true) from private.reconcile_walks w where w.name <> 'refunds';
select is((select array_agg(name order by name) from private.reconcile_walks where read_until = pg_temp.at(86400) and since is null),
  '{disputes,events,invoices,payment_intents,sessions,subscriptions}'::text[], 'those that are done have read to here');
select pg_temp.clock_at(86500);
select is(pg_temp.walks(), '{"events 85440 86500","refunds -777660 86500"}'::text[], 'the one that is not goes on');
select pg_temp.save(w.name, null, true) from private.reconcile_walks w;

-- A month later without a sweep, but with events read all along.
update private.reconcile_walks set read_until = pg_temp.at(40 * 86400) where name = 'events';
select pg_temp.clock_at(40 * 86400);
select is(pg_temp.walks(), '{"events 3455040 3456000","sessions 86340 3456000","payment_intents 86340 3456000","subscriptions 86340 3456000","invoices 86340 3456000","refunds 86440 3456000","disputes 86340 3456000"}'::text[],
  'a sweep reaches back to the last one');
select is(pg_temp.alerts_open('reconciler_gap'), 0::bigint, 'no event is lost');
update private.settings set value = '0' where name in ('events_overlap_seconds', 'sweep_window_seconds');
update private.reconcile_walks set since = null, until = null, read_until = private.clock() - interval '1 hour';
select is(pg_temp.walks(), '{"events 3452340 3456000"}'::text[], 'the overlap is a setting');
update private.settings set value = '3600' where name = 'sweep_interval_seconds';
select is((pg_temp.walks())[2], 'sessions 3452340 3456000', 'so are how often and how far a sweep reads');
select throws_ok($$ insert into private.reconcile_walks (name, read_until) values ('charges', now()) $$, '23514', null, 'there is no other list');

select * from finish();
rollback;
