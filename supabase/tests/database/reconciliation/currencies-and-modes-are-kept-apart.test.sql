begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
insert into public.credit_packages (code, name, currency, price_cents, credit_micros) values ('eur_10', '10 EUR', 'eur', 1000, 10000000);
insert into public.rate_plans (code, name, currency) values ('euro', 'Euro', 'eur');
update public.users set currency = 'eur', rate_plan = 'euro' where id = pg_temp.ben();
create function pg_temp.pay(p_user_id uuid, p_key text, p_package text, p_differences jsonb default '{}') returns void language sql as $$
  select public.apply_checkout_session((p ->> 'user_id')::uuid, (p ->> 'purchase_id')::uuid, pg_temp.session(p, p_differences))
    from pg_temp.new_purchase(p_user_id, p_key, p_package) p
$$;
select pg_temp.pay(pg_temp.ada(), 'key-1', 'credit_10'), pg_temp.pay(pg_temp.ada(), 'key-2', 'credit_20'), pg_temp.pay(pg_temp.ben(), 'key-1', 'eur_10', '{"currency": "eur"}');
update private.settings set value = 'true' where name = 'stripe_livemode';
select pg_temp.pay(pg_temp.ada(), 'key-3', 'credit_5', '{"livemode": true}');
select results_eq($$ select currency, livemode, payments, stripe_net_cents, ledger_net_micros from reporting.payment_reconciliation where day = '2020-03-01' order by currency,
  livemode $$,
  $$ values ('eur', false, 1::bigint, 1000::bigint, 10000000::bigint), ('usd', false, 2, 3000, 30000000), ('usd', true, 1, 500, 5000000) $$, 'a row each');
select is((select sum(unexplained_micros)::bigint from reporting.payment_reconciliation where day = '2020-03-01'), 0::bigint, 'all of it explained');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
