begin;
\ir ../helpers.psql
select plan(14);

-- Auto-reload makes such a purchase before it charges the card.
create function pg_temp.reload(p_user_id uuid, p_key text) returns uuid language sql as $$
  insert into public.purchases (user_id, idempotency_key, package_code, origin, currency, price_cents, credit_micros, bonus_micros, livemode, success_url, cancel_url, created_at,
    next_check_at)
  values (p_user_id, p_key, 'credit_10', 'auto_reload', 'usd', 1000, 10000000, 0, false, '', '', private.clock(), private.clock()) returning id
$$;
create function pg_temp.charged(p_purchase_id uuid, p_differences jsonb default '{}') returns jsonb language sql as $$
  select public.apply_payment_intent(jsonb_build_object('id', 'pi_' || left(p.id::text, 8), 'status', 'succeeded', 'amount', 1000, 'amount_received', 1000, 'currency', 'usd',
    'livemode', false,
    'created', extract(epoch from pg_temp.at(-5)), 'customer', 'cus_1', 'payment_method', 'pm_1', 'receipt_url', 'https://pay.stripe.com/receipts/1', 'failure_code', null,
      'advice_code', null,
    'metadata', jsonb_build_object('origin', 'auto_reload', 'user_id', p.user_id, 'purchase_id', p.id)) || p_differences)
  from public.purchases p where p.id = p_purchase_id
$$;
select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table ids as select pg_temp.reload(pg_temp.ada(), 'reload-1') as id, pg_temp.reload(pg_temp.ada(), 'reload-2') as other;
create temporary view unmatched as select kind, id, amount_cents, stripe_created_at from private.unmatched_payments where found_at < pg_temp.at(86400) order by id;
select is(pg_temp.charged(id, '{"metadata": {}}'), '{"known": false}'::jsonb, 'a payment without our metadata is another product''s') from ids;
select is(pg_temp.charged(id, '{"metadata": null}'), '{"known": false}'::jsonb, 'also without any') from ids;
select is(pg_temp.charged(id, jsonb_build_object('metadata', jsonb_build_object('user_id', pg_temp.ada(), 'purchase_id', id))), '{"known": false}'::jsonb,
  'one of a Checkout session is read through its session') from ids;
select is_empty('select * from unmatched', 'there is nothing to keep of these');
select is(pg_temp.charged(id) ->> 'credited', 'true', 'the first payment of a purchase is its own') from ids;
select is(pg_temp.charged(id, '{"id": "pi_second", "status": "processing"}'), '{"known": false}'::jsonb, 'a second one is not') from ids;
select is_empty('select * from unmatched', 'while it is not paid nobody has to look');
select is(pg_temp.charged(id, '{"id": "pi_second"}'), '{"known": false}'::jsonb, 'nor when it is') from ids;
select results_eq('select * from unmatched', $$ values ('payment_intent', 'pi_second', 1000::bigint, pg_temp.at(-5)) $$, 'then it is kept');
select is(pg_temp.alerts_open('unmatched_payment'), 1::bigint, 'with an alert');
select pg_temp.charged(id, '{"id": "pi_second"}') from ids;
select pg_temp.charged(other, jsonb_build_object('id', 'pi_third', 'metadata', jsonb_build_object('origin', 'auto_reload', 'user_id', pg_temp.ben(), 'purchase_id', other)))
  from ids;
select pg_temp.charged(other, jsonb_build_object('id', 'pi_fourth', 'metadata',
  jsonb_build_object('origin', 'auto_reload', 'user_id', pg_temp.ada(), 'purchase_id', gen_random_uuid()))) from ids;
select is((select array_agg(id) from unmatched), '{pi_fourth,pi_second,pi_third}'::text[], 'so are those of another person and of a purchase that is not here, each once');
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben())) as purchase;
select is(pg_temp.charged((purchase ->> 'purchase_id')::uuid, '{"id": "pi_checkout"}'), '{"known": false}'::jsonb, 'a charge credits no Checkout purchase') from open;
select is(array[(pg_temp.wallet(pg_temp.ada())).balance_micros, (pg_temp.wallet(pg_temp.ben())).balance_micros], '{10000000,0}'::bigint[], 'only the first has credit');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
