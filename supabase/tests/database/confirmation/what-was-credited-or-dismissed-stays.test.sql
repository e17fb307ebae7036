begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table paid as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select pg_temp.apply((select purchase from paid));
create temporary table kept as select p from public.purchases p where p.user_id = pg_temp.ada();
select pg_temp.clock_at(10);
select pg_temp.apply((select purchase from paid), differences)
  from (values ('{"status": "open", "payment_status": "unpaid"}'::jsonb), ('{"status": "expired", "payment_status": "unpaid"}'),
  ('{"payment_status": "unpaid", "payment_intent_status": "canceled"}'), ('{"amount_total": 1}'), ('{"payment_intent": "pi_other"}')) d (differences);
select results_eq('select p from public.purchases p where p.user_id = pg_temp.ada()', 'select p from kept', 'nothing that is said later changes a paid purchase');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'or its credit');

create temporary table held as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2')) as purchase;
select pg_temp.apply((select purchase from held), '{"amount_total": 900}');
select public.resolve_review(pg_temp.ada(), (select (purchase ->> 'purchase_id')::uuid from held), 'dismiss', 'refunded in the dashboard');
select is(pg_temp.apply((select purchase from held)) #>> '{purchase,status}', 'failed', 'what a person has dismissed stays dismissed');
select is(pg_temp.apply((select purchase from held), '{"amount_total": 900}') ->> 'credited', 'false', 'also as it was then');
select is(public.apply_found_session(pg_temp.session((select purchase from held))) ->> 'credited', 'false', 'however it is met');
select is(pg_temp.alerts_open('purchase_in_review'), 0::bigint, 'no alert comes back');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'and no credit');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
