begin;
\ir ../helpers.psql
select plan(15);

select pg_temp.sign_up(pg_temp.ada(), 1000000);
insert into public.rate_plans (code, name, currency) values ('euro', 'Euro', 'eur');
select is(pg_temp.error_of($$ update public.users set rate_plan = 'euro' where id = pg_temp.ada() $$) - 'hint', jsonb_build_object('code', 'invalid_request', 'sqlstate', 'PT400',
  'details', jsonb_build_object('parameter', 'rate_plan', 'problem', 'not of the wallet''s currency', 'user_id', pg_temp.ada(), 'rate_plan', 'euro',
    'plan_currency', 'eur', 'wallet_currency', 'usd')), 'a plan of another currency is refused, and the error says why');
select throws_ok($$ update public.users set currency = 'eur' where id = pg_temp.ada() $$, 'PT400', 'invalid_request', 'so is a wallet of another currency than the default plan''s');
select is((pg_temp.wallet(pg_temp.ada())).rate_plan, null, 'nothing has changed');
select lives_ok($$ update public.users set currency = 'eur', rate_plan = 'euro' where id = pg_temp.ada() $$, 'both together may change');
select throws_ok($$ update public.users set rate_plan = null where id = pg_temp.ada() $$, 'PT400', 'invalid_request', 'then the default plan is no plan for it');
select throws_ok($$ update public.users set currency = 'usd' where id = pg_temp.ada() $$, 'PT400', 'invalid_request', 'nor is its currency changed alone');
select throws_ok($$ update public.rate_plans set currency = 'gbp' where code = 'euro' $$, '23503', null, 'nor that of its plan, by a key that no race goes around');
select is(pg_temp.error_of($$ alter table public.users disable trigger user; update public.users set rate_plan = 'prorated' where id = pg_temp.ada() $$) ->> 'sqlstate', '23503',
  'which holds also where no trigger runs');
select throws_ok($$ insert into public.users (id, currency, created_at) values (gen_random_uuid(), 'gbp', now()) $$, 'PT400', 'invalid_request', 'a new wallet is no exception');
select throws_ok($$ update public.users set rate_plan = 'no_such_plan' where id = pg_temp.ada() $$, '23503', null, 'a plan that is not there is refused as before');

-- The default plan speaks for all who have none of their own.
select pg_temp.sign_up(pg_temp.ben());
select is(pg_temp.error_of($$ update public.rate_plans set currency = 'gbp' where is_default $$) -> 'details', jsonb_build_object('parameter', 'currency',
  'problem', 'a wallet of another currency has the default plan', 'rate_plan', 'standard', 'plan_currency', 'gbp'), 'its currency stays while they have it');
select throws_ok($$ with was as (update public.rate_plans set is_default = false where is_default returning 1)
  insert into public.rate_plans (code, name, currency, is_default) select 'new', 'New', 'gbp', true from was $$, 'PT400', 'invalid_request', 'nor does one of another currency take its place');
select pg_temp.act_as_owner();
update public.users set rate_plan = 'standard' where rate_plan is null;
update public.rate_plans set is_default = false where is_default;
select lives_ok($$ update public.rate_plans set is_default = true where code = 'euro' $$, 'once nobody has it, it may');
insert into auth.users (id, email) values ('cccccccc-0000-4000-8000-000000000003', 'carol@example.com');
select is((select concat_ws(' ', currency, private.user_rate_plan(u)) from public.users u where id = 'cccccccc-0000-4000-8000-000000000003'), 'eur euro', 'a wallet opens in the currency of the default plan');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
