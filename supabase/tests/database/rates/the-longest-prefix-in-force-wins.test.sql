begin;
\ir ../helpers.psql
select plan(12);

insert into public.rate_plans (code, name) values ('test', 'Test'), ('partial', 'Partial');
insert into public.rates (rate_plan, prefix, effective_from, per_minute_micros, initial_increment_seconds, increment_seconds) values
  ('test', '', '-infinity', 1, 60, 60),
  ('test', '1', '-infinity', 2, 60, 60),
  ('test', '1415', '-infinity', 3, 60, 60),
  ('test', '1415', pg_temp.at(100), 4, 60, 60),
  ('test', '1', pg_temp.at(150), 8, 60, 60),
  ('test', '14155552671', pg_temp.at(200), 5, 60, 60),
  ('test', '44', '-infinity', 6, 60, 60),
  ('partial', '49', '-infinity', 7, 60, 60);
create function pg_temp.price(p_number text, p_at timestamptz, p_plan text default 'test') returns bigint language sql as $$
  select per_minute_micros from private.find_rate(p_plan, p_number, p_at)
$$;
select is(pg_temp.price('+33123456789', pg_temp.at(0)), 1::bigint, 'the empty prefix covers every number');
select is(pg_temp.price('+12125550100', pg_temp.at(0)), 2::bigint, 'a country is more than everything');
select is(pg_temp.price('+14155550100', pg_temp.at(0)), 3::bigint, 'an area is more than a country');
select is(pg_temp.price('+14155550100', pg_temp.at(99.999)), 3::bigint, 'a new price waits for its instant');
select is(pg_temp.price('+14155550100', pg_temp.at(100)), 4::bigint, 'and applies from it');
select is(pg_temp.price('+12125550100', pg_temp.at(150)), 8::bigint, 'the country has a new price too');
select is(pg_temp.price('+14155550100', pg_temp.at(150)), 4::bigint, 'which, newer but shorter, is not the area''s');
select is(pg_temp.price('+14155552671', pg_temp.at(199)), 4::bigint, 'a longer prefix that is not yet in force does not count');
select is(pg_temp.price('+14155552671', pg_temp.at(200)), 5::bigint, 'a prefix may be a whole number');
select is(pg_temp.price('+441234567890', pg_temp.at(0)), 6::bigint, 'another country');
select is(pg_temp.price('+4914155550100', pg_temp.at(0), 'partial'), 7::bigint, 'digits within the number are no prefix');
select is(pg_temp.error_of($$ select pg_temp.price('+14155550100', pg_temp.at(0), 'partial') $$) - 'hint',
  '{"code": "destination_not_rated", "sqlstate": "PT422", "details": {"rate_plan": "partial"}}', 'a number no rate covers is refused');

select * from finish();
rollback;
