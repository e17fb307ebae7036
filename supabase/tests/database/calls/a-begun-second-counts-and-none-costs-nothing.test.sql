begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
create function pg_temp.cost_of(p_seconds numeric) returns bigint language plpgsql as $$
begin
  perform pg_temp.clock_at(0);
  perform public.start_call('c-' || p_seconds, '+14155552671', pg_temp.ada());
  perform public.answer_call('c-' || p_seconds, pg_temp.ada());
  perform pg_temp.clock_at(p_seconds);
  return public.end_call('c-' || p_seconds, user_id => pg_temp.ada()) -> 'cost_micros';
end
$$;
select is(pg_temp.cost_of(0), 0::bigint, 'an answer and an end at once');
select is((select last_line from public.users where id = pg_temp.ada()), 1::bigint, 'write no line');
select is(pg_temp.cost_of(0.001), 2500::bigint, 'a millisecond is a second');
select is(pg_temp.cost_of(1), 2500::bigint, 'a second is a second');
select is(pg_temp.cost_of(1.0001), 5000::bigint, 'and a bit more is two');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
