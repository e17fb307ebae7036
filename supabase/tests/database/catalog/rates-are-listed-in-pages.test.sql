begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.clock_at(0);
insert into public.rate_plans (code, name) values ('test', 'Test'), ('bare', 'Bare');
insert into public.rates select (pg_temp.rate_of('test', jsonb_build_object('prefix', prefix, 'effective_from', at, 'per_minute_micros', price))).* from (values
  ('', '-infinity', 1), ('1', '-infinity', 2), ('1', pg_temp.at(0), 3), ('1', pg_temp.at(1), 4), ('1415', '-infinity', 5), ('44', pg_temp.at(1), 6), ('49', pg_temp.at(-1), 7),
  ('491', '-infinity', 8)) versions (prefix, at, price);
create function pg_temp.page(p_after text, p_size integer) returns text language sql as $$
  select concat_ws(' ', (select string_agg((r ->> 'prefix') || '=' || (r ->> 'per_minute_micros'), ' ' order by o) from jsonb_array_elements(page -> 'rates') with ordinality as rates (r, o)),
    'then', coalesce(page ->> 'next_after_prefix', 'no more'))
  from public.list_rates('test', p_after, p_size) page
$$;
grant execute on function pg_temp.page(text, integer) to public;
select pg_temp.act_as_role('anon');
select is(pg_temp.page(null, 200), '=1 1=3 1415=5 49=7 491=8 then no more', 'anyone sees the version of each prefix that is in force');
select is(current_setting('response.headers', true), '[{"Cache-Control": "public, max-age=300"}]', 'and may remember it');
select is(pg_temp.page(null, 2), '=1 1=3 then 1', 'a page says where the next begins');
select is(pg_temp.page('1', 2), '1415=5 49=7 then 49', 'the next goes on there');
select is(pg_temp.page('49', 2), '491=8 then no more', 'the last one says so');
select is(pg_temp.page(null, 1), '=1 then ', 'after the empty prefix');
select is(pg_temp.page('', 1), '1=3 then 1', 'come the others');
select is(pg_temp.page('491', 1), 'then no more', 'after the end there is nothing');
select pg_temp.act_as_owner();
select is(public.list_rates('bare'), '{"rate_plan": "bare", "rates": [], "next_after_prefix": null}', 'a plan without rates has none');
select is(public.list_rates(), '{"rate_plan": "standard", "next_after_prefix": null, "rates": [{"plan": "standard", "prefix": "", "per_minute_micros": 150000, "connection_fee_micros": 0,
  "initial_increment_seconds": 60, "increment_seconds": 60, "free_seconds": 0, "minimum_charge_micros": 0, "effective_from": "-infinity", "rounding_mode": "up", "precision_micros": 1}]}',
  'without a plan it is the default one');
select set_config('response.headers', '', true);
select is(pg_temp.error_of($$ select public.list_rates('nowhere') $$) - 'hint', '{"code": "rate_plan_not_found", "sqlstate": "PT404", "details": {"rate_plan": "nowhere"}}', 'a plan that is not there is refused');
select is(pg_temp.error_of(format('select public.list_rates(page_size => %L)', size)) -> 'details', '{"parameter": "page_size", "problem": "1 to 1000"}', 'a page of ' || coalesce(size::text, 'no size'))
  from (values (0), (1001), (null)) sizes (size);
select is(current_setting('response.headers', true), '', 'a refusal is not remembered');
select pg_temp.clock_at(1);
select is(pg_temp.page(null, 200), '=1 1=4 1415=5 44=6 49=7 491=8 then no more', 'a new version is listed from its instant');

select * from finish();
rollback;
