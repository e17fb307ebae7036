begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros) values ('generous', 'Generous', 1000, 12000000, 500000);
create function pg_temp.pay(p_key text, p_package text, p_differences jsonb) returns uuid language sql as $$
  select (a #>> '{purchase,purchase_id}')::uuid from pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), p_key, p_package)),
    jsonb_build_object('created', extract(epoch from pg_temp.at(0))) || p_differences) a
$$;
-- $11.90 of which $1.90 tax; half of it refunded: $5.95, with $5.00 of credit and $1.25 of bonus.
create temporary table taxed as select pg_temp.pay('taxed', 'generous', '{"amount_total": 1190, "amount_tax": 190}') as id;
select pg_temp.refund(id, 595) from taxed;
-- $20.00 of which a dispute took $4.00 and gave $1.00 back.
create temporary table disputed as select pg_temp.pay('disputed', 'credit_20', '{}') as id;
select pg_temp.dispute(id, 400, 'won', '{-400,100}') from disputed;
-- $10.00 refunded and $10.00 disputed: $10.00 more than was paid.
create temporary table twice as select pg_temp.pay('twice', 'credit_10', '{}') as id;
select pg_temp.refund(id, 1000), pg_temp.dispute(id, 1000, 'lost', '{-1000}') from twice;
-- $9.00 in review, $4.99 dismissed of which $1.00 was refunded.
select pg_temp.pay('held', 'credit_10', '{"amount_total": 900}');
create temporary table dismissed as select pg_temp.pay('dismissed', 'credit_5', '{"amount_total": 499}') as id;
select public.resolve_review(pg_temp.ada(), id, 'dismiss', 'sorry'), pg_temp.refund(id, 100) from dismissed;
-- Nothing paid, and nothing that can be compared.
select pg_temp.pay('open', 'credit_10', '{"status": "open", "payment_status": "unpaid"}'), pg_temp.pay('euros', 'credit_10', '{"currency": "eur"}');

create temporary table day as select * from reporting.payment_reconciliation where day = '2020-03-01';
select results_eq('select currency, livemode, payments, stripe_paid_cents, stripe_refunded_cents, stripe_disputed_cents, stripe_net_cents, ledger_net_micros, difference_micros, in_review_cents,
    unmatched_cents, tax_and_excess_micros, unexplained_micros from day',
  $$ values ('usd', false, 5::bigint,
    -- 1190 + 2000 + 1000 + 900 + 499; 595 + 1000 + 100; 300 + 1000; what is left
    5589::bigint, 1695::bigint, 1300::bigint, 2594::bigint,
    -- 5.00 + 17.00 + 0
    22000000::bigint,
    -- 25.94 − 22.00
    3940000::bigint,
    -- 9.00 + 3.99
    1299::bigint, 0::bigint,
    -- 0.95 of tax − 10.00 too much
    -9050000::bigint, 0::bigint) $$, 'every column of the day');
select is((select difference_micros from day), (select in_review_cents * 10000 + tax_and_excess_micros + unexplained_micros from day), 'what differs is explained');
select results_eq('select p.idempotency_key, c.status, c.stripe_net_cents, c.ledger_net_micros, c.uncredited_cents, c.expected_micros from reporting.payment_comparison c join public.purchases p on p.id = c.purchase_id
    where c.day = $a$2020-03-01$a$ order by 1', $$ values ('dismissed', 'failed', 399::bigint, 0::bigint, 399::bigint, 0::bigint), ('disputed', 'paid', 1700, 17000000, 0, 17000000), ('held', 'review', 900, 0, 900, 0),
    ('taxed', 'paid', 595, 5000000, 0, 5000000), ('twice', 'paid', -1000, 0, 0, 0) $$, 'payment by payment');

-- Money for a purchase that is not here.
select public.apply_found_session(pg_temp.session(jsonb_build_object('user_id', pg_temp.ada(), 'purchase_id', gen_random_uuid(), 'price_cents', 700),
  jsonb_build_object('created', extract(epoch from pg_temp.at(0)))));
select results_eq($$ select payments, stripe_paid_cents, stripe_net_cents, unmatched_cents, ledger_net_micros, tax_and_excess_micros, unexplained_micros, difference_micros
  from reporting.payment_reconciliation where day = '2020-03-01' $$,
  $$ values (6::bigint, 6289::bigint, 3294::bigint, 700::bigint, 22000000::bigint, -9050000::bigint, 7000000::bigint, 10940000::bigint) $$, 'is not explained');
update private.unmatched_payments set resolved_at = private.clock() where amount_cents = 700;
select results_eq($$ select * from reporting.payment_reconciliation where day = '2020-03-01' $$, 'select * from day', 'until somebody deals with it');

-- A line that should not be there.
create function pg_temp.unexplained(p_lie text) returns bigint language plpgsql as $$
declare
  v_found bigint;
begin
  begin
    execute p_lie;
    select unexplained_micros into v_found from reporting.payment_reconciliation where day = '2020-03-01';
    raise exception using errcode = 'ZZ000';
  exception when sqlstate 'ZZ000' then
    return v_found;
  end;
end
$$;
select is(pg_temp.unexplained(format('select private.post_transaction(pg_temp.ada(), %L, -1, %L, %L, %L)', 'clawback', 'stripe_clearing', 'a lie', id)), 1::bigint,
  'a micro too few in the ledger is not explained') from taxed;
select is(pg_temp.unexplained(format('select private.post_transaction(pg_temp.ada(), %L, 25, %L, %L, %L)', 'reinstatement', 'stripe_clearing', 'a lie', id)), -25::bigint,
  'nor are some too many') from dismissed;
select is(pg_temp.unexplained(format('select private.post_transaction(pg_temp.ada(), %L, 25, %L, %L, %L)', 'reinstatement', 'promotional_expense', 'a lie', id)), 0::bigint,
  'a bonus is not Stripe''s') from taxed;
select is(pg_temp.unexplained(format('update public.purchases set refunded_cents = 594 where id = %L', id)), 8403::bigint + 1, 'a cent that Stripe did not return is not explained')
  from taxed;

-- The day is that of the payment at Stripe.
select pg_temp.clock_at(13 * 3600);
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'late')), jsonb_build_object('created', extract(epoch from timestamptz '2020-03-01 23:59:59Z')));
select pg_temp.apply(pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'next')), jsonb_build_object('created', extract(epoch from timestamptz '2020-03-02 00:00:00Z')));
select results_eq($$ select day::text, payments from reporting.payment_reconciliation where day between '2020-02-29' and '2020-03-02' order by day $$,
  $$ values ('2020-03-01', 6::bigint), ('2020-03-02', 1) $$,
  'a payment is put down to the day it began at Stripe');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
