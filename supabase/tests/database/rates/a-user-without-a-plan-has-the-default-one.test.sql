begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.sign_up(pg_temp.ada(), 5000000);
select is(public.estimate_call('+14155552671', 61, pg_temp.ada()) #> '{rate,plan}', '"standard"'::jsonb, 'the standard plan');
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select is(public.estimate_call('+14155552671', 61, pg_temp.ada()) -> 'cost_micros', '152500'::jsonb, 'a plan of their own is used instead');
update public.users set rate_plan = null where id = pg_temp.ada();
update public.rate_plans set is_default = false;
select throws_ok($$ select public.estimate_call('+14155552671', 61, pg_temp.ada()) $$, 'PT422', 'destination_not_rated', 'with no default there is no price');
select is(public.get_balance(pg_temp.ada()) -> 'talk_seconds', 'null'::jsonb, 'and no talk time is promised');

select * from finish();
rollback;
