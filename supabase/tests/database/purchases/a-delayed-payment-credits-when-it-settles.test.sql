begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create function pg_temp.status_when(p_differences jsonb) returns text language sql as $$
  select concat_ws(' ', a #>> '{purchase,status}', a ->> 'credited', a #>> '{purchase,is_final}') from pg_temp.apply((select purchase from open), p_differences) a
$$;
select is(pg_temp.status_when('{"status": "open", "payment_status": "unpaid", "payment_intent": null, "payment_intent_status": null}'), 'open false false',
  'before anyone paid it is open');
select is((select payment_intent_id from public.purchases where user_id = pg_temp.ada()), null, 'without a payment');
select is(pg_temp.status_when('{"payment_status": "unpaid", "payment_intent_status": "processing"}'), 'processing false false', 'under way it is processing');
select is((select balance_micros from public.users where id = pg_temp.ada()), 0::bigint, 'and nothing is credited');
select is(pg_temp.status_when('{"payment_status": "unpaid", "payment_intent_status": "requires_payment_method"}'), 'failed false true', 'refused by the bank it has failed');
select is(pg_temp.status_when('{"payment_status": "unpaid", "payment_intent_status": "processing", "receipt_url": null}'), 'processing false false', 'tried again it is processing');
select pg_temp.clock_at(86400);
select is(pg_temp.status_when('{}'), 'paid true true', 'settled it is paid');
select is((select paid_at from public.purchases where user_id = pg_temp.ada()), pg_temp.at(86400), 'at that time');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
