begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_plan('cheap', '{"per_minute_micros": 60000}');
select pg_temp.new_plan('before');
update public.users set rate_plan = 'before' where id = pg_temp.ada();
select pg_temp.new_subscription_plan('monthly', '{"rate_plan": "cheap"}');
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, 'before', 'a page gives nothing');
select public.apply_invoice(pg_temp.stripe_invoice(s, 0)), public.apply_subscription(pg_temp.stripe_subscription(s, 0)) from s;
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, 'cheap', 'active, it gives its rate plan');
select public.apply_subscription(pg_temp.stripe_subscription(s, 1, '{"status": "past_due"}')) from s;
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, 'before', 'past due, the one before comes back');
select is((select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'subscription_past_due'), 1::bigint, 'and the person is told');
select public.apply_subscription(pg_temp.stripe_subscription(s, 1)) from s;
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, 'cheap', 'paid after all, it is given again');
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.apply_subscription(pg_temp.stripe_subscription(s, 1, '{"status": "canceled", "ended_at": 1600000000}')) from s;
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, 'prorated', 'what somebody else has set meanwhile stays');
select is((select status from public.subscriptions where user_id = pg_temp.ada()), 'canceled', 'when it ends');
select is((select count(*) from public.notifications where user_id = pg_temp.ada() and kind = 'subscription_canceled'), 1::bigint, 'which the person is told too');

select * from finish();
rollback;
