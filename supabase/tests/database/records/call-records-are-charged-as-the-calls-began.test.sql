begin;
\ir ../helpers.psql
select plan(14);

-- Two hundred seconds of credit.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 500000);
select pg_temp.sign_up(pg_temp.ben(), 10000000);
select pg_temp.plan_with('test', jsonb_agg(jsonb_build_object('effective_from', at, 'per_minute_micros', price, 'initial_increment_seconds', 1, 'increment_seconds', 1)))
  from (values ('-infinity', 150000), (pg_temp.at(-1000), 600000), (pg_temp.at(-700), 150000)) versions (at, price);
update public.users set rate_plan = 'test' where id in (pg_temp.ada(), pg_temp.ben());
create function pg_temp.record(p_user_id uuid, p_call_id text, p_from numeric, p_seconds integer, p_destination text default '+14155552671') returns jsonb language sql stable as $$
  select jsonb_build_object('user_id', p_user_id, 'call_id', p_call_id, 'destination', p_destination, 'started_at', pg_temp.at(p_from), 'duration_seconds', p_seconds)
$$;
select is(public.import_call_records(jsonb_build_array(
    pg_temp.record(pg_temp.ada(), 'a-late', -200, 150, '+1 (415) 555-2671'), pg_temp.record(pg_temp.ben(), 'dear', -701, 10), pg_temp.record(pg_temp.ada(), 'b-early', -600, 150),
    pg_temp.record(pg_temp.ada(), 'silent', -650, 0), pg_temp.record(pg_temp.ben(), 'oldest', -5000000, 10))),
  '{"charged": 5, "replayed": 0, "refused": []}', 'records of several users, in no order');
select results_eq($$ select id, duration_seconds, billed_seconds, unbilled_seconds, cost_micros from public.call_logs where user_id = pg_temp.ada() order by started_at $$, $$ values
    ('silent', 0::bigint, 0::bigint, 0::bigint, 0::bigint), ('b-early', 150, 150, 0, 375000), ('a-late', 50, 50, 100, 125000) $$,
  'each is charged what is available, in the order the calls began; the rest is unbilled');
select results_eq($$ select id, cost_micros, (rate).effective_from from public.call_logs where user_id = pg_temp.ben() order by started_at $$,
  $$ values ('oldest', 25000::bigint, '-infinity'::timestamptz), ('dear', 100000, pg_temp.at(-1000)) $$, 'at the version of its own time');
select is((select to_jsonb(c) - '{user_id,rate,destination_ciphertext}'::text[] from public.call_logs c where user_id = pg_temp.ada() and id = 'a-late'), jsonb_build_object(
  'id', 'a-late', 'status', 'ended', 'end_reason', 'completed', 'settled_by', 'import', 'destination_masked', '+1415•••2671', 'hold_micros', 0, 'authorized_seconds', 0,
  'authorized_until', null, 'limited_by', null, 'started_at', pg_temp.at(-200), 'answered_at', pg_temp.at(-200), 'last_heartbeat_at', null, 'ended_at', pg_temp.at(0), 'reported_end_at', null, 'sweep_at', null,
  'proven_seconds', 0, 'last_request_number', null, 'last_answer', null, 'warnings_sent', '[]'::jsonb, 'duration_seconds', 50, 'billed_seconds', 50, 'unbilled_seconds', 100,
  'cost_micros', 125000, 'rerated_micros', 0, 'refunded_micros', 0), 'it is a call like any other, settled by import');
select is((select (end_reason, answered_at) from public.call_logs where user_id = pg_temp.ada() and id = 'silent'), row('no_answer'::text, null::timestamptz), 'one without a second was not answered');
select is(private.decrypt_destination((pg_temp.call(pg_temp.ada(), 'a-late')).destination_ciphertext), '+14155552671', 'its number is encrypted');
select results_eq($$ select call_id, amount_micros, balance_after_micros, created_at from public.transactions where user_id = pg_temp.ada() and kind = 'call' order by line $$,
  $$ values ('b-early', -375000::bigint, 125000::bigint, pg_temp.at(0)), ('a-late', -125000, 0, pg_temp.at(0)) $$, 'posted when it came, one line each, none for what cost nothing');
select is(public.import_call_records('[]'), '{"charged": 0, "replayed": 0, "refused": []}', 'no records are none');
select is(public.import_call_records(jsonb_build_array(pg_temp.record(pg_temp.ada(), 'unpaid', -50, 50))) -> 'charged', '1'::jsonb, 'where there is no credit at all');
select is((select (end_reason, duration_seconds, unbilled_seconds, cost_micros) from public.call_logs where user_id = pg_temp.ada() and id = 'unpaid'),
  row('completed'::text, 0::bigint, 50::bigint, 0::bigint), 'the whole record is kept as unbilled');

update public.users set daily_spend_limit_micros = 125000 + 50000 where id = pg_temp.ben();
select public.import_call_records(jsonb_build_array(pg_temp.record(pg_temp.ben(), 'limited', -30, 30)));
select is((select (duration_seconds, unbilled_seconds) from public.call_logs where user_id = pg_temp.ben() and id = 'limited'), row(20::bigint, 10::bigint), 'a daily limit, which counts the records before it, bounds it too');
-- An expired dollar and a credit limit of fifty cents.
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(-1));
update public.users set credit_limit_micros = 500000 where id = pg_temp.ada();
select public.import_call_records(jsonb_build_array(pg_temp.record(pg_temp.ada(), 'on-account', -300, 300)));
select is((select (duration_seconds, unbilled_seconds) from public.call_logs where user_id = pg_temp.ada() and id = 'on-account'), row(200::bigint, 100::bigint), 'a credit limit counts as available, expired credit does not');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, -500000::bigint, 'the debt ends at the limit');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
