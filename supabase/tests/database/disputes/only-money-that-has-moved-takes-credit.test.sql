begin;
\ir ../helpers.psql
select plan(17);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
create temporary view told as select payload ->> 'status' as status, (payload ->> 'clawed_back_micros')::bigint as taken, (payload ->> 'reinstated_micros')::bigint as restored
  from public.notifications where user_id = pg_temp.ada() and kind = 'dispute' order by id;
select is(pg_temp.dispute(id, 1000, 'warning_needs_response'), jsonb_build_object('known', true, 'purchase_id', id, 'status', 'warning_needs_response',
  'clawed_back_micros', 0, 'reinstated_micros', 0, 'replayed', false), 'an inquiry') from ids;
select is(pg_temp.standing(id), '0 0 0 10000000', 'takes nothing') from ids;
select is_empty('select * from told', 'and is nothing to tell the person');
select results_eq($$ select a.key, a.user_id, a.details, a.seen_count from pg_temp.alerts('dispute') a $$, $$ select 'dp_' || left(id::text, 8), pg_temp.ada(),
  jsonb_build_object('purchase_id', id, 'status', 'warning_needs_response', 'reason', 'fraudulent', 'amount_cents', 1000), 1 from ids $$, 'somebody has to answer it');
select is(pg_temp.dispute(id, 1000, 'warning_needs_response') -> 'replayed', 'true'::jsonb, 'said again it is known') from ids;
select is((select seen_count from pg_temp.alerts('dispute') a), 1, 'and no new alert');
select pg_temp.clock_at(10);
select is(pg_temp.dispute(id, 1000, 'needs_response', '{-1000}') -> 'clawed_back_micros', '10000000'::jsonb, 'a dispute that withdraws the money takes the credit') from ids;
select is(pg_temp.standing(id), '0 1000 10000000 0', 'without Stripe''s fee') from ids;
select pg_temp.dispute(id, 1000, 'under_review', '{-1000}') from ids;
select is(pg_temp.standing(id), '0 1000 10000000 0', 'each step after that takes nothing more') from ids;
select pg_temp.dispute(id, 1000, 'lost', '{-1000}') from ids;
select results_eq('select * from told', $$ values ('needs_response', 10000000::bigint, 0::bigint), ('lost', 0, 0) $$,
  'the person is told when credit moves and when it is decided');
select is(pg_temp.alerts_open('dispute'), 0::bigint, 'a dispute that is over needs no answer');
select results_eq('select status, reason, amount_cents, currency, withdrawn_cents, reinstated_cents, created_at, updated_at from public.purchase_disputes where user_id = pg_temp.ada()',
  $$ values ('lost', 'fraudulent', 1000::bigint, 'usd', 1000::bigint, 0::bigint, pg_temp.at(0), pg_temp.at(10)) $$, 'it is kept as Stripe says it is');
select is((select array_agg(kind order by line) from public.transactions where user_id = pg_temp.ada()), '{purchase,clawback}'::text[], 'in one line of the journal');

create temporary table others as select pg_temp.buy(pg_temp.ada(), 'key-2') as id;
select pg_temp.dispute(id, 1000, 'warning_under_review') from others;
select pg_temp.dispute(id, 1000, 'warning_closed') from others;
select is((select count(*) from told), 2::bigint, 'an inquiry that is closed is nothing to tell');
select is(pg_temp.alerts_open('dispute'), 0::bigint, 'nor to answer');
select is(pg_temp.dispute(id, 1000, 'lost', '{-1000}', '{"payment_intent": "pi_x"}'), '{"known": false}'::jsonb, 'a dispute of another product''s payment is not known') from ids;
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
