begin;
\ir ../helpers.psql
select plan(15);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben(), 'cccccccc-0000-4000-8000-000000000003', 'dddddddd-0000-4000-8000-000000000004']::uuid[]) u;
select private.add_admin('cccccccc-0000-4000-8000-000000000003', 'viewer', 'Finance'), private.add_admin('dddddddd-0000-4000-8000-000000000004', 'admin', 'Support');
create temporary table bought as select pg_temp.buy(pg_temp.ada()) as id;
grant select on bought to public;
create function pg_temp.read(p_user_id uuid) returns text language sql as $$ select public.get_receipt((select id from bought), p_user_id) ->> 'status' $$;
grant execute on function pg_temp.read(uuid) to public;

select is(pg_temp.read(pg_temp.ada()), 'paid', 'a DBA names the user');
select throws_ok('select pg_temp.read(null)', 'PT400', 'invalid_request', 'and has to');
select throws_ok('select pg_temp.read(pg_temp.ben())', 'PT404', 'purchase_not_found', 'it is not another user''s');
select pg_temp.act_as_role('service_role');
select is(pg_temp.read(pg_temp.ada()), 'paid', 'so does the secret key');
select pg_temp.act_as_owner();
select pg_temp.act_as(pg_temp.ada());
select is(pg_temp.read(null), 'paid', 'the owner reads their own');
select is((select count(*) from public.receipts), 1::bigint, 'also as a row');
select pg_temp.act_as_owner();
select pg_temp.act_as(pg_temp.ben());
select throws_ok('select pg_temp.read(null)', 'PT404', 'purchase_not_found', 'another user finds nothing');
select throws_ok('select pg_temp.read(pg_temp.ada())', 'PT403', 'forbidden', 'whatever they claim');
select is((select count(*) from public.receipts), 0::bigint, 'nor a row');
select throws_ok('insert into public.receipts default values', '42501', null, 'and writes none');
select pg_temp.act_as_owner();
select pg_temp.act_as('cccccccc-0000-4000-8000-000000000003');
select is(pg_temp.read(pg_temp.ada()), 'paid', 'a viewer reads anybody''s');
select throws_ok('select pg_temp.read(null)', 'PT404', 'purchase_not_found', 'but has to name them');
select pg_temp.act_as_owner();
select pg_temp.act_as('dddddddd-0000-4000-8000-000000000004');
select is(pg_temp.read(pg_temp.ada()), 'paid', 'so does an admin');
select pg_temp.act_as_owner();
delete from private.admins where user_id = 'dddddddd-0000-4000-8000-000000000004';
select pg_temp.act_as('dddddddd-0000-4000-8000-000000000004');
select throws_ok('select pg_temp.read(pg_temp.ada())', 'PT403', 'forbidden', 'until the right is taken away, at once');
select pg_temp.act_as_owner();
select pg_temp.act_as_role('anon');
select throws_ok('select pg_temp.read(pg_temp.ada())', '42501', null, 'who is not signed in reads none');
select pg_temp.act_as_owner();

select * from finish();
rollback;
