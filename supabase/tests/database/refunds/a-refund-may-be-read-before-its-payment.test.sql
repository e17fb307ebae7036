begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
create function pg_temp.ours(p_user_id uuid, p_purchase_id text) returns jsonb language sql as $$
  select jsonb_build_object('payment_intent_metadata', jsonb_build_object('user_id', p_user_id, 'purchase_id', p_purchase_id))
$$;
select is(pg_temp.refund(id, 400), '{"known": false}'::jsonb, 'a refund of a payment nobody here knows is another product''s') from ids;
select is(pg_temp.refund(id, 400, pg_temp.ours(pg_temp.ben(), id::text)), '{"known": false}'::jsonb, 'also one that names another person') from ids;
select is(pg_temp.refund(id, 400, pg_temp.ours(pg_temp.ada(), 'order 17')), '{"known": false}'::jsonb, 'or no purchase of ours') from ids;
select is(pg_temp.refund(id, 400, pg_temp.ours(pg_temp.ada(), id::text)) - 'refund',
  jsonb_build_object('known', true, 'purchase_id', id, 'clawed_back_micros', 0, 'reinstated_micros', 0, 'replayed', false), 'what the payment carries tells whose it is') from ids;
select is(pg_temp.standing(id), '400 0 0 0', 'there is nothing to take yet') from ids;
select is(pg_temp.apply((select purchase from open)) #> '{balance,balance_micros}', '6000000'::jsonb, 'the payment brings what is left of it');
select is((select array_agg(kind order by line) from public.transactions where user_id = pg_temp.ada()), '{purchase,clawback}'::text[], 'in two lines');
select is(pg_temp.refund(id, 400) -> 'replayed', 'true'::jsonb, 'said again it is known by the payment') from ids;
select is(pg_temp.refund(id, 100, '{"id": "re_x", "payment_intent": "pi_x"}' || pg_temp.ours(pg_temp.ada(), id::text)), '{"known": false}'::jsonb,
  'another payment that names the purchase is not its own') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
