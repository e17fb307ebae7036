begin;
\ir ../helpers.psql
\ir helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.new_subscription_plan();
create temporary table s as select pg_temp.subscribe(pg_temp.ada()) as s;
select is(public.create_subscription(pg_temp.ada(), 'monthly', 'sub-1', 'http://localhost:3000/paid', 'http://localhost:3000/canceled') -> 'replayed', 'true'::jsonb, 'the same key is the same one');
select throws_ok($$ select public.create_subscription(pg_temp.ada(), 'monthly', 'sub-1', 'http://localhost:3000/other', 'http://localhost:3000/canceled') $$,
  'PT409', 'idempotency_conflict', 'with other contents it is refused');
select throws_ok($$ select public.create_subscription(pg_temp.ada(), 'nope', 'sub-2', 'http://localhost:3000/a', 'http://localhost:3000/b') $$, 'PT404', 'plan_not_found', 'a plan has to be on sale');
select throws_ok($$ select public.create_subscription(pg_temp.ada(), 'monthly', 'sub-2', 'https://evil.example/a', 'http://localhost:3000/b') $$, 'PT400', 'redirect_not_allowed', 'and pages of ours');
select throws_ok($$ select public.attach_subscription_session(pg_temp.ada(), (s ->> 'subscription_id')::uuid, 'cs_other', 'x', false) from s $$, 'PT409', 'idempotency_conflict', 'it has one session');
select is(public.apply_subscription(pg_temp.stripe_subscription(s, 0) || '{"id": "sub_1"}') -> 'known', 'true'::jsonb, 'and at Stripe') from s;
select is(public.apply_subscription(pg_temp.stripe_subscription(s, 0) || '{"id": "sub_2"}') -> 'known', 'false'::jsonb, 'one subscription') from s;
select pg_temp.act_as(pg_temp.ada());
select is((select count(*) from public.subscriptions), 1::bigint, 'its owner reads it');
select throws_ok($$ select public.apply_subscription('{}') $$, '42501', null, 'and writes nothing');

select * from finish();
rollback;
