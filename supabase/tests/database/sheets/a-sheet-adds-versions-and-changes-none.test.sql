begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) values ('test', 'Test');
create function pg_temp.versions() returns text language sql as $$
  select string_agg(prefix || ' ' || per_minute_micros || ' from ' || extract(epoch from effective_from - pg_temp.at(0))::integer, ', ' order by prefix, effective_from)
  from public.rates where rate_plan = 'test'
$$;
select public.load_rate_sheet('test', E'prefix,per_minute\n1,0.10\n44,0.20');
select is(pg_temp.versions(), '1 100000 from 0, 44 200000 from 0', 'a first sheet');
select throws_ok($$ select public.load_rate_sheet('test', E'prefix,per_minute\n1,0.11\n49,0.1') $$, 'PT409', 'rate_published', 'another of the same instant changes nothing that is published');
select is(pg_temp.versions(), '1 100000 from 0, 44 200000 from 0', 'and adds nothing either');
select pg_temp.clock_at(10);
select public.load_rate_sheet('test', E'prefix,per_minute\n1,0.11');
select is(pg_temp.versions(), '1 100000 from 0, 1 110000 from 10, 44 200000 from 0', 'a later one adds a version; what it does not name stays');
select public.load_rate_sheet('test', E'prefix,per_minute\n1,0.12\n49,0.3', pg_temp.at(100));
select is(public.load_rate_sheet('test', E'prefix,per_minute\n1,0.13', pg_temp.at(100)) -> 'effective_from', to_jsonb(pg_temp.at(100)), 'a sheet for later');
select is(pg_temp.versions(), '1 100000 from 0, 1 110000 from 10, 1 130000 from 100, 44 200000 from 0, 49 300000 from 100', 'is corrected by another for the same instant');
select is((private.find_rate('test', '+14155552671', pg_temp.at(99))).per_minute_micros, 110000::bigint, 'until then the earlier version applies');
select is((private.find_rate('test', '+14155552671', pg_temp.at(100))).per_minute_micros, 130000::bigint, 'then the later');
select pg_temp.clock_at(100);
select throws_ok($$ select public.load_rate_sheet('test', E'prefix,per_minute\n1,0.14', pg_temp.at(100)) $$, 'PT409', 'rate_published', 'once its instant has come it is published too');

select * from finish();
rollback;
