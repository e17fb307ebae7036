begin;
\ir ../helpers.psql
select plan(15);

insert into public.rate_plans (code, name) values ('test', 'Test');
create function pg_temp.rate(p_differences jsonb) returns text language plpgsql as $$
begin
  insert into public.rates select * from jsonb_populate_record(null::public.rates, '{"rate_plan": "test", "prefix": "1", "effective_from": "2027-01-01",
    "per_minute_micros": 1, "connection_fee_micros": 0, "initial_increment_seconds": 60, "increment_seconds": 60, "free_seconds": 0, "minimum_charge_micros": 0,
    "rounding_mode": "up", "precision_micros": 1}'::jsonb || p_differences);
  return 'taken';
exception when check_violation or foreign_key_violation or unique_violation then
  return sqlstate;
end
$$;
select is(pg_temp.rate('{}'), 'taken', 'a plain rate is taken');
select is(pg_temp.rate(differences), outcome, differences::text) from (values
  ('{"prefix": "+1"}'::jsonb, '23514'), ('{"per_minute_micros": -1}', '23514'), ('{"per_minute_micros": 1000000001}', '23514'),
  ('{"connection_fee_micros": -1}', '23514'), ('{"initial_increment_seconds": 0}', '23514'), ('{"increment_seconds": 3601}', '23514'),
  ('{"free_seconds": -1}', '23514'), ('{"free_seconds": 3601}', '23514'),
  ('{"minimum_charge_micros": -1}', '23514'), ('{"minimum_charge_micros": 1000000001}', '23514'),
  ('{"rounding_mode": "nearest"}', '23514'), ('{"precision_micros": 0}', '23514'), ('{"rate_plan": "no_such_plan"}', '23503')
) cases (differences, outcome);
select throws_ok($$ update public.rate_plans set is_default = true where code in ('standard', 'test') $$, '23505', null, 'one plan is the default');

select * from finish();
rollback;
