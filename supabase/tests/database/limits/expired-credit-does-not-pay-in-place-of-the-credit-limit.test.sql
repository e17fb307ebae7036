begin;
\ir ../helpers.psql
select plan(11);

create function pg_temp.lines(p_user_id uuid) returns text language sql as $$
  select string_agg(kind || ' ' || amount_micros, ', ' order by line) from public.transactions where user_id = p_user_id
$$;
create function pg_temp.postpaid(p_user_id uuid) returns void language sql as $$
  select pg_temp.sign_up(p_user_id);
  select pg_temp.give(p_user_id, 1000000, 'promotional', pg_temp.at(100));
  update public.users set rate_plan = 'prorated', credit_limit_micros = 1000000 where id = p_user_id;
$$;
create function pg_temp.person(n integer) returns uuid language sql immutable as $$ select ('cccccccc-0000-4000-8000-00000000000' || n)::uuid $$;
select pg_temp.clock_at(0);
select pg_temp.postpaid(pg_temp.person(n)) from generate_series(1, 3) n;

-- A dollar that expired before the call.
select pg_temp.clock_at(200);
select is(public.get_balance(pg_temp.person(1)) -> 'available_micros', '1000000'::jsonb, 'what has expired is not available beside the limit');
select is(pg_temp.talk(pg_temp.person(1), 'a', 200) -> 'cost_micros', '500000'::jsonb, 'a call is made on account');
select is(pg_temp.lines(pg_temp.person(1)), 'bonus 1000000, expiry -1000000, call -500000', 'the expiry is booked first: expired credit does not pay');
select is((pg_temp.wallet(pg_temp.person(1))).balance_micros, -500000::bigint, 'the call is a debt');

-- A dollar that expires during the call, which began before.
select pg_temp.clock_at(50);
select public.start_call('a', '+14155552671', pg_temp.person(2), true);
select pg_temp.clock_at(300);
select public.extend_call('a', pg_temp.person(2));
select pg_temp.clock_at(550);
select is(public.end_call('a', user_id => pg_temp.person(2)) -> 'cost_micros', '1250000'::jsonb, 'a call that began in time');
select is(pg_temp.lines(pg_temp.person(2)), 'bonus 1000000, expiry -250000, call -1250000', 'is paid by what it held when the rest expired');
select is((pg_temp.wallet(pg_temp.person(2))).balance_micros, -500000::bigint, 'what it talked beyond that is a debt');

-- Two calls: one holds three quarters of the dollar when it expires, the other begins after.
select pg_temp.clock_at(0);
select public.start_call('a', '+14155552671', pg_temp.person(3), true);
select pg_temp.clock_at(150);
select public.start_call('b', '+14155552671', pg_temp.person(3), true);
select pg_temp.clock_at(300);
select public.end_call('b', user_id => pg_temp.person(3));
select is(pg_temp.lines(pg_temp.person(3)), 'bonus 1000000, expiry -250000, call -375000', 'what the first does not hold is booked as expired');
select public.end_call('a', user_id => pg_temp.person(3));
select is(pg_temp.lines(pg_temp.person(3)), 'bonus 1000000, expiry -250000, call -375000, call -750000', 'nothing more expires, as the first call holds it');
select is((select balance_micros from public.users where id = pg_temp.person(3)), -375000::bigint, 'so the debt is what the calls cost more than it');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
