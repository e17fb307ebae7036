begin;
\ir ../helpers.psql
select plan(5);

create function pg_temp.billed(p_initial integer, p_increment integer, p_seconds bigint[]) returns bigint[] language sql as $$
  select array_agg(private.billed_seconds(s, row('t', '', now(), 1, 0, p_initial, p_increment, 'up', 1)::public.rates) order by n)
  from unnest(p_seconds) with ordinality as t (s, n)
$$;
select is(pg_temp.billed(60, 60, '{-1,0,1,59,60,61,120,121}'), '{0,0,60,60,60,120,120,180}'::bigint[], '60/60');
select is(pg_temp.billed(30, 6, '{0,1,29,30,31,36,37,42,43}'), '{0,30,30,30,36,36,42,42,48}'::bigint[], '30/6');
select is(pg_temp.billed(6, 6, '{0,1,6,7,12,13}'), '{0,6,6,12,12,18}'::bigint[], '6/6');
select is(pg_temp.billed(1, 1, '{0,1,2,3599}'), '{0,1,2,3599}'::bigint[], '1/1');
select is(pg_temp.billed(1, 60, '{1,2,61,62}'), '{1,61,61,121}'::bigint[], 'further increments are anchored after the initial one');

select * from finish();
rollback;
