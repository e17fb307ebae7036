begin;
\ir ../helpers.psql
select plan(4);

create function pg_temp.rounded(p_mode text) returns bigint[] language sql as $$
  select array_agg(private.round_quotient(n, 10, p_mode) order by o) from unnest('{0,1,4,5,6,9,10,14,15,16,24,25,26}'::bigint[]) with ordinality as t (n, o)
$$;
select is(pg_temp.rounded('down'), '{0,0,0,0,0,0,1,1,1,1,2,2,2}'::bigint[], 'down');
select is(pg_temp.rounded('up'), '{0,1,1,1,1,1,1,2,2,2,3,3,3}'::bigint[], 'up');
select is(pg_temp.rounded('half_up'), '{0,0,0,1,1,1,1,1,2,2,2,3,3}'::bigint[], 'half_up: a tie goes up');
select is(pg_temp.rounded('half_even'), '{0,0,0,0,1,1,1,1,2,2,2,2,3}'::bigint[], 'half_even: a tie goes to the even neighbor');

select * from finish();
rollback;
