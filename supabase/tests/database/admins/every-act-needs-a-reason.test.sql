begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada());
select pg_temp.buy(pg_temp.ada());
select is(pg_temp.error_of($$ select private.record_audit(null, 'look', null, null) $$) -> 'details', '{"parameter": "reason", "problem": "required"}'::jsonb, 'none is refused');
select throws_ok($$ select private.record_audit(null, 'look', null, ' ') $$, 'PT400', 'invalid_request', 'so is an empty one');
select throws_ok($$ insert into private.audit_log (at, action, reason, details) values (now(), 'look', ' ', '{}') $$, '23514', null, 'also past the function');
select throws_ok($$ select private.add_admin(pg_temp.ada(), 'admin', '') $$, 'PT400', 'invalid_request', 'to make an admin');
select is(private.is_admin(pg_temp.ada()), false, 'then nobody was made one');
select throws_ok($$ select public.begin_refund(pg_temp.ada(), (select id from public.purchases where user_id = pg_temp.ada()), '', 'key') $$, 'PT400', 'invalid_request',
  'to refund');
select is_empty('select * from public.purchase_refunds where user_id = pg_temp.ada()', 'then no refund began');

select * from finish();
rollback;
