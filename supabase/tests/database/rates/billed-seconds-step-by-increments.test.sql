begin;
\ir ../helpers.psql
select plan(7);

create function pg_temp.billed(p_initial integer, p_increment integer, p_seconds bigint[], p_free integer default 0) returns bigint[] language sql as $$
  select array_agg(private.billed_seconds(s, row('t', '', now(), 1, 0, p_initial, p_increment, p_free, 0, 'up', 1)::public.rates) order by n)
  from unnest(p_seconds) with ordinality as t (s, n)
$$;
select is(pg_temp.billed(60, 60, '{-1,0,1,59,60,61,120,121}'), '{0,0,60,60,60,120,120,180}'::bigint[], '60/60');
select is(pg_temp.billed(30, 6, '{0,1,29,30,31,36,37,42,43}'), '{0,30,30,30,36,36,42,42,48}'::bigint[], '30/6');
select is(pg_temp.billed(6, 6, '{0,1,6,7,12,13}'), '{0,6,6,12,12,18}'::bigint[], '6/6');
select is(pg_temp.billed(1, 1, '{0,1,2,3599}'), '{0,1,2,3599}'::bigint[], '1/1');
select is(pg_temp.billed(1, 60, '{1,2,61,62}'), '{1,61,61,121}'::bigint[], 'further increments are anchored after the initial one');
select is(pg_temp.billed(60, 60, '{0,1,29,30,31,90,91}', 30), '{0,0,0,0,60,60,120}'::bigint[], 'steps begin after the free seconds');
select is(pg_temp.billed(6, 6, '{3600,3601,3606,3607}', 3600), '{0,6,6,12}'::bigint[], 'also after an hour of them');

select * from finish();
rollback;
