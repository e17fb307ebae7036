begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
select pg_temp.refund(id, 1000, '{"status": "requires_action"}') from ids;
select is(pg_temp.refund(id, 1000, '{"status": "canceled"}') -> 'reinstated_micros', '10000000'::jsonb, 'canceled it restores what it had taken') from ids;
select is_empty($$ select * from public.notifications where user_id = pg_temp.ada() and kind = 'refund' $$, 'with nothing to tell');

create temporary table begun as select (public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-1') #>> '{refund,refund_id}')::uuid as id from ids;
select pg_temp.clock_at(5);
select public.fail_refund_request(pg_temp.ben(), id, 'mine') from begun;
select is((select status from public.purchase_refunds r join begun using (id)), 'requested', 'another person''s is not refused');
select is(public.fail_refund_request(pg_temp.ada(), id, repeat('x', 600)) - 'failure_reason' ->> 'status', 'refused', 'what Stripe does not take is refused') from begun;
select results_eq('select status, failure_reason, updated_at, next_attempt_at from public.purchase_refunds r join begun using (id)',
  $$ values ('refused', repeat('x', 500), pg_temp.at(5), null::timestamptz) $$, 'with the reason, and not tried again');
select is(pg_temp.standing(id), '0 0 0 10000000', 'nothing was taken') from ids;

-- Both ways race: Stripe had taken it after all.
create temporary table second as select (public.begin_refund(pg_temp.ada(), id, 'sorry', 'key-2') #>> '{refund,refund_id}')::uuid as id from ids;
select pg_temp.refund(ids.id, 1000, jsonb_build_object('id', 're_2', 'status', 'pending', 'metadata', jsonb_build_object('refund_id', second.id))) from ids, second;
select is(public.fail_refund_request(pg_temp.ada(), id, 'too late') ->> 'status', 'pending', 'what Stripe has taken is refused no more') from second;
select is(pg_temp.standing(id), '1000 0 10000000 0', 'and has taken its credit') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
