begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select private.add_admin(pg_temp.ben(), 'viewer', 'reads');
select pg_temp.act_as(pg_temp.ada());
select throws_ok($$ select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1}', 'x') $$, 'PT403', 'forbidden', 'not anybody');
select pg_temp.act_as(pg_temp.ben());
select throws_ok($$ select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1}', 'x') $$, 'PT403', 'forbidden', 'nor who may only read');
select pg_temp.act_as_owner();
select private.add_admin(pg_temp.ben(), 'admin', 'acts');
select pg_temp.act_as(pg_temp.ben());
select is(public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1}', 'x') ->> 'name', 'c', 'an admin may');
select throws_ok($$ select public.add_promo_codes('c', ' ', '{AAAA}') $$, 'PT400', 'invalid_request', 'with a reason');
select throws_ok($$ select public.create_campaign('{"name": "d", "kind": "free_credit"}', 'x') $$, 'PT400', 'invalid_request', 'a campaign gives something');
select throws_ok($$ select public.create_campaign('{"name": "c", "kind": "free_credit", "amount_micros": 1}', 'x') $$, 'PT400', 'invalid_request', 'and is made once');
select throws_ok($$ select public.create_campaign('{"name": "d", "kind": "percent_bonus", "basis_points": "many"}', 'x') $$, 'PT400', 'invalid_request', 'of what can be read');
select pg_temp.act_as_owner();
select results_eq($$ select actor_id, action from private.audit_log where action = 'create_campaign' $$,
  $$ values (pg_temp.ben(), 'create_campaign') $$, 'who made it is in the audit log');

select * from finish();
rollback;
