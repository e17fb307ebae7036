begin;
\ir ../helpers.psql
select plan(10);

update public.credit_packages set active = false where code not like 'credit\_%0';
update public.credit_packages set position = 0 where code = 'credit_50';
insert into public.credit_packages (code, name, price_cents, credit_micros, bonus_micros, position) values ('credit_test', 'Test credit', 300, 3000000, 500000, 0);
create function pg_temp.headers() returns text language sql as $$ select nullif(current_setting('response.headers', true), '') $$;
grant execute on function pg_temp.headers() to public;
select is(pg_temp.headers(), null, 'before a request there is no header');
select pg_temp.act_as_role('anon');
select is(jsonb_path_query_array(public.list_packages(), '$[*].code'), '["credit_test", "credit_50", "credit_10", "credit_20", "credit_100"]', 'anyone sees what is on sale, by position, then price');
select is(public.list_packages() -> 0, '{"code": "credit_test", "name": "Test credit", "currency": "usd", "price_cents": 300, "credit_micros": 3000000, "bonus_micros": 500000, "valid_days": null, "bonus_valid_days": null}', 'and what it brings');
select is(pg_temp.headers(), '[{"Cache-Control": "public, max-age=300"}]', 'the answer may be remembered for five minutes');
select pg_temp.act_as_owner();
update private.settings set value = '60' where name = 'catalog_cache_seconds';
select public.list_packages();
select is(pg_temp.headers(), '[{"Cache-Control": "public, max-age=60"}]', 'or as long as the setting says');
select set_config('response.headers', '', true);
select pg_temp.sign_up(pg_temp.ada(), 1000000);
select public.get_balance(pg_temp.ada()), public.estimate_call('+14155552671', 60, pg_temp.ada()), public.get_statement(user_id => pg_temp.ada());
select is(pg_temp.headers(), null, 'what is about a person may not');
update public.credit_packages set active = false;
select is(public.list_packages(), '[]', 'when nothing is on sale the list is empty');
select is((select provolatile from pg_proc where oid = 'public.list_packages()'::regprocedure), 's', 'it is asked by GET, which PostgREST allows a function that is not volatile');
select is((select provolatile from pg_proc where oid = 'public.list_rates(text,text,integer)'::regprocedure), 's', 'as the rates are');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), 'key-9', 'credit_50') $$, 'PT404', 'package_not_found', 'nothing is sold by what somebody remembers');

select * from finish();
rollback;
