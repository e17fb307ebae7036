begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
-- A hundred seconds that expire first, then a purchase.
select pg_temp.give(pg_temp.ada(), 250000, 'promotional', pg_temp.at(100000));
select pg_temp.buy(pg_temp.ada(), 'key-1', 'credit_5');
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select pg_temp.talk(pg_temp.ada(), 'a', 200);
select pg_temp.talk(pg_temp.ada(), 'b', 60);
create temporary table refunded as select public.refund_call(pg_temp.ada(), 'a', 'Echo on the line', 300000) as call;
select is((select call - '{rate,user_id,destination,started_at,answered_at,ended_at,authorized_until,authorized_seconds,heartbeat_seconds,final_unit}'::text[] from refunded), jsonb_build_object(
  'call_id', 'a', 'status', 'ended', 'hold_micros', 0, 'elapsed_seconds', 200, 'seconds_left', 0, 'limited_by', null, 'top_up_url', null, 'warnings', '[]'::jsonb, 'duration_seconds', 200,
  'billed_seconds', 200, 'unbilled_seconds', 0, 'cost_micros', 500000, 'rerated_micros', 0, 'refunded_micros', 300000, 'end_reason', 'completed', 'currency', 'usd',
  'balance_micros', 4900000, 'available_micros', 4900000, 'server_time', pg_temp.at(260), 'replayed', false), 'part of a call is given back, its cost stands');
select results_eq($$ select line, kind, amount_micros, counter_account, balance_after_micros, call_id, reverses_line, description, reason from public.transactions
    where user_id = pg_temp.ada() and line > 3 $$, $$ values
    (4::bigint, 'call', -150000::bigint, 'call_revenue', 4600000::bigint, 'b', null::bigint, 'Call to +1415•••2671', null),
    (5, 'call_refund', 300000, 'call_revenue', 4900000, 'a', 3, 'Refund of call to +1415•••2671', 'Echo on the line') $$, 'by a new line that names the one it corrects, and why');
select results_eq($$ select grant_id, amount_micros from public.grant_entries where user_id = pg_temp.ada() and line = 5 order by 1 $$, $$ values (1::bigint, 50000::bigint), (2, 250000) $$,
  'into the grants that paid, the last one spent first');
select results_eq($$ select id, remaining_micros from public.credit_grants where user_id = pg_temp.ada() order by 1 $$, $$ values (1::bigint, 50000::bigint), (2, 4850000) $$, 'there it can be spent again');
select is(public.refund_call(pg_temp.ada(), 'a', 'Echo on the line', 300000), (select call || '{"replayed": true}' from refunded), 'the same refund again is a replay');
select is(public.refund_call(pg_temp.ada(), 'a', 'Echo on the line') -> 'replayed', 'true'::jsonb, 'so is one that names no amount');
select is(pg_temp.error_of($$ select public.refund_call(pg_temp.ada(), 'a', 'Echo on the line', 200000) $$) - 'hint',
  '{"code": "idempotency_conflict", "sqlstate": "PT409", "details": {"call_id": "a", "refunded_micros": 300000}}', 'another amount is a conflict');
select throws_ok($$ select public.refund_call(pg_temp.ada(), 'a', 'Noise', 300000) $$, 'PT409', 'idempotency_conflict', 'so is another reason');
select is(public.refund_call(pg_temp.ada(), 'b', 'Wrong number') -> 'refunded_micros', '150000'::jsonb, 'without an amount the whole call is given back');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 5050000::bigint, 'the balance follows');
select is(public.end_call('b', user_id => pg_temp.ada()) -> 'refunded_micros', '150000'::jsonb, 'a repeated end shows it');
select pg_temp.act_as(pg_temp.ada());
select is((public.get_statement(page_size => 1) #> '{lines,0}') - '{created_at,purchase_id,grants}'::text[], '{"line": 6, "kind": "call_refund",
  "amount_micros": 150000, "balance_after_micros": 5050000, "description": "Refund of call to +1415•••2671", "call_id": "b", "reverses_line": 4,
  "call": {"destination": "+1415•••2671", "duration_seconds": 60, "billed_seconds": 60, "per_minute_micros": 150000, "connection_fee_micros": 0, "increments": "1/1"}}'::jsonb,
  'the statement shows it');
select is(public.get_statement(page_size => 1) #> '{lines,0,grants,0,amount_micros}', '150000'::jsonb, 'and what it gave back to which grant');
select throws_ok($$ select public.refund_call(pg_temp.ada(), 'a', 'Please', 1) $$, '42501', null, 'nobody gives themselves a refund');
select pg_temp.act_as_owner();
select throws_ok($$ insert into public.transactions (user_id, line, kind, amount_micros, counter_account, balance_after_micros, call_id, description, created_at)
  values (pg_temp.ada(), 7, 'call_refund', 1, 'call_revenue', 5050001, 'a', 'twice', now()) $$, '23505', null, 'a second refund of a call has no place in the journal');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
