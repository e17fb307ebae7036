begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select private.add_admin(u, 'admin', 'runs support') from unnest(array[pg_temp.ada(), pg_temp.ben()]) u;
select set_config('request.jwt.claims', jsonb_build_object('role', 'authenticated', 'sub', pg_temp.ada())::text, true);
select is(private.acting_admin(), pg_temp.ada(), 'an admin acts');
delete from private.admins where user_id = pg_temp.ada();
select throws_ok('select private.acting_admin()', 'PT403', 'forbidden', 'and no longer once the row is gone, with the token they still have');
select is(pg_temp.error_of('select private.acting_admin()') -> 'details', '{"required": "admin"}'::jsonb, 'they are told what it needs');
select set_config('request.jwt.claims', '', true);

select private.add_admin(pg_temp.ben(), 'viewer', 'moved to finance');
select is(private.is_admin(pg_temp.ben()), false, 'a role is changed in place');
select private.add_admin(pg_temp.ben(), 'admin', 'moved back');
delete from auth.users where id = pg_temp.ben();
select is(private.is_admin(pg_temp.ben()), false, 'a deleted login acts no more');
select is(private.is_admin(pg_temp.ben(), true), false, 'nor reads');
select results_eq($$ select action, user_id, actor_id, reason, details, at from pg_temp.audited('add_admin') $$,
  $$ values ('add_admin', pg_temp.ada(), null::uuid, 'runs support', '{"role": "admin"}'::jsonb, pg_temp.at(0)),
    ('add_admin', pg_temp.ben(), null, 'runs support', '{"role": "admin"}', pg_temp.at(0)),
    ('add_admin', pg_temp.ben(), null, 'moved to finance', '{"role": "viewer"}', pg_temp.at(0)),
      ('add_admin', pg_temp.ben(), null, 'moved back', '{"role": "admin"}', pg_temp.at(0)) $$,
  'every right that was given is written down');
select throws_ok($$ select private.add_admin(gen_random_uuid(), 'admin', 'nobody') $$, 'PT404', 'user_not_found', 'only a person is made an admin');

select * from finish();
rollback;
