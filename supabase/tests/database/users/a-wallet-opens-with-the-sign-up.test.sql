begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select is_empty($$ select * from public.users where id = pg_temp.ada() $$, 'no login, no wallet');
insert into auth.users (id, email) values (pg_temp.ada(), 'ada@example.com');
select results_eq(
  $$ select status, currency, balance_micros, held_micros, last_line, rate_plan, warning_thresholds_seconds,
      low_balance_threshold_micros, credit_limit_micros, max_concurrent_calls, daily_spend_limit_micros, created_at, closed_at from public.users where id = pg_temp.ada() $$,
  $$ values ('active', 'usd', 0::bigint, 0::bigint, 0::bigint, null::text, '{60,30,10}'::integer[], null::bigint, 0::bigint, null::integer, null::bigint,
      pg_temp.at(0), null::timestamptz) $$,
  'it is active, empty, without a limit, and warns at 60, 30 and 10 seconds');
insert into auth.users (id, email) select gen_random_uuid(), 'many-' || n || '@example.com' from generate_series(1, 3) n;
select is((select count(*) from auth.users a join public.users u using (id) where a.email like 'many-%@example.com'), 3::bigint,
  'each of several logins gets its own');
select is(public.get_balance(pg_temp.ada()) - 'as_of', jsonb_build_object('user_id', pg_temp.ada(), 'currency', 'usd', 'status', 'active',
  'rate_plan', 'standard', 'balance_micros', 0, 'held_micros', 0, 'expired_micros', 0, 'available_micros', 0, 'debt_micros', 0, 'credit_limit_micros', 0, 'expiring', '[]'::jsonb,
  'talk_seconds', 0), 'its balance says so');
select throws_ok(format('select public.get_balance(%L)', gen_random_uuid()), 'PT404', 'user_not_found', 'nobody has no balance');

select * from finish();
rollback;
