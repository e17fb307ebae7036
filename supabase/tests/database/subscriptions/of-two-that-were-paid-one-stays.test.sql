begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
create temporary table t as select pg_temp.subscribe(pg_temp.ada(), 'sub-2') as t;
select is((public.apply_subscription(pg_temp.stripe_subscription(s, 0)) ->> 'cancel')::boolean, false, 'one that is paid stays') from s;
create temporary table second as select public.apply_subscription(pg_temp.stripe_subscription(t, 0)) as a from t;
select is(a ->> 'cancel', 'true', 'a second one is to be ended') from second;
select is(a #>> '{subscription,status}', 'duplicate', 'and is none until then') from second;
select is((select count(*)::int from private.alerts where kind = 'duplicate_subscription'), 1, 'a person is told');
select public.apply_subscription(pg_temp.stripe_subscription(t, 0)) from t;
select is((select count(*)::int from private.alerts where kind = 'duplicate_subscription'), 1, 'once');
select is(public.apply_invoice(pg_temp.stripe_invoice(t, 0)) ->> 'credited', 'true', 'what it took is credited') from t;
select public.apply_subscription(pg_temp.stripe_subscription(t, 0, '{"status": "canceled"}')) from t;
select is(public.apply_subscription(pg_temp.stripe_subscription(t, 0)) #>> '{subscription,status}', 'canceled', 'for good, whatever was read before') from t;
select is((select count(*)::int from public.notifications where kind = 'subscription_canceled'), 0, 'of which nobody hears');
select is(public.find_subscription(pg_temp.ada()) ->> 'subscription_id', s ->> 'subscription_id', 'the first one is theirs') from s;

-- A plan that somebody has keeps its price.
select throws_ok($$ update public.subscription_plans set price_cents = 1100, credit_micros = 20000000 $$, 'PT409', 'append_only', 'another price is another plan');
select lives_ok($$ update public.subscription_plans set active = false, name = 'Old', credit_micros = 13000000 $$, 'the rest may change');

select * from finish();
rollback;
