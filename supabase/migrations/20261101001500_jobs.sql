-- Jobs: what runs by itself.
--
-- `private.scheduled_jobs` is the one list. On hosted Supabase pg_cron runs it, calling Edge Functions through pg_net with a URL and a key from Vault;
-- the local stack's scheduler reads the same rows.
--
-- Vault secrets a deployment sets: talktime_functions_url (https://<ref>.supabase.co/functions/v1) and talktime_secret_key (a secret API key).

create table private.scheduled_jobs (
  name text primary key,
  schedule text not null,
  kind text not null constraint scheduled_jobs_kind_known check (kind in ('sql', 'function')),
  target text not null
);
alter table private.scheduled_jobs enable row level security;
comment on table private.scheduled_jobs is 'Recurring work.';
comment on column private.scheduled_jobs.name is 'Name of the job.';
comment on column private.scheduled_jobs.schedule is 'pg_cron schedule: five cron fields, or "N seconds".';
comment on column private.scheduled_jobs.kind is 'sql: select <target>. function: POST to the Edge Function named target.';
comment on column private.scheduled_jobs.target is 'SQL expression or function name.';

insert into private.scheduled_jobs (name, schedule, kind, target) values
  ('talktime-sweep-calls', '5 seconds', 'sql', 'public.sweep_calls()'),
  ('talktime-sweep-expired-credit', '* * * * *', 'sql', 'private.sweep_expired_credit()'),
  ('talktime-warn-expiring-credit', '*/5 * * * *', 'sql', 'private.warn_expiring_credit()'),
  ('talktime-settle-referrals', '* * * * *', 'sql', 'private.settle_referrals()'),
  ('talktime-reconcile-payments', '* * * * *', 'function', 'reconcile-payments'),
  ('talktime-issue-receipts', '* * * * *', 'sql', 'private.issue_receipts()'),
  ('talktime-auto-reload', '15 seconds', 'function', 'auto-reload'),
  ('talktime-send-notifications', '* * * * *', 'function', 'send-notifications');

do $do$
begin
  if exists (select from pg_catalog.pg_available_extensions where name = 'pg_net') then
    create extension if not exists pg_net with schema extensions;
    execute $sql$
      create function private.invoke_function(p_name text) returns bigint language sql volatile set search_path = ''
      as $$
        select net.http_post(
          url := private.secret('talktime_functions_url') || '/' || p_name,
          headers := jsonb_build_object('content-type', 'application/json', 'apikey', private.secret('talktime_secret_key')),
          body := '{}'::jsonb,
          timeout_milliseconds := 60000)
      $$
    $sql$;
    comment on function private.invoke_function(text) is 'Calls an Edge Function with the secret key; the function records its own outcome.';
  end if;
  if exists (select from pg_catalog.pg_available_extensions where name = 'pg_cron') then
    create extension if not exists pg_cron;
    perform cron.schedule(j.name, j.schedule,
      case j.kind when 'sql' then 'select ' || j.target else format('select private.invoke_function(%L)', j.target) end)
    from private.scheduled_jobs j;
  end if;
end
$do$;
