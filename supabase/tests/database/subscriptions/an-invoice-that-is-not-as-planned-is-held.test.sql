begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, n, d)) #>> '{purchase,review_reason}', r, r) from s,
  (values (0, '{"amount_paid": 999}'::jsonb, 'amount_mismatch'), (1, '{"currency": "eur"}', 'currency_mismatch'), (2, '{"livemode": true}', 'livemode_mismatch')) v (n, d, r);
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 3, '{"amount_paid": 1080, "amount_tax": 80}')) -> 'credited', 'true'::jsonb, 'tax on top is as planned') from s;
select is(public.apply_invoice(pg_temp.stripe_invoice(s, 4, '{"lookup_key": "another"}')) -> 'known', 'false'::jsonb, 'a price nobody here knows is not guessed at') from s;
select results_eq($$ select kind, count(*) from reporting.alerts group by kind order by kind $$, $$ values ('purchase_in_review', 3::bigint), ('unmatched_invoice', 1) $$, 'each is an alert');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
