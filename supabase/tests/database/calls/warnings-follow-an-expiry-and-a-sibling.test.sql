begin;
\ir ../helpers.psql
select plan(14);

update private.settings set value = '5' where name = 'hold_quantum_seconds';
select pg_temp.clock_at(0);
-- Seven minutes that expire after the first one.
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 1050000, 'promotional', pg_temp.at(60));
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
-- Heartbeats every second up to one: the seconds left at it, and all warnings on the way.
create function pg_temp.warned(p_user_id uuid, p_call_id text, p_seconds integer) returns text language plpgsql as $$
declare
  v_call jsonb;
  v_warnings jsonb := '[]';
begin
  for v_second in extract(epoch from private.clock() - pg_temp.at(0))::integer + 1 .. p_seconds loop
    perform pg_temp.clock_at(v_second);
    v_call := public.extend_call(p_call_id, p_user_id);
    v_warnings := v_warnings || (v_call -> 'warnings');
  end loop;
  return (v_call ->> 'seconds_left') || ' ' || v_warnings;
end
$$;
select is(pg_temp.warned(pg_temp.ada(), 'a', 59), '361 []', 'a second before the expiry there is much to talk');
select is(pg_temp.warned(pg_temp.ada(), 'a', 60), '60 [60]', 'with it there is what was held, the second minute, and the warning comes at once');
select is(pg_temp.warned(pg_temp.ada(), 'a', 89), '31 []', 'once');
select is(pg_temp.warned(pg_temp.ada(), 'a', 90), '30 [30]', 'the next one at thirty');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

-- 200 seconds for two calls.
select pg_temp.sign_up(pg_temp.ben(), 500000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ben();
select pg_temp.clock_at(0);
select public.start_call('b', '+14155552671', pg_temp.ben(), true);
select is(pg_temp.warned(pg_temp.ben(), 'b', 10), '190 []', 'alone a call has all of it');
update private.settings set value = '300' where name = 'hold_quantum_seconds';
select is(public.start_call('sibling', '+14155552671', pg_temp.ben(), true) -> 'warnings', '[]'::jsonb, 'a sibling takes 185 seconds, and that is no reason to warn it');
select is(pg_temp.warned(pg_temp.ben(), 'b', 11), '4 [60, 30, 10]', 'the first is warned of all it has passed');
select is(pg_temp.warned(pg_temp.ben(), 'b', 12), '3 []', 'once');
select public.end_call('sibling', user_id => pg_temp.ben());
select is(pg_temp.warned(pg_temp.ben(), 'b', 13), '185 []', 'the sibling ends after two seconds and gives the rest back');
select is(pg_temp.warned(pg_temp.ben(), 'b', 138), '60 [60]', 'so each threshold is reached again');
select is(pg_temp.warned(pg_temp.ben(), 'b', 170), '28 [30]', 'and warned of again');
select is(pg_temp.warned(pg_temp.ben(), 'b', 188), '10 [10]', 'to the last');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole still');

select * from finish();
rollback;
