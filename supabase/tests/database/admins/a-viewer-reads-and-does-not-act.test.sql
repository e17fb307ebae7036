begin;
\ir ../helpers.psql
select plan(13);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(pg_temp.ada(), 'admin', 'runs support');
select private.add_admin(pg_temp.ben(), 'viewer', 'does the books');
create function pg_temp.acting(p_claims jsonb, p_actor_id uuid) returns text language plpgsql as $$
begin
  perform set_config('request.jwt.claims', p_claims::text, true);
  return private.acting_admin(p_actor_id)::text;
exception when others then
  return sqlerrm;
end
$$;
create temporary table people as select
  jsonb_build_object('role', 'service_role') as secret_key, jsonb_build_object('role', 'authenticated') as nobody,
  jsonb_build_object('role', 'authenticated', 'sub', pg_temp.ada()) as admin, jsonb_build_object('role', 'authenticated', 'sub', pg_temp.ben()) as viewer;
select is(pg_temp.acting(secret_key, null), null, 'the secret key acts for the business itself') from people;
select is(pg_temp.acting(secret_key, pg_temp.ada()), pg_temp.ada()::text, 'and for an admin it names') from people;
select is(pg_temp.acting(secret_key, pg_temp.ben()), 'forbidden', 'not for a viewer') from people;
select is(pg_temp.acting(secret_key, gen_random_uuid()), 'forbidden', 'not for anyone else') from people;
select is(pg_temp.acting(admin, null), pg_temp.ada()::text, 'a signed-in admin acts') from people;
select is(pg_temp.acting(admin, pg_temp.ada()), pg_temp.ada()::text, 'also by name') from people;
select is(pg_temp.acting(admin, pg_temp.ben()), 'forbidden', 'in nobody else''s') from people;
select is(pg_temp.acting(viewer, null), 'forbidden', 'a signed-in viewer does not') from people;
select is(pg_temp.acting(viewer, pg_temp.ada()), 'forbidden', 'whatever they claim') from people;
select is(pg_temp.acting(nobody, null), 'not_authenticated', 'nobody signed in does not') from people;
select is(pg_temp.acting(nobody, pg_temp.ada()), 'not_authenticated', 'by no name') from people;
select set_config('request.jwt.claims', '', true);
select is(array[private.is_admin(pg_temp.ada()), private.is_admin(pg_temp.ada(), true), private.is_admin(pg_temp.ben()), private.is_admin(pg_temp.ben(), true)],
  '{true,true,false,true}'::boolean[], 'both read');
select throws_ok($$ insert into private.admins values (pg_temp.ada(), 'owner', now()) $$, '23514', null, 'there is no other role');

select * from finish();
rollback;
