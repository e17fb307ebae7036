begin;
\ir ../helpers.psql
select plan(14);

create function pg_temp.buy_with(p_key text, p_code text, p_package text default 'credit_10') returns jsonb
language sql as $$ select public.create_purchase(pg_temp.ada(), p_package, p_key, 'http://localhost:3000/paid', 'http://localhost:3000/canceled', p_code) $$;
create function pg_temp.statuses() returns text
language sql as $$ select string_agg(r.status, ' ' order by p.created_at) from public.redemptions r join public.purchases p on p.id = r.purchase_id $$;

-- Somebody leaves the page and begins again with the same single-use code.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select public.create_campaign('{"name": "once", "kind": "fixed_bonus", "amount_micros": 1000000}', 'test');
select public.add_promo_codes('once', 'test', '{ONCE0000}');
create temporary table first as select pg_temp.attach(pg_temp.buy_with('key-1', 'once0000')) as purchase;
select is(pg_temp.code_of($$ select pg_temp.buy_with('key-1', 'once0001') $$), 'idempotency_conflict', 'the same key with another code is refused');
select is(pg_temp.code_of($$ select pg_temp.buy_with('key-1', null) $$), 'idempotency_conflict', 'or with none');
select is(pg_temp.buy_with('key-1', 'ONCE-0000') -> 'replayed', 'true'::jsonb, 'the same code written otherwise is the same request');
select pg_temp.clock_at(60);
select is(public.check_promo_code('once0000', 'credit_20', pg_temp.ada()) -> 'amount_micros', '1000000'::jsonb, 'the page that is open is not in the way');
select is(pg_temp.statuses(), 'reserved', 'asking frees nothing');
create temporary table second as select pg_temp.attach(pg_temp.buy_with('key-2', 'once0000', 'credit_20')) as purchase;
select is(pg_temp.statuses(), 'released reserved', 'the code goes along to the purchase that was begun instead');
select is((select redeemed_count from private.campaigns), 1, 'and counts once');
select pg_temp.apply(purchase) from second;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 21000000::bigint, 'it comes with the second');
select pg_temp.apply(purchase) from first;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 31000000::bigint, 'the first one, paid all the same, brings its credit but no bonus');
select is(pg_temp.statuses(), 'released granted', 'because a person has it once');

-- The other way round: the one that was left is paid, and the one begun instead is not.
select pg_temp.sign_up(pg_temp.ben());
select public.add_promo_codes('once', 'test', '{ONCE0002}');
create temporary table third as select pg_temp.attach(public.create_purchase(pg_temp.ben(), 'credit_10', 'key-3', 'http://localhost:3000/', 'http://localhost:3000/', 'once0002')) as purchase;
create temporary table fourth as select pg_temp.attach(public.create_purchase(pg_temp.ben(), 'credit_10', 'key-4', 'http://localhost:3000/', 'http://localhost:3000/', 'once0002')) as purchase;
select pg_temp.apply(purchase, '{"status": "expired", "payment_status": "unpaid"}') from fourth;
select pg_temp.apply(purchase) from third;
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 11000000::bigint, 'what is paid brings the bonus if it is still there');
select is((select redeemed_count from private.promo_codes where code = '0NCE0002'), 1, 'once');
select is((select redeemed_micros from private.campaigns), 2000000::bigint, 'and the campaign has given two');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
