begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select private.open_alert('fire', 'kitchen', pg_temp.ada(), '{"floor": 1}');
select pg_temp.clock_at(10);
select private.open_alert('fire', 'kitchen', pg_temp.ada(), '{"floor": 2}');
select private.open_alert('fire', 'hall');
select private.open_alert('flood', 'kitchen');
create temporary view seen as select kind, key, user_id, details, opened_at, last_seen_at, seen_count, resolved_at
  from reporting.alerts where kind in ('fire', 'flood') order by id;
select results_eq('select * from seen', $$ values
    ('fire', 'kitchen', pg_temp.ada(), '{"floor": 2}'::jsonb, pg_temp.at(0), pg_temp.at(10), 2, null::timestamptz),
    ('fire', 'hall', null, '{}', pg_temp.at(10), pg_temp.at(10), 1, null), ('flood', 'kitchen', null, '{}', pg_temp.at(10), pg_temp.at(10), 1, null) $$,
  'one for each thing, seen twice, with the newest facts');

select pg_temp.clock_at(20);
select private.resolve_alert('fire', 'kitchen');
select is((select array_agg(resolved_at order by kind, key) from seen), array[null, pg_temp.at(20), null], 'what is put right is resolved, that alone');
select pg_temp.clock_at(30);
select private.resolve_alert('fire', 'kitchen');
select is((select resolved_at from seen where kind = 'fire' and key = 'kitchen'), pg_temp.at(20), 'once');
select private.open_alert('fire', 'kitchen');
select results_eq($$ select opened_at, resolved_at, seen_count from seen where kind = 'fire' and key = 'kitchen' $$,
  $$ values (pg_temp.at(0), pg_temp.at(20), 2), (pg_temp.at(30), null, 1) $$, 'when it is back it is a new one');
select private.resolve_alert('fire', 'kitchen');
select is((select count(*) from seen where kind = 'fire' and key = 'kitchen' and resolved_at = pg_temp.at(30)), 1::bigint, 'which is resolved in turn');
select lives_ok($$ select private.resolve_alert('fire', 'nowhere') $$, 'nothing to resolve is no trouble');

select * from finish();
rollback;
