begin;
\ir ../helpers.psql
select plan(11);

select pg_temp.clock_at(0);
select pg_temp.plan_with('test', jsonb_agg(jsonb_build_object('effective_from', at, 'per_minute_micros', price)))
  from (values ('-infinity', 150000), (pg_temp.at(-60), 2), (pg_temp.at(0), 3), (pg_temp.at(0.001), 4)) versions (at, price);
select is(pg_temp.error_of($$ update public.rates set per_minute_micros = 1 where rate_plan = 'test' and effective_from = pg_temp.at(-60) $$) - 'hint',
  jsonb_build_object('code', 'rate_published', 'sqlstate', 'PT409', 'details', jsonb_build_object(
    'rate_plan', 'test', 'prefix', '', 'effective_from', pg_temp.at(-60))), 'one that was in force is not changed, and the error names it');
select throws_ok($$ delete from public.rates where rate_plan = 'test' and effective_from = pg_temp.at(-60) $$, 'PT409', 'rate_published', 'nor removed');
select throws_ok($$ update public.rates set rounding_mode = 'down' where rate_plan = 'test' and effective_from = pg_temp.at(0) $$, 'PT409', 'rate_published',
  'one that comes into force this instant neither');
select throws_ok($$ update public.rates set effective_from = pg_temp.at(500) where rate_plan = 'test' and effective_from = pg_temp.at(0) $$, 'PT409', 'rate_published',
  'it is not put off');
select throws_ok($$ update public.rates set per_minute_micros = 9 where rate_plan = 'standard' $$, 'PT409', 'rate_published', 'nor is a plan changed as a whole');
select throws_ok($$ insert into public.rates select (pg_temp.rate_of('test', '{"per_minute_micros": 9}')).* on conflict (rate_plan, prefix, effective_from)
  do update set per_minute_micros = excluded.per_minute_micros $$, 'PT409', 'rate_published', 'loading it again is no way around');
select lives_ok($$ update public.rates set per_minute_micros = 5 where rate_plan = 'test' and effective_from = pg_temp.at(0.001) $$, 'one that lies ahead may be corrected');
select pg_temp.clock_at(0.001);
select throws_ok($$ update public.rates set per_minute_micros = 6 where rate_plan = 'test' and effective_from = pg_temp.at(0.001) $$, 'PT409', 'rate_published',
  'until its instant has come');
insert into public.rates select (pg_temp.rate_of('test', jsonb_build_object('effective_from', pg_temp.at(100)))).*;
select lives_ok($$ delete from public.rates where rate_plan = 'test' and effective_from = pg_temp.at(100) $$, 'one that lies ahead may be withdrawn');
select results_eq($$ select per_minute_micros from public.rates where rate_plan = 'test' order by effective_from $$, 'values (150000::bigint), (2), (3), (5)',
  'all that was ever in force is there as it was');
select pg_temp.act_as_role('service_role');
select throws_ok($$ update public.rates set per_minute_micros = 1 $$, '42501', null, 'the secret key writes no rate at all');
select pg_temp.act_as_owner();

select * from finish();
rollback;
