begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
create function pg_temp.told_after_a_call(p_id text) returns bigint language plpgsql as $$
declare
  v_now timestamptz := private.clock();
begin
  perform public.start_call(p_id, '+14155552671', pg_temp.ada());
  perform public.answer_call(p_id, pg_temp.ada());
  perform private.set_clock(v_now + interval '1 second', 0);
  perform public.end_call(p_id, user_id => pg_temp.ada());
  return (select count(*) from public.notifications where user_id = pg_temp.ada());
end
$$;
select is(pg_temp.told_after_a_call('a'), 0::bigint, 'who set no threshold is told nothing');
update public.users set low_balance_threshold_micros = 700000 where id = pg_temp.ada();
select is(pg_temp.told_after_a_call('b'), 0::bigint, 'a balance at the threshold is not below it');
select is(pg_temp.told_after_a_call('c'), 1::bigint, 'one that falls below is told');
select results_eq($$ select kind, payload from public.notifications where user_id = pg_temp.ada() $$,
  $$ values ('low_balance', '{"balance_micros": 550000, "threshold_micros": 700000}'::jsonb) $$, 'with both numbers');
select is(pg_temp.told_after_a_call('d'), 1::bigint, 'one that stays below is not told again');

select * from finish();
rollback;
