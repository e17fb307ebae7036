begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
update public.users set rate_plan = 'prorated' where id = pg_temp.ben();
update private.settings set value = '1000' where name = 'checkout_limit_per_hour';
create function pg_temp.live(p_user_id uuid, p_day integer) returns void language plpgsql as $$
declare
  v_start numeric := p_day * 86400;
begin
  perform pg_temp.clock_at(v_start);
  if p_day % 3 = 0 then
    perform pg_temp.buy(p_user_id, 'key-' || p_day, case p_day % 2 when 0 then 'credit_5' else 'credit_10' end);
  end if;
  if p_day % 4 = 1 then
    perform pg_temp.give(p_user_id, 333333, 'promotional', pg_temp.at(v_start + 40));
  end if;
  perform public.start_call('a-' || p_day, '+14155552671', p_user_id);
  perform public.start_call('b-' || p_day, '+442079460958', p_user_id);
  perform public.answer_call('a-' || p_day, p_user_id);
  perform pg_temp.clock_at(v_start + 30);
  perform public.answer_call('b-' || p_day, p_user_id);
  perform public.extend_call('a-' || p_day, p_user_id);
  perform pg_temp.clock_at(v_start + 60 + p_day);
  perform public.extend_call('b-' || p_day, p_user_id);
  perform public.end_call('a-' || p_day, 'completed', case when p_day % 5 = 0 then p_day end, p_user_id);
  perform pg_temp.clock_at(v_start + 5000);
  if p_day % 2 = 0 then
    perform public.sweep_calls();
  end if;
  perform public.end_call('b-' || p_day, 'completed', null, p_user_id);
end
$$;
select pg_temp.live(u, d) from generate_series(0, 29) d, unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select is_empty('select * from private.check_integrity()', 'after thirty days nothing is violated');
select is((select count(*) from public.call_logs where user_id in (pg_temp.ada(), pg_temp.ben()) and status = 'ended'), 120::bigint, 'every call has ended');
select is((select sum(held_micros) from public.users where id in (pg_temp.ada(), pg_temp.ben())), 0::numeric, 'nothing is held');
select cmp_ok((select min(balance_micros) from public.users where id in (pg_temp.ada(), pg_temp.ben())), '>=', 0::bigint, 'nobody is in debt');
select is((select sum(t.amount_micros) from public.transactions t where t.user_id in (pg_temp.ada(), pg_temp.ben()) and kind = 'purchase'), (2 * (5 * 5000000 + 5 * 10000000))::numeric, 'what was paid was credited');
select ok((select sum(unbilled_seconds) > 0 from public.call_logs where user_id in (pg_temp.ada(), pg_temp.ben())), 'late reports are known and were not billed');

select * from finish();
rollback;
