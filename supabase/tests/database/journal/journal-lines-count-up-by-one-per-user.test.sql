begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select private.post_transaction(u, 'adjustment', 10, 'adjustment', 'one') from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.post_transaction(pg_temp.ada(), 'adjustment', -25, 'adjustment', 'two');
select private.post_transaction(pg_temp.ada(), 'adjustment', 40, 'adjustment', 'three');
select results_eq(
  $$ select line, amount_micros, balance_after_micros, description, created_at from public.transactions where user_id = pg_temp.ada() order by line $$,
  $$ values (1::bigint, 10::bigint, 10::bigint, 'one', pg_temp.at(0)), (2, -25, -15, 'two', pg_temp.at(0)), (3, 40, 25, 'three', pg_temp.at(0)) $$,
  'each line follows the one before and carries the balance after it');
select results_eq($$ select id, balance_micros, last_line from public.users where id in (pg_temp.ada(), pg_temp.ben()) order by id $$,
  $$ values (pg_temp.ada(), 25::bigint, 3::bigint), (pg_temp.ben(), 10, 1) $$, 'the wallet moves with it; each user counts alone');
select throws_ok($$ select private.post_transaction(pg_temp.ada(), 'adjustment', 0, 'adjustment', 'nothing') $$, '23514', null, 'a refused line');
select is((private.post_transaction(pg_temp.ada(), 'adjustment', 1, 'adjustment', 'four')).line, 4::bigint, 'leaves no gap');

select * from finish();
rollback;
