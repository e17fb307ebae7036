begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary view lines as select t.user_id, t.kind, t.amount_micros, t.counter_account, g.source from public.transactions t
  left join public.credit_grants g on g.user_id = t.user_id and g.id = t.line order by t.user_id, t.line;
create temporary table held as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
select is(pg_temp.apply((select purchase from held), '{"amount_total": 750, "amount_discount": 250}') #>> '{purchase,review_reason}', 'discount_not_expected',
  'elsewhere it is held for review');
update private.settings set value = 'true' where name = 'stripe_discounts';
select is(pg_temp.apply((select purchase from held), '{"amount_total": 750, "amount_discount": 250}') #>> '{purchase,status}', 'paid', 'until it is allowed');
select results_eq('select kind, amount_micros, counter_account, source from lines where user_id = pg_temp.ada()',
  $$ values ('purchase', 7500000::bigint, 'stripe_clearing', 'paid'), ('bonus', 2500000, 'promotional_expense', 'promotional') $$, 'what was paid and what was given are apart');
select is((select array[paid_cents, tax_cents] from public.purchases where user_id = pg_temp.ada()), '{750,0}'::bigint[], 'the payment is what was paid');
select is((select count(*) from public.purchases where user_id = pg_temp.ada() and review_reason is null), 1::bigint, 'nothing is held any more');
select is(pg_temp.alerts_open('purchase_in_review'), 0::bigint, 'and nobody has to look');

create temporary table free as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ben())) as purchase;
select is(pg_temp.apply((select purchase from free), '{"payment_status": "no_payment_required", "amount_total": 0, "amount_discount": 1000, "payment_intent": null, "payment_intent_status": null}')
  #>> '{purchase,status}', 'paid', 'a full discount asks for no payment');
select results_eq('select kind, amount_micros, counter_account, source from lines where user_id = pg_temp.ben()',
  $$ values ('bonus', 10000000::bigint, 'promotional_expense', 'promotional') $$, 'and is promotional credit alone');
select throws_ok($$ select public.begin_refund(pg_temp.ben(), (select (purchase ->> 'purchase_id')::uuid from free), 'sorry', 'key') $$, 'PT409', 'purchase_not_refundable',
  'with nothing to refund');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
