begin;
\ir ../helpers.psql
select plan(15);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update public.users set rate_plan = 'prorated', credit_limit_micros = 1000000 where id = pg_temp.ada();
select is(public.get_balance(pg_temp.ada()) - '{user_id,currency,status,rate_plan,as_of}'::text[], '{"balance_micros": 0, "held_micros": 0, "expired_micros": 0,
  "available_micros": 1000000, "debt_micros": 0, "credit_limit_micros": 1000000, "expiring": [], "talk_seconds": 400}'::jsonb, 'who has nothing may talk on account');
select is(public.start_call('a', '+14155552671', pg_temp.ada(), true) -> 'hold_micros', '750000'::jsonb, 'a call holds of it as of credit');
select pg_temp.clock_at(150);
select is(public.extend_call('a', pg_temp.ada()) -> 'authorized_seconds', '400'::jsonb, 'and grows into all of it, no further');
select pg_temp.clock_at(405);
select is(public.extend_call('a', pg_temp.ada()) - '{rate,user_id,destination,started_at,answered_at,server_time,authorized_until,ended_at}'::text[], jsonb_build_object(
  'call_id', 'a', 'status', 'ended', 'hold_micros', 0, 'authorized_seconds', 400, 'elapsed_seconds', 400, 'seconds_left', 0, 'limited_by', 'credit', 'final_unit', true, 'top_up_url', null,
  'rerated_micros', 0, 'refunded_micros', 0, 'warnings', '[]'::jsonb, 'heartbeat_seconds', 1, 'duration_seconds', 400, 'billed_seconds', 400, 'unbilled_seconds', 5,
  'cost_micros', 1000000, 'end_reason', 'credit_exhausted', 'currency', 'usd', 'balance_micros', -1000000, 'available_micros', 0, 'replayed', false),
  'the debt ends at the limit');
select is(public.get_balance(pg_temp.ada()) -> 'debt_micros', '1000000'::jsonb, 'the balance says what is owed');
select is(pg_temp.error_of($$ select public.start_call('b', '+14155552671', pg_temp.ada()) $$) -> 'details', '{"available_micros": 0, "minimum_micros": 2500}'::jsonb,
  'then no call begins');
select is_empty('select * from public.grant_entries where user_id = pg_temp.ada()', 'no grant has paid for it');
select pg_temp.buy(pg_temp.ada());
select results_eq($$ select granted_micros, remaining_micros from public.credit_grants where user_id = pg_temp.ada() $$, $$ values (10000000::bigint, 9000000::bigint) $$,
  'the next purchase pays the debt and keeps the rest');
select is(public.get_balance(pg_temp.ada()) - '{user_id,currency,status,rate_plan,as_of,talk_seconds}'::text[], '{"balance_micros": 9000000, "held_micros": 0, "expired_micros": 0,
  "available_micros": 10000000, "debt_micros": 0, "credit_limit_micros": 1000000, "expiring": []}'::jsonb, 'and the whole limit is there again');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

-- Credit of $0.25 and a limit of a dollar are 500 seconds for two calls.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ben(), 250000);
update public.users set rate_plan = 'prorated', credit_limit_micros = 1000000 where id = pg_temp.ben();
select is(jsonb_build_array(public.start_call('a', '+14155552671', pg_temp.ben(), true) -> 'authorized_seconds', public.start_call('b', '+14155552671', pg_temp.ben(), true) -> 'authorized_seconds'),
  '[300, 200]', 'two calls share the limit');
select throws_ok($$ select public.start_call('c', '+14155552671', pg_temp.ben()) $$, 'PT402', 'insufficient_credit', 'a third has none');
select pg_temp.clock_at(200);
select public.end_call(c, user_id => pg_temp.ben()) from unnest('{a,b}'::text[]) c;
select results_eq($$ select t.amount_micros, t.balance_after_micros, coalesce(e.amount_micros, 0) from public.transactions t
    left join public.grant_entries e on e.user_id = t.user_id and e.line = t.line where t.user_id = pg_temp.ben() and t.kind = 'call' order by t.line $$,
  $$ values (-500000::bigint, -250000::bigint, -250000::bigint), (-500000, -750000, 0) $$, 'credit is spent before debt is made');
update public.users set credit_limit_micros = 0 where id = pg_temp.ben();
select is(public.get_balance(pg_temp.ben()) -> 'available_micros', '-750000'::jsonb, 'a limit that is withdrawn leaves the debt');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole still');

select * from finish();
rollback;
