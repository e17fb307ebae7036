begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 149999);
select is(pg_temp.error_of($$ select public.start_call('c-1', '+14155552671', pg_temp.ada()) $$) - 'hint',
  '{"code": "insufficient_credit", "sqlstate": "PT402", "details": {"available_micros": 149999, "minimum_micros": 150000}}', 'a micro short of the first minute');
select is((public.estimate_call('+14155552671', user_id => pg_temp.ada())) -> 'can_start', 'false'::jsonb, 'the estimate knew');
select is_empty($$ select * from public.call_logs where user_id = pg_temp.ada() $$, 'nothing is left of it');
select pg_temp.give(pg_temp.ada(), 1);
select is(public.start_call('c-1', '+14155552671', pg_temp.ada()) -> 'authorized_seconds', '60'::jsonb, 'with the micro it may last a minute');
select throws_ok($$ select public.start_call('c-2', '+14155552671', pg_temp.ada()) $$, 'PT402', 'insufficient_credit', 'what one call holds no other can');
insert into public.rate_plans (code, name) values ('partial', 'Partial');
update public.users set rate_plan = 'partial' where id = pg_temp.ada();
select throws_ok($$ select public.start_call('c-3', '+14155552671', pg_temp.ada()) $$, 'PT422', 'destination_not_rated', 'a number without a rate is refused');
select throws_ok(format($$ select public.start_call('c-1', '+14155552671', %L) $$, gen_random_uuid()), 'PT404', 'user_not_found', 'so is nobody');

select * from finish();
rollback;
