begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.clock_at(0);
select private.record_audit(null, 'look', null, 'curious');
select throws_ok($$ update private.audit_log set reason = 'another' $$, 'PT409', 'append_only', 'no row is changed');
select throws_ok($$ delete from private.audit_log $$, 'PT409', 'append_only', 'none is removed');
select throws_ok($$ truncate private.audit_log $$, 'PT409', 'append_only', 'nor all of them');
select is((select count(*) from pg_temp.audited('look')), 1::bigint, 'what was done stays written');

select * from finish();
rollback;
