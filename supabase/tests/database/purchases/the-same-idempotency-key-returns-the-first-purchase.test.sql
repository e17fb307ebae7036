begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
create temporary table first as select pg_temp.new_purchase(pg_temp.ada()) as purchase;
create function pg_temp.again(p_package text, p_success text, p_cancel text) returns jsonb language sql as $$
  select public.create_purchase(pg_temp.ada(), p_package, 'key-1', p_success, p_cancel)
$$;

select is(pg_temp.new_purchase(pg_temp.ada()), (select purchase || '{"replayed": true}' from first), 'an identical request answers as before');
select is((select count(*) from public.purchases where user_id = pg_temp.ada()), 1::bigint, 'and makes no second purchase');
select is(pg_temp.error_of($$ select pg_temp.again('credit_5', 'http://localhost:3000/paid', 'http://localhost:3000/canceled') $$) - 'hint',
  jsonb_build_object('code', 'idempotency_conflict', 'sqlstate', 'PT409',
    'details', jsonb_build_object('purchase_id', (select purchase -> 'purchase_id' from first))), 'another package under the key is refused');
select throws_ok($$ select pg_temp.again('credit_10', 'http://localhost:3000/other', 'http://localhost:3000/canceled') $$, 'PT409', 'idempotency_conflict',
  'another success page too');
select throws_ok($$ select pg_temp.again('credit_10', 'http://localhost:3000/paid', 'http://localhost:3000/other') $$, 'PT409', 'idempotency_conflict',
  'another cancel page too');
select throws_ok($$ select pg_temp.again(null, 'http://localhost:3000/paid', 'http://localhost:3000/canceled') $$, 'PT409', 'idempotency_conflict',
  'no package too');
select isnt(pg_temp.new_purchase(pg_temp.ben()) -> 'purchase_id', (select purchase -> 'purchase_id' from first), 'another user''s key is another key');
select is(pg_temp.new_purchase(pg_temp.ada(), 'key-2') -> 'replayed', 'false'::jsonb, 'another key is another purchase');

update public.credit_packages set active = false where code = 'credit_10';
update public.users set status = 'suspended' where id = pg_temp.ada();
update private.settings set value = '[]' where name = 'allowed_redirect_origins';
select is(pg_temp.new_purchase(pg_temp.ada()) -> 'replayed', 'true'::jsonb, 'whatever has changed since, a replay is answered');
select is(pg_temp.error_of($$ select pg_temp.new_purchase(pg_temp.ada(), '') $$) -> 'details',
  '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}'::jsonb, 'an empty key is refused');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), null) $$, 'PT400', 'invalid_request', 'so is none');
select throws_ok($$ select pg_temp.new_purchase(pg_temp.ada(), repeat('k', 256)) $$, 'PT400', 'invalid_request', 'so is one of 256 characters');
update public.users set status = 'active' where id = pg_temp.ada();
update public.credit_packages set active = true where code = 'credit_10';
update private.settings set value = '["http://localhost:*"]' where name = 'allowed_redirect_origins';
select lives_ok($$ select pg_temp.new_purchase(pg_temp.ada(), repeat('k', 255)) $$, 'one of 255 characters is taken');

select * from finish();
rollback;
