begin;
\ir ../helpers.psql
select plan(10);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
create temporary view told as select payload - '{purchase_id,dispute_id,amount_cents,currency}'::text[] as what
  from public.notifications where user_id = pg_temp.ada() and kind = 'dispute' order by id;
select pg_temp.dispute(id, 1000, 'needs_response', '{-1000}') from ids;
select is(pg_temp.dispute(id, 1000, 'won', '{-1000}') -> 'reinstated_micros', '0'::jsonb, 'won before the money is back restores nothing') from ids;
select is(pg_temp.standing(id), '0 1000 10000000 0', 'yet') from ids;
select is(pg_temp.dispute(id, 1000, 'won', '{-1000,1000}') - 'status', jsonb_build_object('known', true, 'purchase_id', id, 'clawed_back_micros', 0, 'reinstated_micros', 10000000,
  'replayed', false), 'with the money comes the credit') from ids;
select is(pg_temp.standing(id), '0 0 0 10000000', 'all of it') from ids;
select is(pg_temp.dispute(id, 1000, 'won', '{-1000,1000}') -> 'replayed', 'true'::jsonb, 'once') from ids;
select pg_temp.dispute(id, 1000, 'under_review', '{-1000,1000,-1000}') from ids;
select is(pg_temp.standing(id), '0 1000 10000000 0', 'an appeal takes it again') from ids;
select is(pg_temp.alerts_open('dispute'), 1::bigint, 'and somebody has to look again');
select pg_temp.dispute(id, 1000, 'won', '{-1000,1000,-1000,1000}') from ids;
select is(pg_temp.standing(id), '0 0 0 10000000', 'until it is won as well') from ids;
select results_eq('select what from told', $$ values ('{"status": "needs_response", "clawed_back_micros": 10000000, "reinstated_micros": 0}'::jsonb),
  ('{"status": "won", "clawed_back_micros": 0, "reinstated_micros": 0}'), ('{"status": "won", "clawed_back_micros": 0, "reinstated_micros": 10000000}'),
  ('{"status": "under_review", "clawed_back_micros": 10000000, "reinstated_micros": 0}'), ('{"status": "won", "clawed_back_micros": 0, "reinstated_micros": 10000000}') $$,
    'the person is told of each');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
