begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(pg_temp.ben(), 'admin', 'runs support');
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
create temporary table begun as select public.begin_refund(pg_temp.ada(), id, 'wrong package', 'key-1', 300, pg_temp.ben()) as answer from ids;
create temporary table kept as select r.* from public.purchase_refunds r where r.user_id = pg_temp.ada();
select is((select answer from begun), (select jsonb_build_object('refund',
  jsonb_build_object('refund_id', k.id, 'user_id', pg_temp.ada(), 'purchase_id', ids.id, 'stripe_refund_id', null,
    'origin', 'talktime', 'status', 'requested', 'amount_cents', 300, 'currency', 'usd', 'reason', 'wrong package', 'failure_reason', null, 'created_at', pg_temp.at(0), 'replayed',
      false),
  'payment_intent_id', 'pi_' || left(ids.id::text, 8), 'replayed', false) from ids, kept k), 'the answer has all that Stripe needs to know');
select results_eq('select requested_by, idempotency_key, updated_at, next_attempt_at from kept', $$ values (pg_temp.ben(), 'key-1', pg_temp.at(0), pg_temp.at(60)) $$,
  'the row is there, with who asked for it');
select is(pg_temp.standing(id), '0 0 0 10000000', 'nothing has moved') from ids;
select results_eq($$ select actor_id, action, user_id, reason, details from pg_temp.audited('refund_purchase') $$,
  $$ select pg_temp.ben(), 'refund_purchase', pg_temp.ada(), 'wrong package', jsonb_build_object('purchase_id', ids.id, 'refund_id', k.id, 'amount_cents', 300) from ids, kept k $$,
  'the act is in the audit log');

select pg_temp.clock_at(10);
select is(pg_temp.refund(ids.id, 300, jsonb_build_object('metadata', jsonb_build_object('refund_id', k.id))) - 'refund',
  jsonb_build_object('known', true, 'purchase_id', ids.id, 'clawed_back_micros', 3000000, 'reinstated_micros', 0, 'replayed', false), 'what Stripe says of it takes the credit')
    from ids, kept k;
select results_eq('select id, stripe_refund_id, origin, status, amount_cents, reason, updated_at, next_attempt_at from public.purchase_refunds where user_id = pg_temp.ada()',
  $$ select k.id, 're_' || left(ids.id::text, 8), 'talktime', 'succeeded', 300::bigint, 'wrong package', pg_temp.at(10), null::timestamptz from ids, kept k $$,
    'in the row that began it');
select is(pg_temp.refund(id, 300) - 'refund', jsonb_build_object('known', true, 'purchase_id', id, 'clawed_back_micros', 0, 'reinstated_micros', 0, 'replayed', true),
  'said again it changes nothing') from ids;
select is(pg_temp.refund(id, 300) -> 'refund', (select (answer -> 'refund') || jsonb_build_object('status', 'succeeded', 'replayed', true,
  'stripe_refund_id', 're_' || left(ids.id::text, 8)) from begun), 'and answers with the refund') from ids;
select is(pg_temp.standing(id), '300 0 3000000 7000000', 'once') from ids;
select results_eq($$ select payload from public.notifications where user_id = pg_temp.ada() and kind = 'refund' $$,
  $$ select jsonb_build_object('purchase_id', ids.id, 'refund_id', k.id, 'amount_cents', 300, 'currency', 'usd', 'clawed_back_micros', 3000000, 'status', 'succeeded') from ids,
    kept k $$, 'the person is told once');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
