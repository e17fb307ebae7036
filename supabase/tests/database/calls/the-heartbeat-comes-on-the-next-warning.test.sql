begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 500000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call('a', '+14155552671', pg_temp.ada());
create function pg_temp.beat(p_seconds numeric) returns bigint language plpgsql as $$
begin
  perform pg_temp.clock_at(p_seconds);
  return (public.extend_call('a', pg_temp.ada()) -> 'heartbeat_seconds')::bigint;
end
$$;
select is((public.answer_call('a', pg_temp.ada()) -> 'heartbeat_seconds')::bigint, 30::bigint, 'far from the end it is the usual interval');
select is(pg_temp.beat(110), 30::bigint, 'also when the warning is just as far');
select is(pg_temp.beat(130), 10::bigint, 'with 70 seconds left the warning of sixty is ten away');
select is(pg_temp.beat(140), 30::bigint, 'with 60 left that of thirty is thirty away');
select is(pg_temp.beat(170), 20::bigint, 'with 30 left that of ten is twenty away');
select is(pg_temp.beat(190), 10::bigint, 'with 10 left the end is ten away');
select is(pg_temp.beat(199.5), 1::bigint, 'it is never less than a second');
update private.settings set value = '5' where name = 'heartbeat_interval_seconds';
select is((public.get_call('a', pg_temp.ada()) -> 'heartbeat_seconds')::bigint, 1::bigint, 'reading does not move it');
select pg_temp.sign_up(pg_temp.ben(), 500000);
select public.start_call('b', '+14155552671', pg_temp.ben());
select is((public.answer_call('b', pg_temp.ben()) -> 'heartbeat_seconds')::bigint, 5::bigint, 'the interval is a setting');

select * from finish();
rollback;
