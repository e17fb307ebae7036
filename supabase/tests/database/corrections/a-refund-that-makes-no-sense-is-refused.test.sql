begin;
\ir ../helpers.psql
select plan(15);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
select pg_temp.sign_up(pg_temp.ben(), 10000000);
select pg_temp.talk(pg_temp.ada(), 'past', 10);
select public.start_call('unanswered', '+14155552671', pg_temp.ada());
select public.end_call('unanswered', user_id => pg_temp.ada());
select public.start_call('live', '+14155552671', pg_temp.ada(), true);
select is(pg_temp.error_of($$ select public.refund_call(pg_temp.ada(), 'past', 'Noise', 150001) $$), '{"code": "refund_not_possible", "sqlstate": "PT409",
  "details": {"call_id": "past", "status": "ended", "paid_micros": 150000, "amount_micros": 150001}, "hint": "Refund an ended call, once, by at most what it cost."}'::jsonb,
  'more than the call cost');
select is(pg_temp.code_of(format('select public.refund_call(pg_temp.ada(), %L, %L, %L)', call_id, 'Noise', amount)), 'refund_not_possible', what) from (values
  ('past', 0, 'nothing'), ('past', -1, 'less than nothing'), ('live', 1, 'a call that is not over'), ('live', null, 'all of it'),
  ('unanswered', null, 'a call that cost nothing'), ('unanswered', 1, 'a micro of it')) cases (call_id, amount, what);
select is(pg_temp.error_of(format('select public.refund_call(pg_temp.ada(), %L, %L)', 'past', reason)) -> 'details', '{"parameter": "reason", "problem": "required"}'::jsonb,
  'the reason ' || coalesce(quote_literal(reason), 'null')) from (values (null), (''), ('  ')) reasons (reason);
select throws_ok($$ select public.refund_call(pg_temp.ada(), 'no-such-call', 'Noise') $$, 'PT404', 'call_not_found', 'a call that is not there');
select throws_ok($$ select public.refund_call(pg_temp.ben(), 'past', 'Noise') $$, 'PT404', 'call_not_found', 'another user''s call');
select throws_ok($$ select public.refund_call(gen_random_uuid(), 'past', 'Noise') $$, 'PT404', 'user_not_found', 'nobody''s');
select is_empty($$ select * from public.transactions where kind = 'call_refund' and user_id in (pg_temp.ada(), pg_temp.ben()) $$, 'nothing was posted');
select is(public.refund_call(pg_temp.ada(), 'past', 'Noise', 150000) -> 'refunded_micros', '150000'::jsonb, 'what it cost, to the micro, can be given back');

select * from finish();
rollback;
