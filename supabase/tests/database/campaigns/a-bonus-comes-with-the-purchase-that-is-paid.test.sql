begin;
\ir ../helpers.psql
select plan(13);

create function pg_temp.buy_with(p_user_id uuid, p_key text, p_code text, p_package text default 'credit_10') returns jsonb
language sql as $$ select public.create_purchase(p_user_id, p_package, p_key, 'http://localhost:3000/paid', 'http://localhost:3000/canceled', p_code) $$;

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select public.create_campaign('{"name": "tenth", "kind": "percent_bonus", "basis_points": 1000, "max_bonus_micros": 1500000, "budget_micros": 2500000}', 'test');
select public.add_promo_codes('tenth', 'test', '{TENTH}', max_redemptions => null);
select is(public.check_promo_code('tenth', 'credit_10', pg_temp.ada()) -> 'amount_micros', '1000000'::jsonb, 'what it would give is shown before');
select is(public.check_promo_code('tenth', 'credit_20', pg_temp.ada()) -> 'amount_micros', '1500000'::jsonb, 'up to its limit');
create temporary table bought as select pg_temp.buy_with(pg_temp.ada(), 'key-1', 'tenth') as purchase;
select is((select status from public.redemptions where user_id = pg_temp.ada()), 'reserved', 'it is reserved when the purchase begins');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'and nothing is granted');
select is((select redeemed_micros from private.campaigns), 1000000::bigint, 'but it is off the budget');
select is(pg_temp.buy_with(pg_temp.ada(), 'key-1', 'tenth') -> 'replayed', 'true'::jsonb, 'the same purchase again reserves nothing more');
select pg_temp.apply(pg_temp.attach(purchase)) from bought;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 11000000::bigint, 'paid, both come');
select results_eq($$ select r.status, g.source, g.granted_micros from public.redemptions r join public.credit_grants g on g.user_id = r.user_id and g.id = r.grant_id $$,
  $$ values ('granted', 'promotional', 1000000::bigint) $$, 'the bonus as promotional credit of its own');
create temporary table second as select pg_temp.attach(pg_temp.buy_with(pg_temp.ben(), 'key-2', 'tenth', 'credit_20')) as purchase;
select is((select redeemed_micros from private.campaigns), 2500000::bigint, 'another takes the rest');
select pg_temp.apply(purchase, '{"status": "expired", "payment_status": "unpaid"}') from second;
select is((select redeemed_micros from private.campaigns), 1000000::bigint, 'and gives it back when nobody pays');
select pg_temp.apply(purchase) from second;
select is((pg_temp.wallet(pg_temp.ben())).balance_micros, 21500000::bigint, 'paid after all, the promise is kept');
select is((select redeemed_micros from private.campaigns), 2500000::bigint, 'and counted');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
