begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.give(pg_temp.ada(), 100000, 'promotional', pg_temp.at(86400));
select pg_temp.buy(pg_temp.ada());
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(61);
select public.end_call('c-1', user_id => pg_temp.ada());
select private.post_transaction(pg_temp.ada(), 'adjustment', 50, 'adjustment', 'Goodwill', p_reverses_line => 3);
create temporary table bought as select id, payment_intent_id from public.purchases where user_id = pg_temp.ada();
create temporary table statement as select public.get_statement(user_id => pg_temp.ada()) as page;

select is((select page #> '{lines,1}' from statement), jsonb_build_object('line', 3, 'created_at', pg_temp.at(61), 'kind', 'call', 'amount_micros', -300000, 'balance_after_micros', 9800000,
  'description', 'Call to +1415•••2671', 'call_id', 'c-1', 'purchase_id', null, 'reverses_line', null,
  'call', '{"destination": "+1415•••2671", "duration_seconds": 61, "billed_seconds": 120, "per_minute_micros": 150000, "connection_fee_micros": 0, "increments": "60/60"}'::jsonb,
  'grants', jsonb_build_array(
    jsonb_build_object('grant_id', 1, 'amount_micros', -100000, 'source', 'promotional', 'purchase_id', null, 'payment_intent_id', null),
    jsonb_build_object('grant_id', 2, 'amount_micros', -200000, 'source', 'paid', 'purchase_id', (select id from bought), 'payment_intent_id', (select payment_intent_id from bought)))),
  'a call leads to its rate, its grants, the purchase and the Stripe payment');
select is((select page #> '{lines,2}' from statement), jsonb_build_object('line', 2, 'created_at', pg_temp.at(0), 'kind', 'purchase', 'amount_micros', 10000000, 'balance_after_micros', 10100000,
  'description', 'Credit purchase, $10.00', 'call_id', null, 'purchase_id', (select id from bought), 'reverses_line', null, 'call', null,
  'grants', jsonb_build_array(jsonb_build_object('grant_id', 2, 'amount_micros', 10000000, 'source', 'paid', 'purchase_id', (select id from bought),
    'payment_intent_id', (select payment_intent_id from bought)))), 'a purchase leads to its grant');
select is((select page #> '{lines,0,reverses_line}' from statement), '3'::jsonb, 'a correction names the line it corrects');
select is((select page #> '{lines,0,grants}' from statement), '[]'::jsonb, 'a line that moved no grant has none');
select is_empty($$ select line from statement, jsonb_to_recordset(page -> 'lines') l (line bigint, kind text, amount_micros bigint, grants jsonb)
  where l.kind <> 'adjustment' and l.amount_micros <> (select sum((g ->> 'amount_micros')::bigint) from jsonb_array_elements(l.grants) g) $$, 'the grants of a line add up to it');
select is((select page -> 'next_before_line' from statement), 'null'::jsonb, 'one page holds it all');

select * from finish();
rollback;
