begin;
\ir ../helpers.psql
select plan(14);

select pg_temp.sign_up(pg_temp.ada(), 5000000);

select is(pg_temp.error_of($$ update public.transactions set amount_micros = 1 $$) - 'hint',
  '{"code": "append_only", "sqlstate": "PT409", "details": {"table": "transactions", "operation": "update"}}', 'no line is changed');
select throws_ok($$ update public.transactions set description = description where false $$, 'PT409', 'append_only', 'not even none');
select throws_ok($$ delete from public.transactions $$, 'PT409', 'append_only', 'no line is deleted');
select throws_ok($$ truncate public.transactions cascade $$, 'PT409', 'append_only', 'the journal is not truncated');
select throws_ok($$ insert into public.transactions (user_id, line, kind, amount_micros, counter_account, balance_after_micros, description, created_at)
  values (pg_temp.ada(), 1, 'adjustment', 1, 'adjustment', 1, 'again', now()) on conflict (user_id, line) do update set amount_micros = 2 $$,
  'PT409', 'append_only', 'an upsert changes nothing');
select throws_ok($$ update public.grant_entries set amount_micros = 1 $$, 'PT409', 'append_only', 'no grant entry is changed');
select throws_ok($$ delete from public.grant_entries $$, 'PT409', 'append_only', 'no grant entry is deleted');
select throws_ok($$ truncate public.grant_entries $$, 'PT409', 'append_only', 'the entries are not truncated');

select pg_temp.act_as_role('service_role');
select throws_ok($$ update public.transactions set amount_micros = 1 $$, '42501', null, 'the secret key may not change a line');
select throws_ok($$ delete from public.transactions $$, '42501', null, 'nor delete one');
select throws_ok($$ insert into public.transactions default values $$, '42501', null, 'nor write one past the functions');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ delete from public.transactions $$, '42501', null, 'nor may a user');
select throws_ok($$ insert into public.transactions default values $$, '42501', null, 'or write one');
select pg_temp.act_as_owner();
select is((select count(*) from public.transactions where user_id = pg_temp.ada()), 1::bigint, 'what was written stands');

select * from finish();
rollback;
