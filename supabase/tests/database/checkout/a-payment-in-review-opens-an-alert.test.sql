begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = '100' where name = 'checkout_limit_per_hour';
create function pg_temp.held(p_differences jsonb) returns text language plpgsql as $$
declare
  v_purchase jsonb := pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), p_differences::text));
begin
  perform pg_temp.apply(v_purchase, p_differences), pg_temp.apply(v_purchase, p_differences);
  return (select concat_ws(' ', p.status, p.review_reason, coalesce(p.paid_cents::text, 'unknown'), coalesce(p.tax_cents::text, 'unknown'), a.details ->> 'reason', a.seen_count)
    from public.purchases p join private.alerts a on a.kind = 'purchase_in_review' and a.key = p.id::text and a.user_id = p.user_id and a.resolved_at is null
    where p.user_id = pg_temp.ada() and p.idempotency_key = p_differences::text);
end
$$;
select is(pg_temp.held('{"amount_total": 999}'), 'review amount_mismatch 999 0 amount_mismatch 1', 'another amount');
select is(pg_temp.held('{"amount_subtotal": 999}'), 'review amount_mismatch 1000 0 amount_mismatch 1', 'of another price');
select is(pg_temp.held('{"amount_total": 1100, "amount_tax": 101}'), 'review amount_mismatch 1100 101 amount_mismatch 1', 'tax that does not add up');
select is(pg_temp.held('{"mode": "setup"}'), 'review mode_mismatch 1000 0 mode_mismatch 1', 'another mode of Checkout');
select is(pg_temp.held('{"currency": "eur"}'), 'review currency_mismatch unknown unknown currency_mismatch 1', 'another currency, which cannot be compared');
select is(pg_temp.held('{"livemode": true}'), 'review livemode_mismatch unknown unknown livemode_mismatch 1', 'live money, which cannot either');
select is(pg_temp.held('{"amount_total": 900, "amount_discount": 100}'), 'review discount_not_expected 900 0 discount_not_expected 1', 'a discount nobody gave');
create temporary table last as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'last')) as purchase;
delete from auth.users where id = pg_temp.ada();
select pg_temp.apply((select purchase from last));
select is((select a.details from private.alerts a, last where a.kind = 'purchase_in_review' and a.key = purchase ->> 'purchase_id'),
  (select jsonb_build_object('reason', 'wallet_closed', 'price_cents', 1000, 'stripe_session_id', purchase -> 'stripe_session_id',
    'payment_intent_id', 'pi_' || left(purchase ->> 'purchase_id', 8)) from last), 'a payment of a deleted login, with what it takes to refund it');
select is(pg_temp.alerts_open('purchase_in_review'), 8::bigint, 'each has its alert');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'none has credit');
select is_empty('select * from public.notifications where user_id = pg_temp.ada()', 'nobody is told of a payment that is not decided');
select is((pg_temp.apply((select purchase from last), '{"livemode": true}')) #>> '{purchase,review_reason}', 'livemode_mismatch', 'the reason is what Stripe says now');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
