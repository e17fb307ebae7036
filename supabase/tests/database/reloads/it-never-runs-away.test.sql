begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(6);

-- A month in which a card always fails, with a look every ten minutes; `p_stubborn` switches it on again each morning.
create function pg_temp.month_of(p_user_id uuid, p_code text, p_stubborn boolean) returns bigint language plpgsql as $$
begin
  perform pg_temp.clock_at(0);
  perform pg_temp.reloader(p_user_id);
  for v_step in 0..4319 loop
    perform pg_temp.clock_at(v_step * 600);
    if p_stubborn and v_step % 144 = 0 and pg_temp.state(p_user_id) <> 'on' then
      perform pg_temp.code_of(format('select pg_temp.agree(%L)', p_user_id));
    end if;
    perform pg_temp.attempt(p_user_id, p_code) from public.auto_reload_settings s
      where s.user_id = p_user_id and s.enabled and s.suspended_at is null and s.next_attempt_at <= private.clock();
  end loop;
  return pg_temp.attempts(p_user_id);
end
$$;
select is(pg_temp.month_of(gen_random_uuid(), 'insufficient_funds', false), 3::bigint, 'a card without money is tried three times a month');
select is(pg_temp.month_of(gen_random_uuid(), 'lost_card', false), 1::bigint, 'a lost one once');
select is(pg_temp.month_of(gen_random_uuid(), 'lost_card', true), 1::bigint, 'whatever its owner does');
select is(pg_temp.month_of(gen_random_uuid(), 'authentication_required', false), 1::bigint, 'one whose bank wants to see the person once');
select is(pg_temp.month_of(gen_random_uuid(), 'insufficient_funds', true), 90::bigint, 'switched on again each day, three times a day');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
