begin;
\ir ../helpers.psql
select plan(10);

create function pg_temp.refusals(p_role text) returns setof text language plpgsql as $$
begin
  perform pg_temp.act_as_role(p_role);
  return next throws_ok('select * from private.settings', '42501', 'permission denied for schema private', p_role || ' reads no setting');
  return next throws_ok($sql$ select private.grant_credit(pg_temp.ada(), 'adjustment', 'adjustment', 1, 'adjustment', 'mine') $sql$, '42501',
    'permission denied for schema private', p_role || ' grants no credit');
  return next throws_ok('select private.set_clock(now())', '42501', 'permission denied for schema private', p_role || ' moves no clock');
  perform pg_temp.act_as_owner();
end
$$;
select pg_temp.refusals(role) from unnest('{anon,authenticated,service_role}'::text[]) role;
select pg_temp.act_as_role('service_role');
select throws_ok('select * from reporting.trial_balance', '42501', 'permission denied for schema reporting', 'the books are not for the API');
select pg_temp.act_as_owner();

select * from finish();
rollback;
