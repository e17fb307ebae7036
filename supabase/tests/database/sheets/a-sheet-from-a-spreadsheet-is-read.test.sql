begin;
\ir ../helpers.psql
select plan(8);

-- Spreadsheets save UTF-8 with a byte order mark (EF BB BF) and end lines with CRLF. The bytes themselves, so that no editor tidies them away.
create function pg_temp.bytes(p_hex text) returns text language sql immutable as $$ select convert_from(decode(p_hex, 'hex'), 'UTF8') $$;
select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) select p, p from unnest('{lf,mark,quoted,crlf,both}'::text[]) p;
select is(length(pg_temp.bytes('efbbbf')), 1, 'the mark is one character');
select is(public.load_rate_sheet(plan, sheet) - 'effective_from', '{"loaded": 2, "problems": []}'::jsonb, plan) from (values
  ('lf', E'prefix,per_minute,rounding_mode\n1,0.15,down\n44,0.02,up\n'),
  ('mark', pg_temp.bytes('efbbbf') || E'prefix,per_minute,rounding_mode\n1,0.15,down\n44,0.02,up\n'),
  ('quoted', pg_temp.bytes('efbbbf') || E'"prefix","per_minute","rounding_mode"\n"1","0.15","down"\n"44","0.02","up"\n'),
  ('crlf', E'prefix,per_minute,rounding_mode\r\n1,0.15,down\r\n44,0.02,up\r\n'),
  ('both', pg_temp.bytes('efbbbf') || E'prefix,per_minute,rounding_mode\r\n1,0.15,down\r\n44,0.02,up')) sheets (plan, sheet);
select is((select count(distinct rates) from (select plan.code, jsonb_agg(to_jsonb(r) - 'rate_plan' order by r.prefix) as rates
  from public.rate_plans plan join public.rates r on r.rate_plan = plan.code where plan.code in ('lf', 'mark', 'quoted', 'crlf', 'both') group by plan.code) s), 1::bigint, 'all are the same sheet');
select is(public.load_rate_sheet('lf', E'prefix,per_minute\n' || pg_temp.bytes('efbbbf') || E'33,0.15\n', pg_temp.at(1)) #>> '{problems,0,problem}', 'prefix is not up to 15 digits', 'a mark elsewhere is no part of a number');

select * from finish();
rollback;
