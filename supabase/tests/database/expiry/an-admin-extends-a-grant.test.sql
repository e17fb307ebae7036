begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.sign_up(pg_temp.ben());
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional', pg_temp.at(100));
select pg_temp.act_as(pg_temp.ben());
select throws_ok($$ select public.extend_grant(pg_temp.ada(), 1, null, 'x') $$, 'PT403', 'forbidden', 'who is no admin may not');
select pg_temp.act_as_owner();
select throws_ok($$ select public.extend_grant(pg_temp.ada(), 1, null, ' ') $$, 'PT400', 'invalid_request', 'a reason is asked for');
select throws_ok($$ select public.extend_grant(pg_temp.ada(), 1, pg_temp.at(99), 'goodwill') $$, 'PT400', 'invalid_request', 'a life is not shortened');
select throws_ok($$ select public.extend_grant(pg_temp.ada(), 7, null, 'goodwill') $$, 'PT404', 'grant_not_found', 'a grant has to be there');
select pg_temp.clock_at(150);
select is(public.extend_grant(pg_temp.ada(), 1, pg_temp.at(300), 'goodwill') -> 'expires_at', to_jsonb(pg_temp.at(300)), 'one that expired and was not booked comes back');
select is((public.get_balance(pg_temp.ada()) ->> 'available_micros')::bigint, 2000000::bigint, 'and can be spent');
select is(public.extend_grant(pg_temp.ada(), 1, null, 'for ever') -> 'expires_at', 'null'::jsonb, 'null lets it live for ever');
select results_eq($$ select action, reason from private.audit_log where user_id = pg_temp.ada() order by id $$,
  $$ values ('extend_grant', 'goodwill'), ('extend_grant', 'for ever') $$, 'each act is in the audit log');
select throws_ok($$ select public.extend_grant(pg_temp.ada(), 1, pg_temp.at(999), 'again') $$, 'PT400', 'invalid_request', 'for ever is not shortened either');

select * from finish();
rollback;
