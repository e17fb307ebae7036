begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create function pg_temp.fail_check(p_user_id uuid, p_error text) returns void language sql as $$
  select public.record_purchase_check_failure(p_user_id, (select (purchase ->> 'purchase_id')::uuid from open), p_error)
$$;
create function pg_temp.noted() returns text language sql as $$ select last_check_error from public.purchases where user_id = pg_temp.ada() $$;
select pg_temp.fail_check(pg_temp.ben(), 'not mine');
select is(pg_temp.noted(), null, 'only the purchase''s own user names it');
select pg_temp.fail_check(pg_temp.ada(), 'Stripe answered 503');
select is(pg_temp.noted(), 'Stripe answered 503', 'the failure is noted');
select pg_temp.fail_check(pg_temp.ada(), repeat('x', 600));
select is(pg_temp.noted(), repeat('x', 500), 'not endlessly');
select pg_temp.apply((select purchase from open), '{"status": "open", "payment_status": "unpaid"}');
select is(pg_temp.noted(), null, 'a look that succeeds clears it');

select * from finish();
rollback;
