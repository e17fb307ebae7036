begin;
\ir ../helpers.psql
select plan(22);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
-- Ninety seconds around an instant, told by a session in some time zone: how long it lasted, what it cost and, in seconds from the answer, its end,
-- its deadline after a heartbeat in the middle, and when the sweeper would look.
create function pg_temp.around(p_at timestamptz, p_zone text) returns text language plpgsql as $$
declare
  v_id text := 'c-' || extract(epoch from p_at)::bigint || p_zone;
  v_call public.call_logs;
  v_due numeric;
begin
  perform set_config('timezone', p_zone, true);
  v_id := replace(v_id, '/', '-');
  perform private.set_clock(p_at - make_interval(secs => 45), 0);
  perform public.start_call(v_id, '+14155552671', pg_temp.ada(), true);
  perform private.set_clock(p_at, 0);
  perform public.extend_call(v_id, pg_temp.ada());
  v_due := extract(epoch from (pg_temp.call(pg_temp.ada(), v_id)).sweep_at - p_at);
  perform private.set_clock(p_at + make_interval(secs => 45), 0);
  perform public.end_call(v_id, user_id => pg_temp.ada());
  v_call := pg_temp.call(pg_temp.ada(), v_id);
  return concat_ws(' ', v_call.duration_seconds, v_call.cost_micros, extract(epoch from v_call.ended_at - v_call.answered_at)::integer,
    extract(epoch from v_call.authorized_until - v_call.answered_at)::integer, v_due::integer);
end
$$;
select is(pg_temp.around(at::timestamptz, zone), '90 225000 90 345 90', what || ', ' || zone) from (values
  ('midnight', '2026-11-12 00:00Z'), ('a month''s end', '2026-05-01 00:00Z'), ('a year''s end', '2027-01-01 00:00Z'), ('a leap day', '2028-02-29 00:00Z'),
  ('the end of February', '2027-03-01 00:00Z'),
  ('clocks forward in New York', '2026-03-08 07:00Z'), ('clocks back in New York', '2026-11-01 06:00Z'),
  ('clocks forward in Berlin', '2026-03-29 01:00Z'), ('clocks back in Berlin', '2026-10-25 01:00Z')) instants (what, at),
  unnest('{America/New_York,Europe/Berlin}'::text[]) zone;
select set_config('timezone', 'UTC', true);
-- POSIX time, which Postgres counts in, has no leap seconds: a call over one lasts what the clock says, as everywhere.
select is(pg_temp.around('2017-01-01 00:00Z', 'UTC'), '90 225000 90 345 90', 'the last leap second there was');
select is((select count(*) from public.call_logs where user_id = pg_temp.ada()), 19::bigint, 'nineteen calls');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000 - 19 * 225000::bigint, 'all at the same price');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
