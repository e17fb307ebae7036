begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
-- A cent of a bonus is spent before the purchase: 37 300 a minute for 61 s begun in sixes, rounded to a tenth of a cent, and a fee.
select pg_temp.give(pg_temp.ada(), 10000, 'promotional', pg_temp.at(9000));
create temporary table bought as select pg_temp.buy(pg_temp.ada(), 'key-1', 'credit_5') as purchase_id;
grant select on bought to public;
select pg_temp.new_plan('sixes', '{"per_minute_micros": 37300, "initial_increment_seconds": 30, "increment_seconds": 6, "connection_fee_micros": 20000, "free_seconds": 10,
  "minimum_charge_micros": 15000, "rounding_mode": "half_even", "precision_micros": 1000}');
update public.users set rate_plan = 'sixes' where id = pg_temp.ada();
select pg_temp.clock_at(100);
select public.start_call('a', '+14155552671', pg_temp.ada(), true);
select is(public.explain_call('a', pg_temp.ada()) - '{sentence,rate}'::text[], '{"call_id": "a", "status": "answered", "destination": "+1415•••2671", "currency": "usd",
  "duration_seconds": null, "free_seconds": 10, "billed_seconds": null, "unbilled_seconds": 0, "rounding": null, "connection_fee_micros": 0, "minimum_charge_micros": 15000,
  "cost_micros": null, "rerated_micros": 0, "refunded_micros": 0, "net_micros": null, "payments": []}', 'a live call has no price yet');
select pg_temp.clock_at(161);
select public.end_call('a', user_id => pg_temp.ada());
-- t = 51: billed 30 + ceil(21 / 6) * 6 = 54; 54 * 37 300 / 60 = 33 570, to thousands 34 000; with the fee 54 000.
select is(public.explain_call('a', pg_temp.ada()) - 'payments', '{"call_id": "a", "status": "ended", "destination": "+1415•••2671", "currency": "usd",
  "sentence": "61 s to +1415•••2671, 10 s of them free, at $0.0373 a minute (plan sixes) are billed as 54 s in steps of 30/6: $0.054, connection fee $0.02 included.",
  "rate": {"plan": "sixes", "prefix": "", "per_minute_micros": 37300, "connection_fee_micros": 20000, "initial_increment_seconds": 30, "increment_seconds": 6, "free_seconds": 10,
    "minimum_charge_micros": 15000, "effective_from": "-infinity", "rounding_mode": "half_even", "precision_micros": 1000},
  "duration_seconds": 61, "free_seconds": 10, "billed_seconds": 54, "unbilled_seconds": 0,
  "rounding": {"numerator": 2014200, "denominator": 60, "mode": "half_even", "precision_micros": 1000, "rounded_micros": 34000},
  "connection_fee_micros": 20000, "minimum_charge_micros": 15000, "cost_micros": 54000, "rerated_micros": 0, "refunded_micros": 0, "net_micros": 54000}',
  'rate version, increments, the one rounding and what comes to it');
select is(public.explain_call('a', pg_temp.ada()) -> 'payments', (select jsonb_build_array(
  jsonb_build_object('line', 3, 'kind', 'call', 'grant_id', 1, 'amount_micros', 10000, 'source', 'promotional', 'purchase_id', null, 'purchased_at', null, 'price_cents', null, 'payment_intent_id', null),
  jsonb_build_object('line', 3, 'kind', 'call', 'grant_id', 2, 'amount_micros', 44000, 'source', 'paid', 'purchase_id', purchase_id, 'purchased_at', pg_temp.at(0), 'price_cents', 500,
    'payment_intent_id', 'pi_' || left(purchase_id::text, 8))) from bought), 'the grants that paid, and the purchase and payment behind them');

select pg_temp.new_plan('flat', '{"per_minute_micros": 30000}');
select public.rerate_calls('flat', pg_temp.at(100), pg_temp.at(101), 'Plan was wrong', dry_run => false);
select public.refund_call(pg_temp.ada(), 'a', 'Noise', 50000);
select is(public.explain_call('a', pg_temp.ada()) - '{sentence,rate,rounding,payments}'::text[], '{"call_id": "a", "status": "ended", "destination": "+1415•••2671", "currency": "usd", "duration_seconds": 61,
  "free_seconds": 10, "billed_seconds": 54, "unbilled_seconds": 0, "connection_fee_micros": 20000, "minimum_charge_micros": 15000, "cost_micros": 54000, "rerated_micros": 6000,
  "refunded_micros": 50000, "net_micros": 10000}', 'what came after it is told beside it');
select is((select jsonb_agg(jsonb_build_array(p -> 'line', p -> 'kind', p -> 'grant_id', p -> 'amount_micros') order by o) from jsonb_array_elements(public.explain_call('a', pg_temp.ada()) -> 'payments') with ordinality as payments (p, o)),
  '[[3, "call", 1, 10000], [3, "call", 2, 44000], [4, "rerate", 2, 6000], [5, "call_refund", 2, -50000]]', 'with what each correction took and gave back');
select is((select sum((p -> 'amount_micros')::bigint) from jsonb_array_elements(public.explain_call('a', pg_temp.ada()) -> 'payments') p), 10000::numeric, 'which add up to what it has cost in the end');
select is(public.explain_call('a', pg_temp.ada()) ->> 'sentence', '61 s to +1415•••2671, 10 s of them free, at $0.0373 a minute (plan sixes) are billed as 54 s in steps of 30/6: $0.054, connection fee $0.02 included. Rated anew: $0.006. Refunded: $0.05.',
  'also in words');

select pg_temp.act_as(pg_temp.ada());
select is(public.explain_call('a') #>> '{payments,1,purchase_id}', (select purchase_id::text from bought), 'a person asks about their own calls');
select throws_ok(format('select public.explain_call(%L, %L)', 'a', pg_temp.ben()), 'PT403', 'forbidden', 'and nobody else''s');
select throws_ok($$ select public.explain_call('b') $$, 'PT404', 'call_not_found', 'a call that is not there has no explanation');
select pg_temp.act_as_role('anon');
select throws_ok($$ select public.explain_call('a') $$, '42501', null, 'who is not signed in has no calls');
select pg_temp.act_as_owner();

select * from finish();
rollback;
