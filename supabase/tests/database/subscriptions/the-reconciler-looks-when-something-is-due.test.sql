begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select is(jsonb_array_length(public.claim_due_subscriptions()), 0, 'not at once');
select pg_temp.clock_at(60);
select is(jsonb_array_length(public.claim_due_subscriptions()), 1, 'after a minute');
select is(jsonb_array_length(public.claim_due_subscriptions()), 0, 'by one worker');
select public.apply_subscription(pg_temp.stripe_subscription(s, 0)) from s;
select pg_temp.clock_at(29 * 86400);
select is(jsonb_array_length(public.claim_due_subscriptions()), 0, 'while the period runs there is nothing to see');
select pg_temp.clock_at(30 * 86400 + 300);
select is(jsonb_array_length(public.claim_due_subscriptions()), 1, 'at its end there is');
select public.apply_subscription(pg_temp.stripe_subscription(s, 1, '{"latest_invoice_status": "draft"}')) from s;
select pg_temp.clock_at(30 * 86400 + 3950);
select is(jsonb_array_length(public.claim_due_subscriptions()), 1, 'and an hour later, as its invoice was a draft');
select public.apply_subscription(pg_temp.stripe_subscription(s, 1, '{"status": "past_due"}')) from s;
select pg_temp.clock_at(30 * 86400 + 8000);
select is(jsonb_array_length(public.claim_due_subscriptions()), 1, 'and each hour while it is past due');
select public.apply_subscription(pg_temp.stripe_subscription(s, 1, '{"status": "canceled"}')) from s;
select pg_temp.clock_at(90 * 86400);
select is(jsonb_array_length(public.claim_due_subscriptions()), 0, 'but not when it is over');

select pg_temp.subscribe(pg_temp.ada(), 'page-1');
select pg_temp.clock_at(90 * 86400 + 10);
select pg_temp.subscribe(pg_temp.ada(), 'page-2');
create temporary table claimed as select public.claim_due_subscriptions() as c;
select is(jsonb_array_length(c), 1, 'a page that another has followed is due at once') from claimed;
select is(c -> 0 ->> 'expire_session', 'true', 'to be expired') from claimed;

select * from finish();
rollback;
