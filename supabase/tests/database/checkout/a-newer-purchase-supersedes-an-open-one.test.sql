begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create function pg_temp.superseded() returns text[] language sql as $$
  select coalesce(array_agg(idempotency_key order by idempotency_key), '{}') from public.purchases where user_id in (pg_temp.ada(), pg_temp.ben()) and superseded_at is not null
$$;
create function pg_temp.expiring() returns text[] language sql as $$
  select coalesce(array_agg(p.idempotency_key order by p.idempotency_key), '{}') from jsonb_array_elements(public.claim_due_purchases()) c
    join public.purchases p on p.id = (c ->> 'purchase_id')::uuid where (c ->> 'expire_session')::boolean
$$;
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben(), 'ben-1'), 'cs_ben');
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'ada-1'), 'cs_1');
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'ada-2'), 'cs_2'), '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
select pg_temp.clock_at(30);
select pg_temp.new_purchase(pg_temp.ada(), 'ada-3');
select is(pg_temp.superseded(), '{ada-1}'::text[], 'the open one, not one being paid nor another person''s');
select is((select array[superseded_at, next_check_at] from public.purchases where idempotency_key = 'ada-1'), array[pg_temp.at(0), pg_temp.at(0)], 'when the next began');
select pg_temp.new_purchase(pg_temp.ada(), 'ada-1');
select is((select status from public.purchases where idempotency_key = 'ada-3'), 'created', 'repeating an old request supersedes nothing');
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'ada-3'), 'cs_3');
select pg_temp.new_purchase(pg_temp.ada(), 'ada-3');
select is(pg_temp.superseded(), '{ada-1}'::text[], 'nor does repeating the newest');
select is(pg_temp.expiring(), '{ada-1}'::text[], 'it is due at once, to be expired at Stripe');
select pg_temp.apply((select private.purchase_json(p) from public.purchases p where idempotency_key = 'ada-1'), '{"status": "expired", "payment_status": "unpaid"}');
select is((select status from public.purchases where idempotency_key = 'ada-1'), 'expired', 'and then has expired');
select pg_temp.clock_at(100);
select is(pg_temp.expiring(), '{}'::text[], 'the others are only looked at');
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'ada-4'), 'cs_4');
select pg_temp.apply((select private.purchase_json(p) from public.purchases p where idempotency_key = 'ada-3'),
  '{"payment_status": "unpaid", "payment_intent_status": "processing"}');
update public.purchases set next_check_at = private.clock() where idempotency_key = 'ada-3';
select is(pg_temp.expiring(), '{}'::text[], 'a superseded one that is being paid after all is left to finish');
select is(pg_temp.superseded(), '{ada-1,ada-3}'::text[], 'though it is superseded');
select is((pg_temp.apply((select private.purchase_json(p) from public.purchases p where idempotency_key = 'ada-3')) ->> 'credited')::boolean, true, 'paid it credits');
select is((pg_temp.apply((select private.purchase_json(p) from public.purchases p where idempotency_key = 'ada-4')) ->> 'credited')::boolean, true, 'and so does the newer one');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 20000000::bigint, 'both payments are credit');

select * from finish();
rollback;
