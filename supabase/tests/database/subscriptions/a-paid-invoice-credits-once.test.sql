begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(12);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select is(s ->> 'status', 'open', 'it begins on a page') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 0, '{"status": "open"}')) -> 'credited', 'false'::jsonb, 'an invoice that is not paid brings nothing') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 0, '{"billing_reason": "manual"}')) -> 'credited', 'false'::jsonb, 'nor one of another kind') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 0)) -> 'credited', 'true'::jsonb, 'a paid one does') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 0)) -> 'credited', 'false'::jsonb, 'once') from s;
select results_eq($$ select source, granted_micros, expires_at from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values ('paid', 10000000::bigint, pg_temp.at(30 * 86400)), ('promotional', 2000000, pg_temp.at(30 * 86400)) $$, 'for the period, what was paid and what is on top');
select is(public.apply_subscription(pg_temp.stripe_subscription(s, 0)) #>> '{subscription,status}', 'active', 'Stripe says it is active') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 1)) -> 'credited', 'true'::jsonb, 'each period has its own') from s;
select is((select count(*) from public.purchases where user_id = pg_temp.ada() and origin = 'subscription' and status = 'paid'), 2::bigint, 'each is a purchase, with all that follows');
select public.apply_refund('{"id": "re_1", "status": "succeeded", "amount": 500, "currency": "usd"}'::jsonb || jsonb_build_object('payment_intent', payment_intent_id))
  from public.purchases where user_id = pg_temp.ada() order by created_at, stripe_invoice_id limit 1;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 18000000::bigint, 'as half of a refunded one goes back');
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 2, '{"metadata": {}}')) -> 'known', 'false'::jsonb, 'an invoice of another product is not known') from s;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
