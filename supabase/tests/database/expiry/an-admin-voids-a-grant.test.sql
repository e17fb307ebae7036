begin;
\ir ../helpers.psql
select plan(8);

select pg_temp.clock_at(0);
select pg_temp.sign_up(pg_temp.ada(), 600000);
select pg_temp.give(pg_temp.ada(), 2000000, 'promotional');
update public.users set rate_plan = 'prorated' where id = pg_temp.ada();
select public.start_call('c-1', '+14155552671', pg_temp.ada(), true);
select throws_ok($$ select public.void_grant(pg_temp.ada(), 2, '') $$, 'PT400', 'invalid_request', 'a reason is asked for');
select is(public.void_grant(pg_temp.ada(), 2, 'abuse') -> 'remaining_micros', '0'::jsonb, 'nothing of it remains');
select results_eq($$ select kind, amount_micros, counter_account, reverses_line, reason from public.transactions where user_id = pg_temp.ada() and line = 3 $$,
  $$ values ('adjustment', -2000000::bigint, 'promotional_expense', 2::bigint, 'abuse') $$, 'a new line says so');
select is((pg_temp.call(pg_temp.ada(), 'c-1')).status, 'ended', 'a call that lost its cover ends');
select is((pg_temp.wallet(pg_temp.ada())).balance_micros, 600000::bigint, 'other credit stays');
select throws_ok($$ select public.void_grant(pg_temp.ada(), 2, 'again') $$, 'PT409', 'grant_not_changeable', 'once');
select is((select count(*) from private.audit_log where action = 'void_grant'), 1::bigint, 'the audit log has it once');
select is_empty($$ select * from private.check_integrity() $$, 'the books are whole');

select * from finish();
rollback;
