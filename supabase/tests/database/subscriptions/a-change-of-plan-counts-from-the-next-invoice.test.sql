begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
select pg_temp.new_subscription_plan('large', '{"price_cents": 3000, "credit_micros": 40000000}');
select pg_temp.new_subscription_plan('yearly', '{"price_cents": 9000, "credit_micros": 120000000, "period": "year"}');
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select public.apply_invoice(pg_temp.stripe_invoice(s, 0)), public.apply_subscription(pg_temp.stripe_subscription(s, 0)) from s;
select throws_ok($$ select public.find_subscription(pg_temp.ada(), 'yearly') $$, 'PT404', 'plan_not_found', 'another period would begin anew at once');
select is(public.find_subscription(pg_temp.ada(), 'large') #>> '{plan,price_cents}', '3000', 'a plan of the same period can be changed to');
select public.apply_subscription(pg_temp.stripe_subscription(s, 0, jsonb_build_object('lookup_key', (select lookup_key from public.subscription_plans where code = 'large')))) from s;
select results_eq($$ select plan_code, next_plan_code from public.subscriptions $$, $$ values ('monthly', 'large') $$, 'it is noted as the next');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 12000000::bigint, 'and nothing else happens');
select public.apply_invoice(pg_temp.stripe_invoice(s || '{"plan_code": "large"}', 1)) from s;
select results_eq($$ select plan_code, next_plan_code from public.subscriptions $$, $$ values ('large', null::text) $$, 'with the next invoice it is the plan');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 52000000::bigint, 'and its credit comes');
select throws_ok($$ select public.create_subscription(pg_temp.ada(), 'large', 'k', 'http://localhost:3000/a', 'http://localhost:3000/b') $$,
  'PT409', 'subscription_exists', 'a second one beside it is refused');

select * from finish();
rollback;
