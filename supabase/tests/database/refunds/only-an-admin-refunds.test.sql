begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
create function pg_temp.eve() returns uuid language sql as $$ select 'eeeeeeee-0000-4000-8000-000000000003'::uuid $$;
select pg_temp.sign_up(u) from unnest(array[pg_temp.ada(), pg_temp.ben(), pg_temp.eve()]) u;
select private.add_admin(pg_temp.ben(), 'viewer', 'does the books');
create temporary table ids as select pg_temp.buy(pg_temp.ada()) as id;
grant select on ids to public;
create function pg_temp.by(p_actor_id uuid) returns text language plpgsql as $$
begin
  return public.begin_refund(pg_temp.ada(), (select id from ids), 'sorry', 'key', 100, p_actor_id) #>> '{refund,status}';
exception when others then
  return sqlerrm;
end
$$;
select is(pg_temp.by(pg_temp.eve()), 'forbidden', 'not just anybody');
select is(pg_temp.by(pg_temp.ada()), 'forbidden', 'not even the buyer');
select is(pg_temp.by(pg_temp.ben()), 'forbidden', 'nor who only reads');
select private.add_admin(pg_temp.eve(), 'admin', 'runs support');
select is(pg_temp.by(pg_temp.eve()), 'requested', 'an admin does');
delete from private.admins;
select is(pg_temp.by(pg_temp.eve()), 'forbidden', 'and no longer, also to repeat it');
select is(pg_temp.by(null), 'requested', 'the secret key does too');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.begin_refund(pg_temp.ada(), (select id from ids), 'sorry', 'key-2', 100, null) $$, '42501', null, 'nobody signed in calls it');
select throws_ok('select requested_by from public.purchase_refunds', '42501', null, 'or reads who asked');
select pg_temp.act_as_owner();

select * from finish();
rollback;
