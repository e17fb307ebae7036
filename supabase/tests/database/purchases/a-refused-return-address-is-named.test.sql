begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.sign_up(pg_temp.ada());
select is(pg_temp.error_of($$ select public.create_purchase(pg_temp.ada(), 'credit_10', 'k', 'https://evil.com/a', 'http://localhost:3000') $$) - 'hint',
  '{"code": "redirect_not_allowed", "sqlstate": "PT400", "details": {"parameter": "success_url", "url": "https://evil.com/a"}}', 'the success page');
select is(pg_temp.error_of($$ select public.create_purchase(pg_temp.ada(), 'credit_10', 'k', 'http://localhost:3000', 'https://evil.com/b') $$) -> 'details',
  '{"parameter": "cancel_url", "url": "https://evil.com/b"}', 'the cancel page');
select is_empty('select * from public.purchases where user_id = pg_temp.ada()', 'nothing is begun');
update private.settings set value = '[]' where name = 'allowed_redirect_origins';
select throws_ok($$ select public.create_purchase(pg_temp.ada(), 'credit_10', 'k', 'http://localhost:3000', 'http://localhost:3000') $$,
  'PT400', 'redirect_not_allowed', 'without a setting nothing is allowed');

select * from finish();
rollback;
