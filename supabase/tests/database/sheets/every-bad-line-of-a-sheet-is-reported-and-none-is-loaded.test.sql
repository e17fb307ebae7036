begin;
\ir ../helpers.psql
select plan(12);

select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) values ('test', 'Test');
create temporary table reported as
  select public.load_rate_sheet('test', 'prefix,per_minute,connection_fee,initial_increment,increment,free_seconds,minimum_charge,rounding_mode
1,0.15,0,60,60,0,0,up
+44,0.15,0,60,60,0,0,up
1234567890123456,0.15,0,60,60,0,0,up

49,-1,0,60,60,0,0,up
50,0.1234567,0,60,60,0,0,up
51,,0,60,60,0,0,up
52,1000,0,60,60,0,0,up
53,1e2,0,60,60,0,0,up
54,0.15,x,60,60,0,0,up
55,0.15,0,0,60,0,0,up
56,0.15,0,60,3601,0,0,up
57,0.15,0,60,60,-1,0,up
58,0.15,0,60,60,0,0.,up
59,0.15,0,60,60,0,0,nearest
60,0.15,0,60,60
61,0.15,0,60,60,0,0,up,extra
62,0.15,0,60,60,0,0,up
63,0.15,0,60,60,0,0,up
62,0.16,0,60,60,0,0,up
   ') as answer;
select is((select answer - 'problems' from reported), jsonb_build_object('loaded', 0, 'effective_from', pg_temp.at(0)), 'a sheet with a bad line loads none of its lines');
select is_empty($$ select * from public.rates where rate_plan = 'test' $$, 'not even the good ones');
select results_eq($$ select (p ->> 'line')::integer, p ->> 'prefix', p ->> 'problem' from reported, jsonb_array_elements(answer -> 'problems') p $$, $$ values
    (3, '+44', 'prefix is not up to 15 digits'),
    (4, '1234567890123456', 'prefix is not up to 15 digits'),
    (6, '49', 'per_minute is not an amount below 1000'),
    (7, '50', 'per_minute is not an amount below 1000'),
    (8, '51', 'per_minute is not an amount below 1000'),
    (9, '52', 'per_minute is not an amount below 1000'),
    (10, '53', 'per_minute is not an amount below 1000'),
    (11, '54', 'connection_fee is not an amount below 1000'),
    (12, '55', 'initial_increment is not 1 to 3600 seconds'),
    (13, '56', 'increment is not 1 to 3600 seconds'),
    (14, '57', 'free_seconds is not 0 to 3600'),
    (15, '58', 'minimum_charge is not an amount below 1000'),
    (16, '59', 'rounding_mode is not up, half_up, half_even or down'),
    (17, '60', 'not as many fields as the header'),
    (18, '61', 'not as many fields as the header'),
    (19, '62', 'prefix stands twice in the sheet'),
    (21, '62', 'prefix stands twice in the sheet'),
    (22, '', 'not as many fields as the header') $$, 'each bad line is named by its number in the file, empty lines counted, with what is wrong');
select is(pg_temp.error_of($$ select public.load_rate_sheet('nowhere', 'prefix,per_minute') $$) - 'hint',
  '{"code": "rate_plan_not_found", "sqlstate": "PT404", "details": {"rate_plan": "nowhere"}}', 'a plan that is not there is refused');
select is(pg_temp.error_of(format('select public.load_rate_sheet(%L, %L)', 'test', sheet)) - 'hint',
  '{"code": "invalid_request", "sqlstate": "PT400", "details": {"parameter": "sheet", "problem": "no header with prefix and per_minute"}}', coalesce(quote_literal(sheet), 'no sheet'))
from (values (null), (''), (E'prefix\n1'), (E'per_minute\n1'), (E'1,0.15\n2,0.15'), (E'prefix;per_minute\n1;0.15')) sheets (sheet);
select is(pg_temp.error_of($$ select public.load_rate_sheet('test', 'prefix,per_minute', pg_temp.at(-0.001)) $$) - 'hint',
  '{"code": "invalid_request", "sqlstate": "PT400", "details": {"parameter": "effective_from", "problem": "in the past"}}', 'no sheet applies to what has passed');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.load_rate_sheet('test', 'prefix,per_minute') $$, '42501', null, 'a user loads none');
select pg_temp.act_as_owner();

select * from finish();
rollback;
