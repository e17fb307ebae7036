begin;
\ir ../helpers.psql
select plan(10);

delete from private.reconcile_runs;
delete from private.alerts;
update private.reconcile_walks set read_until = pg_temp.at(0), since = null, until = null, after = null;
create function pg_temp.walks() returns text[] language plpgsql as $$
declare
  v_run jsonb := public.begin_reconcile_run();
begin
  perform public.finish_reconcile_run((v_run ->> 'run_id')::bigint, '{}');
  return array(select concat_ws(' ', w ->> 'name', extract(epoch from (w ->> 'since')::timestamptz - pg_temp.at(0))::bigint) from jsonb_array_elements(v_run -> 'walks') w);
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
select pg_temp.clock_at(29 * 86400);
update private.reconcile_walks set read_until = private.clock() where name <> 'events';
select is(pg_temp.walks(), '{"events -60"}'::text[], 'Stripe keeps events for thirty days, and one day is slack');
select is(pg_temp.alerts_open('reconciler_gap'), 0::bigint, 'up to then nothing is lost');
update private.reconcile_walks set since = null, until = null;
update private.reconcile_walks set read_until = pg_temp.at(5) where name <> 'events';
select pg_temp.clock_at(29 * 86400 + 1);
select is(pg_temp.walks(), '{"events -59","sessions -55","payment_intents -55","subscriptions -55","invoices -55","refunds -31622460","disputes -31622460"}'::text[],
  'after a longer gap every list is read from its beginning on; refunds and disputes, which may change long after, from a year before it');
select results_eq($$ select key, details from pg_temp.alerts('reconciler_gap') a where resolved_at is null $$,
  $$ values ('events', jsonb_build_object('read_until', pg_temp.at(0))) $$, 'and somebody is told');
update private.reconcile_walks set since = null, until = null;
update private.reconcile_walks set read_until = private.clock() where name <> 'events';
select is((pg_temp.walks())[2], 'sessions ' || (19 * 86400 + 1 - 60), 'also lists that were swept a moment ago');
select pg_temp.save('sessions', null, true);
select is(pg_temp.alerts_open('reconciler_gap'), 1::bigint, 'a list alone does not end it');
select pg_temp.save('events', 'evt_1', false);
select is(pg_temp.alerts_open('reconciler_gap'), 1::bigint, 'nor do events that are not yet read');
select pg_temp.save('events', null, true);
select is(pg_temp.alerts_open('reconciler_gap'), 0::bigint, 'until they are');

-- The server was away for a year.
select pg_temp.clock_at(365 * 86400);
select is((pg_temp.walks())[1], 'events ' || (336 * 86400 - 60), 'events that Stripe has forgotten are not asked for');
select is(pg_temp.alerts_open('reconciler_gap'), 1::bigint, 'that gap is another alert');

select * from finish();
rollback;
