begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
select is(pg_temp.dispute(id, 1000, 'needs_response', '{-600}',
  jsonb_build_object('created', null, 'payment_intent_metadata', jsonb_build_object('user_id', pg_temp.ada(), 'purchase_id', id)))
  -> 'clawed_back_micros', '0'::jsonb, 'there is nothing to take yet') from ids;
select is((select created_at from public.purchase_disputes where user_id = pg_temp.ada()), pg_temp.at(0), 'it began now, where Stripe does not say');
select pg_temp.apply((select purchase from open), '{"amount_total": 999}');
select is(pg_temp.standing(id), '0 600 0 0', 'a payment in review brings nothing that could be taken') from ids;
select pg_temp.apply((select purchase from open));
select is(pg_temp.standing(id), '0 600 6000000 4000000', 'a payment brings what is left of it') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
