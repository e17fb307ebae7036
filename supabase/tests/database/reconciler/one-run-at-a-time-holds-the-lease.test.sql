begin;
\ir ../helpers.psql
select plan(20);

select pg_temp.clock_at(0);
delete from private.reconcile_runs;
delete from private.alerts;
update private.reconcile_walks set read_until = pg_temp.at(0), since = null, until = null, after = null;
create function pg_temp.begin() returns bigint language sql as $$ select (public.begin_reconcile_run() ->> 'run_id')::bigint $$;
create temporary table runs (name text, id bigint);
insert into runs values ('first', pg_temp.begin());
create function pg_temp.run(p_name text) returns bigint language sql as $$ select id from runs where name = p_name $$;
select isnt(pg_temp.run('first'), null, 'the first run has the lease');
select is(public.begin_reconcile_run(), '{"run_id": null, "walks": []}'::jsonb, 'another has not, and nothing to do');
select pg_temp.clock_at(119);
select is(pg_temp.begin(), null, 'as long as the lease lasts');
select is(public.save_walk(pg_temp.run('first'), 'events', 'evt_9', false), '{"lease": true}'::jsonb, 'each page that it saves extends it');
select pg_temp.clock_at(238);
select is(pg_temp.begin(), null, 'by as much again');
select pg_temp.clock_at(239);
select is(public.save_walk(pg_temp.run('first'), 'events', 'evt_8', false), '{"lease": true}'::jsonb, 'late as it is, the run has it while nobody else took over');
select pg_temp.clock_at(359);
insert into runs values ('second', pg_temp.begin());
select isnt(pg_temp.run('second'), null, 'a run that died is taken over when its time is up');
select is(public.save_walk(pg_temp.run('first'), 'events', null, true), '{"lease": false}'::jsonb, 'it is told so, if it was only slow');
select is((select after from private.reconcile_walks where name = 'events'), 'evt_8', 'and moves nothing');
select results_eq('select id, started_at, finished_at, error from reporting.reconcile_runs order by id desc limit 2',
  $$ select pg_temp.run('second'), pg_temp.at(359), null::timestamptz, null::text union all select pg_temp.run('first'), pg_temp.at(0), pg_temp.at(359), 'died' $$,
    'both are on record');
select public.finish_reconcile_run(pg_temp.run('first'), '{"checked": 99}', 'too late');
select is((select counts from private.reconcile_runs where id = pg_temp.run('first')), '{}'::jsonb, 'what it says now is not heard');
select is(pg_temp.alerts_open('reconciler_failed'), 0::bigint, 'nor that it failed');

select pg_temp.clock_at(370);
select public.finish_reconcile_run(pg_temp.run('second'), '{"checked": 3}', repeat('x', 600));
select results_eq($$ select finished_at, counts, error, lag_seconds from reporting.reconcile_runs where id = pg_temp.run('second') $$,
  $$ values (pg_temp.at(370), '{"checked": 3}'::jsonb, repeat('x', 500), 370) $$, 'a run that ends says what it did, and how far behind it is');
select is((select details ->> 'error' from pg_temp.alerts('reconciler_failed') a where resolved_at is null), repeat('x', 500), 'an error is an alert');
insert into runs values ('third', pg_temp.begin());
select isnt(pg_temp.run('third'), null, 'the lease is free at once');
select is(public.save_walk(pg_temp.run('second'), 'events', null, true), '{"lease": false}'::jsonb, 'one that has finished has it no more');
select public.save_walk(pg_temp.run('third'), 'events', null, true);
select public.finish_reconcile_run(pg_temp.run('second'), '{}', null);
select is(pg_temp.alerts_open('reconciler_failed'), 1::bigint, 'and says nothing of how things are');
select public.finish_reconcile_run(pg_temp.run('third'), '{}');
select is(pg_temp.alerts_open('reconciler_failed'), 0::bigint, 'a run without an error resolves it');
select is(public.save_walk(null, 'events', null, true), '{"lease": false}'::jsonb, 'no run has no lease');
update private.settings set value = '30' where name = 'reconcile_lease_seconds';
select is(public.begin_reconcile_run() -> 'lease_seconds', '30'::jsonb, 'how long it lasts is a setting');

select * from finish();
rollback;
