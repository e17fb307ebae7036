begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as paid, pg_temp.buy(pg_temp.ada(), 'key-2') as other;
create function pg_temp.oldest() returns text[] language sql as $$
  select array(select name || ' ' || extract(epoch from private.oldest_open(name) - pg_temp.at(0))::bigint
    from unnest('{events,sessions,payment_intents,refunds,disputes}'::text[]) name
    where private.oldest_open(name) < pg_temp.at(0) + interval '1 year')
$$;
select is(pg_temp.oldest(), '{}'::text[], 'what is settled need not be read again');
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-3')),
  jsonb_build_object('status', 'open', 'payment_status', 'unpaid', 'created', extract(epoch from pg_temp.at(-7))));
select is(pg_temp.oldest(), '{"sessions -7"}'::text[], 'an open session, from when Stripe says it began');
select pg_temp.clock_at(10);
select pg_temp.new_purchase(pg_temp.ada(), 'key-4');
select is(pg_temp.oldest(), '{"sessions -7"}'::text[], 'the oldest of them');
update public.purchases set status = 'expired' where idempotency_key = 'key-3';
select is(pg_temp.oldest(), '{"sessions 10"}'::text[], 'one without a session from when it began here');
update public.purchases set origin = 'auto_reload', status = 'processing' where idempotency_key = 'key-4';
select is(pg_temp.oldest(), '{"payment_intents 10"}'::text[], 'a charge under way');
select pg_temp.refund(paid, 10, jsonb_build_object('id', 're_1', 'status', 'pending', 'created', extract(epoch from pg_temp.at(5)))),
  pg_temp.refund(paid, 10, jsonb_build_object('id', 're_2', 'created', 1)),
  pg_temp.refund(paid, 10, jsonb_build_object('id', 're_3', 'created', extract(epoch from pg_temp.at(6)), 'status', 'requires_action')) from ids;
select is(pg_temp.oldest(), '{"payment_intents 10","refunds 5"}'::text[], 'a refund that has not succeeded');
select public.begin_refund(pg_temp.ada(), other, 'sorry', 'key-5') from ids;
update public.purchase_refunds set status = 'failed' where stripe_refund_id in ('re_1', 're_3');
select is(pg_temp.oldest(), '{"payment_intents 10","refunds 10"}'::text[], 'or was only begun');
select pg_temp.dispute(paid, 10, 'needs_response', '{}', jsonb_build_object('id', 'dp_1', 'created', extract(epoch from pg_temp.at(3)))),
  pg_temp.dispute(paid, 10, 'won', '{}', '{"id": "dp_2", "created": 1}') from ids;
select is(pg_temp.oldest(), '{"payment_intents 10","refunds 10","disputes 3"}'::text[], 'a dispute that is not over');
select is(array(select s from unnest('{won,lost,warning_closed,prevented,needs_response,under_review,warning_needs_response,warning_under_review,a_new_one}'::text[]) s where private.dispute_is_over(s)),
  '{won,lost,warning_closed,prevented}'::text[], 'which is for Stripe to say');

select pg_temp.clock_at(30 * 86400);
update private.reconcile_walks set read_until = private.clock() - interval '1 day', since = null, until = null;
delete from private.reconcile_runs;
select is((select array_agg((w ->> 'name') || ' ' || extract(epoch from (w ->> 'since')::timestamptz - pg_temp.at(0))::bigint)
  from jsonb_array_elements(public.begin_reconcile_run() -> 'walks') w),
  '{"events 2504640","sessions 1727940","payment_intents -50","subscriptions 1727940","invoices 1727940","refunds -50","disputes -57"}'::text[], 'the sweep begins a minute before it');

select * from finish();
rollback;
