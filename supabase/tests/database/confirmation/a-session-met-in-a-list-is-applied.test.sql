begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table made as select pg_temp.new_purchase(pg_temp.ada()) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from made;
create function pg_temp.found(p_differences jsonb default '{}') returns jsonb language sql as $$
  select public.apply_found_session(pg_temp.session((select purchase from made), '{"id": "cs_1"}' || p_differences))
$$;
-- Its function died, or is slower than the reconciler, and nobody has noted the session yet.
select is(pg_temp.found('{"status": "open", "payment_status": "unpaid", "payment_intent": null, "payment_intent_status": null}') #>> '{purchase,status}', 'open',
  'the purchase is found by what the session carries');
select is((pg_temp.purchase((select id from ids))).stripe_session_id, 'cs_1', 'and knows its session');
select is(pg_temp.attach((select purchase from made), 'cs_1') ->> 'checkout_url', 'https://checkout.stripe.com/c/pay/1', 'the page is noted when its function gets there');
select is((pg_temp.purchase((select id from ids))).session_expires_at, pg_temp.at(86400), 'and when it expires');
select is((pg_temp.purchase((select id from ids))).stripe_customer_id, 'cus_1', 'its customer is not forgotten over that');
select is(pg_temp.attach((select purchase from made), 'cs_1') -> 'replayed', 'true'::jsonb, 'then it is known');
select throws_ok($$ select pg_temp.attach((select purchase from made), 'cs_2') $$, 'PT409', 'idempotency_conflict', 'another session stays refused');
select is(pg_temp.found() - 'purchase' - 'balance', '{"known": true, "credited": true}'::jsonb, 'paid it credits');
select is(pg_temp.found() - 'purchase' - 'balance', '{"known": true, "credited": false}'::jsonb, 'once');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 10000000::bigint, 'that is the balance');

truncate made;
insert into made select pg_temp.new_purchase(pg_temp.ada(), 'key-2');
select pg_temp.found('{"status": "expired", "payment_status": "unpaid"}');
select is(pg_temp.attach((select purchase from made), 'cs_1') ->> 'status', 'expired', 'a page that is noted after its session has expired opens nothing');
select is(pg_temp.found() ->> 'credited', 'true', 'only a payment would');

select * from finish();
rollback;
