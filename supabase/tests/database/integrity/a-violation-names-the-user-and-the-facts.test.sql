begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select public.start_call('c-1', '+14155552671', pg_temp.ada());
update public.call_logs set hold_micros = 149999 where user_id = pg_temp.ada();
select results_eq($$ select user_id, details from private.check_integrity() where violation = 'hold_is_not_the_cost_of_what_it_authorizes' $$,
  $$ values (pg_temp.ada(), '{"call_id": "c-1", "hold_micros": 149999}'::jsonb) $$, 'a call by its id');
update public.users set held_micros = 149999 where id = pg_temp.ada();
select set_eq($$ select violation from private.check_integrity() where user_id = pg_temp.ada() $$, $$ values ('hold_is_not_the_cost_of_what_it_authorizes') $$, 'and nothing that holds');

select * from finish();
rollback;
