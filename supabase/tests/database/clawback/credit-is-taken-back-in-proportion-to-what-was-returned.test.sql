begin;
\ir ../helpers.psql
select plan(17);

select is(private.clawback_target(granted, jsonb_populate_record(null::public.purchases,
  jsonb_build_object('paid_cents', paid, 'refunded_cents', refunded, 'disputed_cents', disputed))), target,
  concat_ws(' ', granted, paid, refunded, disputed)) from (values
    (10000000::bigint, 1000, 0, 0, 0::bigint),
    (10000000, 1000, 1000, 0, 10000000),
    (10000000, 1000, 250, 0, 2500000),
    (10000000, 1000, 250, 500, 7500000),
    (10000000, 1000, 1000, 1000, 10000000),
    (10000000, 1000, 300, -300, 0),
    (10000000, 1000, 0, -300, 0),
    (10000000, 1190, 595, 0, 5000000),
    (10000000, 1190, 1, 0, 8403),
    (2500000, 1000, 1, 0, 2500),
    (10000000, 0, 100, 0, 0),
    (10000000, null, 100, 0, 0)) cases (granted, paid, refunded, disputed, target);

-- $10.00 and $1.90 tax bring $10.00 and a bonus of $2.50.
select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros) values ('generous', 'Generous', 1000, 12000000, 500000);
create temporary table bought as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key-1', 'generous')) as purchase;
select pg_temp.apply((select purchase from bought), '{"amount_total": 1190, "amount_tax": 190}');
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from bought;
select is(pg_temp.refund(id, 119) -> 'clawed_back_micros', '1250000'::jsonb, 'a tenth of the payment is a tenth of credit and bonus') from ids;
select results_eq($$ select kind, amount_micros, counter_account, description from public.transactions where user_id = pg_temp.ada() and line > 2 order by line $$,
  $$ values ('clawback', -250000::bigint, 'promotional_expense', 'Credit of a returned payment taken back, $0.25'),
    ('clawback', -1000000, 'stripe_clearing', 'Credit of a returned payment taken back, $1.00') $$, 'each on the account it came from');
select results_eq('select source, remaining_micros from public.credit_grants where user_id = pg_temp.ada() order by id', $$ values ('paid', 9000000::bigint),
  ('promotional', 2250000) $$, 'out of the grant it came with');
select is(pg_temp.standing(id), '119 0 1250000 11250000', 'the purchase knows') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
