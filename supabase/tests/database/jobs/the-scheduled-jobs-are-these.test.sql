begin;
\ir ../helpers.psql
select plan(4);

select results_eq('select name, schedule, kind, target from private.scheduled_jobs order by name', $$ values
    ('talktime-auto-reload', '15 seconds', 'function', 'auto-reload'),
    ('talktime-issue-receipts', '* * * * *', 'sql', 'private.issue_receipts()'),
    ('talktime-reconcile-payments', '* * * * *', 'function', 'reconcile-payments'),
    ('talktime-send-notifications', '* * * * *', 'function', 'send-notifications'),
    ('talktime-settle-referrals', '* * * * *', 'sql', 'private.settle_referrals()'),
    ('talktime-sweep-calls', '5 seconds', 'sql', 'public.sweep_calls()'),
    ('talktime-sweep-expired-credit', '* * * * *', 'sql', 'private.sweep_expired_credit()'),
    ('talktime-warn-expiring-credit', '*/5 * * * *', 'sql', 'private.warn_expiring_credit()') $$,
  'calls every five seconds, auto-reload every fifteen, warnings of expiry every five minutes, the rest every minute');
create function pg_temp.run_sql_jobs() returns bigint language plpgsql as $$
declare
  v_job private.scheduled_jobs;
  v_count bigint := 0;
begin
  for v_job in select * from private.scheduled_jobs where kind = 'sql' loop
    execute 'select ' || v_job.target;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
select is(pg_temp.run_sql_jobs(), 5::bigint, 'what is SQL runs');
select is_empty($$ select name from private.scheduled_jobs where schedule !~ '^([0-9*/,-]+ ){4}[0-9*/,-]+$' and schedule !~ '^([1-9]|[1-5][0-9]) seconds$' $$, 'pg_cron takes every schedule');
select throws_ok($$ insert into private.scheduled_jobs values ('x', '* * * * *', 'shell', 'rm') $$, '23514', null, 'another kind of job is refused');

select * from finish();
rollback;
