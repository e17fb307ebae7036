begin;
\ir ../helpers.psql
\ir ../reload_helpers.psql
select plan(17);

select pg_temp.clock_at(0);
select pg_temp.reloader(pg_temp.ada());
select pg_temp.attempt(pg_temp.ada());
create temporary table paid as select id from public.purchases where user_id = pg_temp.ada();
savepoint before;
select pg_temp.refund(id, 1000) from paid;
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 0::bigint, 'a refund leaves the wallet empty');
select is(pg_temp.state(pg_temp.ada()), 'money_returned', 'and charging the card again would be the last thing wanted');
select pg_temp.clock_at(86400);
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'so it is not');
select is(pg_temp.told(pg_temp.ada(), 'auto_reload_failed'), 1::bigint, 'the person is told');
select pg_temp.save_cards(pg_temp.ada(), 'pm_9');
select is(pg_temp.state(pg_temp.ada()), 'money_returned', 'another card does not change that');
select is(pg_temp.agree(pg_temp.ada()) -> 'suspended_reason', 'null'::jsonb, 'the person does');
rollback to before;
select pg_temp.dispute(id, 1000, 'needs_response', '{-1000}') from paid;
select is(pg_temp.state(pg_temp.ada()), 'money_returned', 'so with a dispute');
select pg_temp.dispute(id, 1000, 'won', '{-1000,1000}') from paid;
select is(pg_temp.state(pg_temp.ada()), 'money_returned', 'also when it was won');
rollback to before;

select pg_temp.drain(pg_temp.ada());
select pg_temp.clock_at(86400);
savepoint later;
update public.credit_packages set price_cents = 1200, credit_micros = 12000000 where code = 'credit_10';
select is(pg_temp.attempt(pg_temp.ada()), 'none', 'a price nobody agreed to is not charged');
select is(pg_temp.state(pg_temp.ada()), 'terms_changed', 'it stops');
select is(pg_temp.told(pg_temp.ada(), 'auto_reload_failed'), 1::bigint, 'and says so');
rollback to later;
update public.credit_packages set active = false where code = 'credit_10';
select pg_temp.attempt(pg_temp.ada());
select is(pg_temp.state(pg_temp.ada()), 'terms_changed', 'so with a package that is gone');
rollback to later;
update public.payment_methods set removed_at = private.clock(), is_default = false where user_id = pg_temp.ada();
select pg_temp.attempt(pg_temp.ada());
select is(pg_temp.state(pg_temp.ada()), 'card_removed', 'and with a card that is gone');
select is(pg_temp.attempts(pg_temp.ada()), 1::bigint, 'nothing was charged in any of these');
rollback to later;
select is(pg_temp.attempt(pg_temp.ada(), null, '{"amount_received": 900}'), 'review', 'what Stripe took is not what was asked');
select is(pg_temp.state(pg_temp.ada()), 'payment_in_review', 'nothing more is charged before that is understood');
select is(private.auto_reload_json(pg_temp.ada()) -> 'month_cents', '2000'::jsonb, 'and it counts');

select * from finish();
rollback;
