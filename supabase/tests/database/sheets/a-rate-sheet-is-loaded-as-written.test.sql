begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 10000000);
insert into public.rate_plans (code, name) values ('test', 'Test');
select is(public.load_rate_sheet('test', E'prefix,per_minute\n,0.15\n1,0.0123\n'), jsonb_build_object('loaded', 2, 'effective_from', pg_temp.at(0), 'problems', '[]'::jsonb),
  'prefixes with prices are a sheet; it applies at once');
select results_eq($$ select (r).* from (select r from public.rates r where rate_plan = 'test') x order by prefix $$, $$ values
    ('test', '', pg_temp.at(0), 150000::bigint, 0::bigint, 60, 60, 0, 0::bigint, 'up', 1::bigint),
    ('test', '1', pg_temp.at(0), 12300, 0, 60, 60, 0, 0, 'up', 1) $$, 'what it does not say is whole minutes, rounded up');
select is(public.load_rate_sheet('test', E'destination,rounding_mode,minimum_charge,free_seconds,increment,initial_increment,connection_fee,per_minute,prefix
UK mobile,half_even,0.05,15,6,30,0.000001,999.999999,447
US,,,,,,,0,1415
Leading zeros,down,007.10,0060,01,03600,0.1,0.000001,0', pg_temp.at(10)) -> 'loaded', '3'::jsonb, 'columns may stand in any order, beside others, and be empty');
select results_eq($$ select (r).* from (select r from public.rates r where rate_plan = 'test' and effective_from = pg_temp.at(10)) x order by prefix $$, $$ values
    ('test', '0', pg_temp.at(10), 1::bigint, 100000::bigint, 3600, 1, 60, 7100000::bigint, 'down', 1::bigint),
    ('test', '1415', pg_temp.at(10), 0, 0, 60, 60, 0, 0, 'up', 1),
    ('test', '447', pg_temp.at(10), 999999999, 1, 30, 6, 15, 50000, 'half_even', 1) $$, 'every amount is read to the micro');
select is(public.load_rate_sheet('test', 'prefix,per_minute') -> 'loaded', '0'::jsonb, 'a header alone is an empty sheet');
update public.users set rate_plan = 'test' where id = pg_temp.ada();
select is(public.estimate_call('+447700900123', 60, pg_temp.ada()) -> 'cost_micros', '150000'::jsonb, 'before its instant a sheet is not charged by');
select pg_temp.clock_at(10);
select is(public.estimate_call('+447700900123', 15, pg_temp.ada()) -> 'cost_micros', '50000'::jsonb, 'from it it is');

select * from finish();
rollback;
