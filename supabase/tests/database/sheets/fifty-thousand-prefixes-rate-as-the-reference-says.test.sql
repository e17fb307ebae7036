begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select setseed(0.4180);
insert into public.rate_plans (code, name) values ('test', 'Test');
-- Prefixes of two to eight digits, so that many are the beginning of others.
create temporary table prefixes as
  select prefix, row_number() over (order by prefix) as price
  from (select distinct left((10000000 + floor(random() * 89999999))::bigint::text, 2 + floor(random() * 7)::integer) as prefix from generate_series(1, 120000)) x
  order by md5(prefix) limit 50000;
select is((select count(*) from prefixes), 50000::bigint, 'fifty thousand prefixes');
select is((select public.load_rate_sheet('test', E'prefix,per_minute\n' || string_agg(prefix || ',0.' || lpad(price::text, 6, '0'), E'\n')) - 'effective_from' from prefixes),
  '{"loaded": 50000, "problems": []}'::jsonb, 'are one sheet');
select set_eq($$ select prefix, per_minute_micros from public.rates where rate_plan = 'test' $$, 'select prefix, price from prefixes', 'loaded as written');
create temporary table numbers as
  select '+' || case when n % 4 = 0 then (10000000 + floor(random() * 89999999))::bigint::text else (select prefix from prefixes where price = 1 + n * 7 % 50000) end
    || lpad(floor(random() * 10000000)::bigint::text, 7, '0') as number
  from generate_series(1, 150) n;
create function pg_temp.found(p_number text) returns text language plpgsql as $$
begin
  return (private.find_rate('test', p_number, pg_temp.at(0))).prefix;
exception when sqlstate 'PT422' then
  return 'not rated';
end
$$;
-- The reference: of all prefixes the number begins with, the longest.
create temporary table expected as
  select n.number, coalesce((select p.prefix from prefixes p where starts_with(n.number, '+' || p.prefix) order by length(p.prefix) desc limit 1), 'not rated') as prefix from numbers n;
select is_empty('select * from (select number, prefix, pg_temp.found(number) as found from expected offset 0) x where found <> prefix', 'each number finds the rate of its longest prefix');
-- How long a number takes, the mean of a thousand; some hundredths of a millisecond where nothing else runs.
create function pg_temp.milliseconds_each() returns numeric language plpgsql as $$
declare
  v_from timestamptz := clock_timestamp();
begin
  perform private.find_rate('test', number, pg_temp.at(0)) from expected, generate_series(1, 10) where prefix <> 'not rated';
  return 1000 * extract(epoch from clock_timestamp() - v_from) / (select 10 * count(*) from expected where prefix <> 'not rated');
end
$$;
select cmp_ok(pg_temp.milliseconds_each(), '<', 1.0, 'in well under a millisecond');
-- Without the key's order a lookup would read every rate of a prefix's plan.
create function pg_temp.pages_read() returns integer language plpgsql as $$
declare
  v_plan jsonb;
begin
  execute $q$ explain (analyze, buffers, format json) select private.find_rate('test', '+12345678901', pg_temp.at(0)) from generate_series(1, 10) $q$ into v_plan;
  return ((v_plan #>> '{0,Plan,Shared Hit Blocks}')::integer + (v_plan #>> '{0,Plan,Shared Read Blocks}')::integer) / 10;
end
$$;
insert into public.rates select (pg_temp.rate_of('test', jsonb_build_object('prefix', '', 'effective_from', pg_temp.at(0)))).*;
select cmp_ok(pg_temp.pages_read(), '<', 30, 'because it reads a few pages of the key');
select cmp_ok((select count(distinct length(prefix)) from expected), '>', 5::bigint, 'short and long ones were found');

select * from finish();
rollback;
