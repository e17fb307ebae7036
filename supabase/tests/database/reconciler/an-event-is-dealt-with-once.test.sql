begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
delete from private.reconcile_runs;
select is(public.filter_new_events('{evt_1,evt_2}'), '["evt_1", "evt_2"]'::jsonb, 'events nobody has dealt with');
select public.record_events(jsonb_build_array(jsonb_build_object('id', 'evt_1', 'type', 'charge.refunded', 'created', extract(epoch from pg_temp.at(-10)))));
select is(public.filter_new_events('{evt_1,evt_2}'), '["evt_2"]'::jsonb, 'and those that somebody has');
select is(public.filter_new_events('{evt_1}'), '[]'::jsonb, 'nothing is left');
select is(public.filter_new_events('{}'), '[]'::jsonb, 'of nothing either');
select results_eq($$ select type, created_at from private.stripe_events where id = 'evt_1' $$, $$ values ('charge.refunded', pg_temp.at(-10)) $$,
  'it is kept by what it was about');
select lives_ok($$ select public.record_events('[{"id": "evt_1", "type": "other", "created": 5}, {"id": "evt_3", "type": "other", "created": 5}]') $$,
  'noting it again is harmless');
select is((select array_agg(id || ' ' || type order by id) from private.stripe_events where id like 'evt\__'), '{"evt_1 charge.refunded","evt_3 other"}'::text[],
  'and changes nothing');
delete from private.stripe_events where id = 'evt_3';

select pg_temp.clock_at(32 * 86400 - 10);
select public.begin_reconcile_run();
select is((select count(*) from private.stripe_events where id = 'evt_1'), 1::bigint, 'it is kept for as long as Stripe could list it');
select pg_temp.clock_at(32 * 86400 - 9);
delete from private.reconcile_runs;
select public.begin_reconcile_run();
select is((select count(*) from private.stripe_events where id = 'evt_1'), 0::bigint, 'and no longer');

select * from finish();
rollback;
