begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
create temporary view told as select payload ->> 'status' as status, (payload ->> 'clawed_back_micros')::bigint as micros
  from public.notifications where user_id = pg_temp.ada() and kind = 'refund' order by id;
select pg_temp.refund(id, 1000, '{"status": "pending"}') from ids;
select is_empty('select * from told', 'a refund under way is no news yet');
select pg_temp.refund(id, 1000) from ids;
select pg_temp.clock_at(86400);
select is(pg_temp.refund(id, 1000, '{"status": "failed", "failure_reason": "lost_or_stolen_card"}') - 'refund', jsonb_build_object('known', true, 'purchase_id', id,
  'clawed_back_micros', 0, 'reinstated_micros', 10000000, 'replayed', false), 'the bank sends it back') from ids;
select is(pg_temp.standing(id), '0 0 0 10000000', 'the credit is there again') from ids;
select is((select failure_reason from public.purchase_refunds where user_id = pg_temp.ada()), 'lost_or_stolen_card', 'with the reason');
select results_eq('select * from told', $$ values ('succeeded', 10000000::bigint), ('failed', 0) $$, 'the person is told of both');
select results_eq($$ select a.key, a.user_id, a.details ->> 'failure_reason' from pg_temp.alerts('refund_failed') a $$,
  $$ select 're_' || left(id::text, 8), pg_temp.ada(), 'lost_or_stolen_card' from ids $$, 'and somebody has to give the money back in another way');
select private.resolve_alert('refund_failed', 're_' || left(id::text, 8)) from ids;
select is(pg_temp.refund(id, 1000, '{"status": "failed"}') -> 'replayed', 'true'::jsonb, 'the daily sweep reads it again') from ids;
select is(pg_temp.alerts_open('refund_failed'), 0::bigint, 'what somebody has dealt with stays resolved');
select is((select count(*) from told), 2::bigint, 'nobody is told again');
select is((select array_agg(kind order by line) from public.transactions where user_id = pg_temp.ada()), '{purchase,clawback,reinstatement}'::text[], 'nothing is counted twice');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
