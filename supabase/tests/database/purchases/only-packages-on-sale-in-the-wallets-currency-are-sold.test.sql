begin;
\ir ../helpers.psql
select plan(5);

select pg_temp.sign_up(pg_temp.ada());
insert into public.credit_packages (code, name, currency, price_cents, credit_micros, active) values
  ('retired', 'Retired', 'usd', 1000, 10000000, false), ('euros', 'Euros', 'eur', 1000, 10000000, true);
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), 'k', 'no_such_package') $$) - 'hint',
  '{"code": "package_not_found", "sqlstate": "PT404", "details": {"package_code": "no_such_package"}}', 'an unknown package');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'k', 'retired') $$, 'PT404', 'package_not_found', 'one that is no longer on sale');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'k', null) $$, 'PT404', 'package_not_found', 'none');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'k', 'euros') $$, 'PT404', 'package_not_found', 'one in another currency than the wallet''s');
insert into public.rate_plans (code, name, currency) values ('euro', 'Euro', 'eur');
update public.users set currency = 'eur', rate_plan = 'euro' where id = pg_temp.ada();
select is(pg_temp.new_purchase(pg_temp.ada(), 'k', 'euros') ->> 'currency', 'eur', 'a wallet in that currency may buy it');

select * from finish();
rollback;
