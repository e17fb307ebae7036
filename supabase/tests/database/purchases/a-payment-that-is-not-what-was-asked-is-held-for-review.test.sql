begin;
\ir ../helpers.psql
select plan(18);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update private.settings set value = '100' where name = 'checkout_limit_per_hour';
create function pg_temp.outcome(p_differences jsonb) returns text language plpgsql as $$
declare
  v_purchase jsonb := pg_temp.attach(pg_temp.new_purchase(pg_temp.ada(), 'key ' || p_differences::text));
  v_answer jsonb := pg_temp.apply(v_purchase, p_differences);
begin
  return concat_ws(' ', v_answer #>> '{purchase,status}', v_answer #>> '{purchase,review_reason}', v_answer ->> 'credited');
end
$$;
select is(pg_temp.outcome(differences), outcome, differences::text) from (values
  ('{"mode": "subscription"}'::jsonb, 'review mode_mismatch false'),
  ('{"mode": null}', 'review mode_mismatch false'),
  ('{"livemode": true}', 'review livemode_mismatch false'),
  ('{"livemode": null}', 'review livemode_mismatch false'),
  ('{"currency": "eur"}', 'review currency_mismatch false'),
  ('{"currency": "USD"}', 'paid true'),
  ('{"amount_subtotal": 999}', 'review amount_mismatch false'),
  ('{"amount_total": 999}', 'review amount_mismatch false'),
  ('{"amount_total": 1001}', 'review amount_mismatch false'),
  ('{"amount_total": 900, "amount_discount": 100}', 'review discount_not_expected false'),
  ('{"amount_total": 1000, "amount_discount": 100}', 'review amount_mismatch false'),
  ('{"amount_total": null}', 'review amount_mismatch false'),
  ('{"payment_status": "no_payment_required", "amount_total": 0, "amount_discount": 1000}', 'review discount_not_expected false'),
  ('{"amount_total": 1190, "amount_tax": 190}', 'paid true')
) cases (differences, outcome);
select results_eq($$ select paid_cents, tax_cents from public.purchases where idempotency_key = 'key {"amount_tax": 190, "amount_total": 1190}' $$,
  $$ values (1190::bigint, 190::bigint) $$, 'tax is known apart');
select is((select balance_micros from public.users where id = pg_temp.ada()), 20000000::bigint, 'only what was paid as asked is credited, without the tax');

select is(pg_temp.apply((select private.purchase_json(p) from public.purchases p where p.idempotency_key = 'key {"currency": "eur"}'), '{"currency": "eur"}') ->> 'credited',
  'false', 'looking again credits nothing');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
