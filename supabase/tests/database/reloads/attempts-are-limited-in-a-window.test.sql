begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
-- Credit goes as fast as it comes: a look every minute for two days.
create function pg_temp.burn(p_minutes integer) returns bigint language plpgsql as $$
begin
  for v_minute in 1..p_minutes loop
    perform pg_temp.clock_at(extract(epoch from private.clock() - pg_temp.at(0)) + 60);
    perform pg_temp.attempt(pg_temp.ada());
    perform pg_temp.drain(pg_temp.ada());
  end loop;
  return pg_temp.attempts(pg_temp.ada());
end
$$;
select is(pg_temp.burn(46), 10::bigint, 'one each five minutes, and no more than ten');
select is(pg_temp.burn(1300), 10::bigint, 'for a whole day');
select is(pg_temp.burn(150), 20::bigint, 'the next day again ten');
select is((select min(later.created_at - earlier.created_at) from public.purchases earlier join public.purchases later on later.user_id = earlier.user_id and later.created_at > earlier.created_at
  where earlier.user_id = pg_temp.ada()), interval '5 minutes', 'never closer than the interval');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
