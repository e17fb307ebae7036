begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select is(pg_temp.give(pg_temp.ada(), 250000, 'promotional', pg_temp.at(3600)), 1::bigint, 'a grant is named by its line');
select results_eq($$ select id, source, granted_micros, remaining_micros, purchase_id, expires_at, created_at from public.credit_grants where user_id = pg_temp.ada() $$,
  $$ values (1::bigint, 'promotional', 250000::bigint, 250000::bigint, null::uuid, pg_temp.at(3600), pg_temp.at(0)) $$, 'it knows where it came from');
select results_eq($$ select line, amount_micros from public.grant_entries where user_id = pg_temp.ada() $$, $$ values (1::bigint, 250000::bigint) $$,
  'its first entry is the line that brought it');
select throws_ok($$ update public.credit_grants set remaining_micros = 250001 where user_id = pg_temp.ada() $$, '23514', null,
  'no more can remain than was granted');
select throws_ok($$ update public.credit_grants set remaining_micros = -1 where user_id = pg_temp.ada() $$, '23514', null, 'nor less than nothing');

select * from finish();
rollback;
