begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
select pg_temp.clock_at(60);
select pg_temp.refund(id, 250, '{"created": 1583020800, "currency": "USD", "reason": "requested_by_customer", "metadata": null}') from ids;
select results_eq('select purchase_id, stripe_refund_id, origin, status, amount_cents, currency, reason, requested_by, idempotency_key, created_at, updated_at, next_attempt_at from public.purchase_refunds where user_id = pg_temp.ada()',
  $$ select id, 're_' || left(id::text, 8), 'stripe', 'succeeded', 250::bigint, 'usd', 'requested_by_customer', null::uuid, null::text, to_timestamp(1583020800), pg_temp.at(60),
    null::timestamptz from ids $$,
  'as Stripe says it is');
select is(pg_temp.standing(id), '250 0 2500000 7500000', 'its credit is taken') from ids;
select is_empty($$ select * from pg_temp.audited('refund_purchase') $$, 'nobody here did it');
-- The metadata of another refund does not make it that one.
select public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-1', 100) from ids;
select pg_temp.refund(ids.id, 100, jsonb_build_object('id', 're_1', 'metadata', jsonb_build_object('refund_id', r.id))) from ids,
  public.purchase_refunds r where r.user_id = pg_temp.ada() and r.origin = 'talktime';
select pg_temp.refund(ids.id, 50, jsonb_build_object('id', 're_2', 'created', null, 'metadata', jsonb_build_object('refund_id', r.id))) from ids,
  public.purchase_refunds r where r.user_id = pg_temp.ada() and r.origin = 'talktime';
select results_eq('select stripe_refund_id, origin, amount_cents, created_at from public.purchase_refunds where user_id = pg_temp.ada() order by amount_cents',
  $$ select * from (values ('re_2', 'stripe', 50::bigint, pg_temp.at(60)), ('re_1', 'talktime', 100, pg_temp.at(60))) v (a, b, c, d) union all select 're_' || left(id::text, 8),
    'stripe', 250, to_timestamp(1583020800) from ids $$,
  'a second refund that carries the same id is one of its own');
select is(pg_temp.standing(id), '400 0 4000000 6000000', 'and all count') from ids;

select * from finish();
rollback;
