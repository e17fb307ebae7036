begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros) values ('generous', 'Generous', 1000, 12000000, 500000);
select pg_temp.buy(pg_temp.ada(), 'key-1', 'generous');
select results_eq($$ select line, kind, amount_micros, counter_account, description from public.transactions where user_id = pg_temp.ada() order by line $$,
  $$ values (1::bigint, 'purchase', 10000000::bigint, 'stripe_clearing', 'Credit purchase, $10.00'),
    (2, 'bonus', 2500000, 'promotional_expense', 'Bonus credit, $2.50') $$, 'what was paid and what was given are two lines');
select results_eq($$ select id, source, granted_micros from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values (1::bigint, 'paid', 10000000::bigint), (2, 'promotional', 2500000) $$, 'and two grants');
select results_eq($$ select (r ->> 'credit_micros')::bigint, (r ->> 'bonus_micros')::bigint from public.purchases p, public.get_receipt(p.id, p.user_id) r
    where p.user_id = pg_temp.ada() $$, $$ values (10000000::bigint, 2500000::bigint) $$, 'the receipt tells them apart');
select is(public.get_balance(pg_temp.ada()) -> 'balance_micros', '12500000'::jsonb, 'together they are the balance');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
