begin;
\ir ../helpers.psql
select plan(19);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as first, pg_temp.buy(pg_temp.ada(), 'key-2') as second, pg_temp.buy(pg_temp.ada(), 'key-3') as third;
create function pg_temp.claim(p_size integer default 20) returns text[] language sql as $$
  select coalesce(array_agg(r.idempotency_key order by r.idempotency_key), '{}') from jsonb_array_elements(public.claim_due_refunds(p_size)) c
    join public.purchase_refunds r on r.id = (c #>> '{refund,refund_id}')::uuid
$$;
select public.begin_refund(pg_temp.ada(), first, 'sorry', 'key-1', 100) from ids;
select pg_temp.clock_at(1);
select public.begin_refund(pg_temp.ada(), second, 'sorry', 'key-2') from ids;
select public.begin_refund(pg_temp.ada(), third, 'sorry', 'key-3') from ids;
select pg_temp.refund(ids.third, 1000, jsonb_build_object('metadata', jsonb_build_object('refund_id', r.id))) from ids, public.purchase_refunds r where r.idempotency_key = 'key-3';
select pg_temp.clock_at(59);
select is(pg_temp.claim(), '{}'::text[], 'for a minute the function that began it goes on itself');
select pg_temp.clock_at(61);
select is(pg_temp.claim(1), '{key-1}'::text[], 'then it is taken, the one that waited longest first');
select is(pg_temp.claim(0), '{key-2}'::text[], 'a batch has at least one');
select is(pg_temp.claim(), '{}'::text[], 'by nobody else at the same time, and what Stripe has taken by nobody');
select pg_temp.clock_at(360);
select is(pg_temp.claim(), '{}'::text[], 'nor for five minutes after');
select pg_temp.clock_at(361);
select is((select c - 'refund' from jsonb_array_elements(public.claim_due_refunds(1)) c), (select jsonb_build_object('payment_intent_id', 'pi_' || left(first::text, 8)) from ids),
  'after five minutes it is taken again, with the payment');
select is(pg_temp.claim(), '{key-2}'::text[], 'each one');
select pg_temp.clock_at(82800);
select is(pg_temp.claim(), '{key-2}'::text[], 'until 23 hours have passed, then Stripe forgets the key soon');
select pg_temp.clock_at(82801);
update public.purchase_refunds set next_attempt_at = private.clock() where status = 'requested';
select is(pg_temp.claim(), '{}'::text[], 'and nobody asks again');
select is((select count(*) from public.purchase_refunds where user_id = pg_temp.ada() and status = 'requested'), 2::bigint, 'they wait for the daily sweep to find them');

select pg_temp.clock_at(172800);
select pg_temp.claim();
select is((select count(*) from public.purchase_refunds where user_id = pg_temp.ada() and status = 'requested'), 2::bigint, 'for two days');
select pg_temp.clock_at(172801);
select pg_temp.claim();
select results_eq($$ select status, failure_reason, updated_at, next_attempt_at from public.purchase_refunds where idempotency_key = 'key-1' $$,
  $$ values ('refused', 'not carried out within two days', pg_temp.at(172801), null::timestamptz) $$, 'then it is given up');
select is((select status from public.purchase_refunds where idempotency_key = 'key-2'), 'requested', 'that one alone');
select results_eq($$ select a.key, a.user_id, a.details ->> 'status' from pg_temp.alerts('refund_lapsed') a $$,
  $$ select id::text, pg_temp.ada(), 'refused' from public.purchase_refunds where idempotency_key = 'key-1' $$, 'and somebody has to look');
select is((select refundable from private.refundable_cents((select p from public.purchases p, ids where p.id = ids.first)) refundable), 1000::bigint, 'all is left to refund');

-- Stripe had it after all.
select pg_temp.refund(ids.first, 100, jsonb_build_object('metadata', jsonb_build_object('refund_id', r.id))) from ids, public.purchase_refunds r where r.idempotency_key = 'key-1';
select is((select status from public.purchase_refunds where idempotency_key = 'key-1'), 'succeeded', 'what is found later is what counts');
select is(pg_temp.alerts_open('refund_lapsed'), 0::bigint, 'and resolves the alert');
select is(pg_temp.standing(first), '100 0 1000000 19000000', 'its credit is taken then') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
