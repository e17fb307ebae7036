begin;
\ir ../helpers.psql
select plan(6);

-- Thousands of steps by chance, the same ones every time: credit that expires, calls that overlap, silence, ends late and early.
select setseed(0.8506);
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update public.users set rate_plan = 'prorated', credit_limit_micros = 300000 where id = pg_temp.ada();
update private.settings set value = '40' where name = 'hold_quantum_seconds';
create temporary table seen (balance_micros bigint, available_micros bigint, expiries bigint, violations bigint);
create function pg_temp.step(p_step integer) returns void language plpgsql as $$
declare
  v_now timestamptz := private.clock() + make_interval(secs => floor(random() * 40));
  v_id text := (select id from public.call_logs where user_id = pg_temp.ada() and status = 'answered' order by random() limit 1);
  v_dice integer := floor(random() * 10);
begin
  perform private.set_clock(v_now, 0);
  if v_dice < 2 then
    perform pg_temp.give(pg_temp.ada(), 1 + floor(random() * 200000)::bigint, case v_dice when 0 then 'adjustment' else 'promotional' end,
      case when random() < 0.8 then v_now + make_interval(secs => floor(random() * 200)) end);
  elsif v_dice < 5 then
    perform pg_temp.code_of(format('select public.start_call(%L, %L, pg_temp.ada(), true)', 'c-' || p_step, '+14155552671'));
  elsif v_dice < 8 and v_id is not null then
    perform public.extend_call(v_id, pg_temp.ada());
  elsif v_dice < 9 and v_id is not null then
    perform public.end_call(v_id, user_id => pg_temp.ada());
  else
    perform public.sweep_calls();
  end if;
  insert into seen select u.balance_micros, private.available_micros(u, v_now), (select count(*) from public.transactions where user_id = u.id and kind = 'expiry'),
    case when p_step % 50 = 0 then (select count(*) from private.check_integrity()) else 0 end
  from public.users u where u.id = pg_temp.ada();
end
$$;
select pg_temp.step(n) from generate_series(1, 1500) n;
select cmp_ok((select min(balance_micros) from seen), '>=', -300000::bigint, 'the debt never passes the limit');
select cmp_ok((select min(available_micros) from seen), '>=', 0::bigint, 'nothing was promised that is not there');
select cmp_ok((select min(balance_micros) from seen), '<', -200000::bigint, 'though it comes near');
select cmp_ok((select max(expiries) from seen), '>', 3::bigint, 'and credit expires unused');
select cmp_ok((select count(*) from public.call_logs where user_id = pg_temp.ada() and cost_micros > 0), '>', 100::bigint, 'while calls are made');
select is((select sum(violations) from seen), 0::numeric, 'the books are whole all along');

select * from finish();
rollback;
