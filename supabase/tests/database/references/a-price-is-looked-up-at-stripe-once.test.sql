begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create function pg_temp.attach_with_price(p_purchase jsonb, p_session_id text, p_price_id text) returns jsonb language sql as $$
  select public.attach_checkout_session((p_purchase ->> 'user_id')::uuid, (p_purchase ->> 'purchase_id')::uuid, p_session_id, 'https://x', private.clock(), false, 'cus_9',
    p_price_id)
$$;
create function pg_temp.known_price(p_key text, p_package text default 'credit_10') returns text language sql as $$
  select pg_temp.new_purchase(pg_temp.ada(), p_key, p_package) #>> '{package,stripe_price_id}'
$$;
create temporary table made as select pg_temp.new_purchase(pg_temp.ada()) as purchase;
select is((select purchase #>> '{package,stripe_price_id}' from made), null, 'the first purchase has to look');
select pg_temp.attach_with_price((select purchase from made), 'cs_1', 'price_10');
select is((pg_temp.purchase((select (purchase ->> 'purchase_id')::uuid from made))).stripe_customer_id, 'cus_9', 'the session''s customer is noted beside it');
select is(pg_temp.known_price('key-2'), 'price_10', 'the next knows it');
select is(pg_temp.known_price('key-3', 'credit_20'), null, 'of that package alone');
select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-2'), 'cs_2');
select is(pg_temp.known_price('key-4'), 'price_10', 'who knew it need not say it again');
update public.credit_packages set price_cents = 900 where code = 'credit_10';
select is(pg_temp.known_price('key-5'), null, 'a new amount is another price');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-4') #>> '{package,stripe_price_id}', 'price_10', 'the old one stays what it was');
select public.forget_stripe_price('talktime_credit_10_usd_1000');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-4') #>> '{package,stripe_price_id}', null, 'what Stripe refuses is looked up again');
select pg_temp.attach_with_price((select purchase from made), 'cs_1', 'price_10b');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-4') #>> '{package,stripe_price_id}', 'price_10b', 'and remembered anew');

select * from finish();
rollback;
