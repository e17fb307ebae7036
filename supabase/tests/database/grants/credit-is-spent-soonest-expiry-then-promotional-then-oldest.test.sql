begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
update private.settings set value = '1000' where name = 'hold_quantum_seconds';
select pg_temp.give(pg_temp.ada(), 1000000);
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional');
select pg_temp.give(pg_temp.ada(), 1000000, 'adjustment', pg_temp.at(0) + interval '2 days');
select pg_temp.give(pg_temp.ada(), 1000000, 'adjustment', pg_temp.at(0) + interval '1 day');
select pg_temp.give(pg_temp.ada(), 1000000, 'promotional', pg_temp.at(0) + interval '2 days');

select results_eq($$ select id from private.grants_in_order(pg_temp.ada(), private.clock()) $$,
  $$ values (4::bigint), (5), (3), (2), (1) $$,
  'the order: soonest expiry, promotional before the rest, oldest');

-- 1 000 seconds at 2 500 micros.
select public.start_call('c-1', '+14155552671', pg_temp.ada());
select public.answer_call('c-1', pg_temp.ada());
select pg_temp.clock_at(1000);
select is(public.end_call('c-1', user_id => pg_temp.ada()) -> 'cost_micros', '2500000'::jsonb, 'a call costs two and a half grants');
select results_eq($$ select grant_id, amount_micros from public.grant_entries where user_id = pg_temp.ada() and line = 6 order by grant_id $$,
  $$ values (3::bigint, -500000::bigint), (4, -1000000), (5, -1000000) $$, 'and takes from the first three in order');
select results_eq($$ select id, remaining_micros from public.credit_grants where user_id = pg_temp.ada() order by id $$,
  $$ values (1::bigint, 1000000::bigint), (2, 1000000), (3, 500000), (4, 0), (5, 0) $$, 'the others keep what they had');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
