begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table open as select pg_temp.attach(pg_temp.new_purchase(pg_temp.ada())) as purchase;
create temporary table ids as select (purchase ->> 'purchase_id')::uuid as id from open;
select pg_temp.apply((select purchase from open), '{"amount_total": 900}');
select public.resolve_review(pg_temp.ada(), id, 'dismiss', 'a code that was stolen') from ids;
select results_eq('select status, failure_code, review_reason, paid_cents, paid_at from public.purchases where user_id = pg_temp.ada()',
  $$ values ('failed', 'review_dismissed', null::text, 900::bigint, null::timestamptz) $$, 'it has failed, and what was paid stays known');
select is(pg_temp.standing(id), '0 0 0 0', 'nothing is credited') from ids;
select is(pg_temp.alerts_open('purchase_in_review'), 0::bigint, 'the alert is resolved');
select is_empty('select * from public.notifications where user_id = pg_temp.ada()', 'the person is told by the refund, not of a failure');
select is((select array[reason, details ->> 'decision'] from pg_temp.audited('resolve_review')), '{a code that was stolen,dismiss}'::text[], 'the act is in the audit log');
select is(public.begin_refund(pg_temp.ada(), id, 'a code that was stolen', 'key') #>> '{refund,amount_cents}', '900', 'the money can be given back') from ids;
select pg_temp.refund(ids.id, 900, jsonb_build_object('metadata', jsonb_build_object('refund_id', r.id))) from ids, public.purchase_refunds r where r.user_id = pg_temp.ada();
select is(pg_temp.standing(id), '900 0 0 0', 'which takes no credit, there is none') from ids;
select is(pg_temp.code_of(format($$ select public.begin_refund(pg_temp.ada(), %L, 'again', 'key-2') $$, id)), 'refund_exceeds_payment', 'once') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
