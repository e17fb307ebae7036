-- Alerts: what a person who runs the service has to look at.
--
-- An alert is opened once for each thing it is about, counts how often it was seen since, and is resolved by whatever puts the thing right, or by an admin.

create table private.alerts (
  id bigint generated always as identity primary key,
  kind text not null,
  key text not null,
  user_id uuid,
  details jsonb not null,
  opened_at timestamptz not null,
  last_seen_at timestamptz not null,
  seen_count integer not null default 1,
  resolved_at timestamptz
);
alter table private.alerts enable row level security;
comment on table private.alerts is 'What needs a look, opened once while it lasts.';
comment on column private.alerts.id is 'Counts up.';
comment on column private.alerts.kind is 'What sort of trouble.';
comment on column private.alerts.key is 'What it is about; one alert of a kind is open for it.';
comment on column private.alerts.user_id is 'Whose wallet it is about, if one.';
comment on column private.alerts.details is 'The facts.';
comment on column private.alerts.opened_at is 'When it was first seen.';
comment on column private.alerts.last_seen_at is 'When it was last seen.';
comment on column private.alerts.seen_count is 'How often it was seen.';
comment on column private.alerts.resolved_at is 'When it was put right; null while it is open.';

create unique index alerts_open on private.alerts (kind, key) where resolved_at is null;

create function private.open_alert(p_kind text, p_key text, p_user_id uuid default null, p_details jsonb default '{}') returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
begin
  insert into private.alerts as a (kind, key, user_id, details, opened_at, last_seen_at)
  values (p_kind, p_key, p_user_id, p_details, v_now, v_now)
  on conflict (kind, key) where resolved_at is null do update set
    last_seen_at = excluded.last_seen_at, seen_count = a.seen_count + 1, details = excluded.details;
end
$$;
comment on function private.open_alert(text, text, uuid, jsonb) is 'Opens an alert, or notes that an open one was seen again.';

create function private.resolve_alert(p_kind text, p_key text) returns void
language sql volatile set search_path = ''
as $$
  update private.alerts a set resolved_at = private.clock() where a.kind = p_kind and a.key = p_key and a.resolved_at is null
$$;
comment on function private.resolve_alert(text, text) is 'Closes the open alert of this kind about this thing, if there is one.';

create view reporting.alerts with (security_invoker = true) as
  select a.id, a.kind, a.key, a.user_id, a.details, a.opened_at, a.last_seen_at, a.seen_count, a.resolved_at
  from private.alerts a;
comment on view reporting.alerts is 'Alerts, open and resolved.';
comment on column reporting.alerts.id is 'Counts up.';
comment on column reporting.alerts.kind is 'What sort of trouble.';
comment on column reporting.alerts.key is 'What it is about.';
comment on column reporting.alerts.user_id is 'Whose wallet it is about, if one.';
comment on column reporting.alerts.details is 'The facts.';
comment on column reporting.alerts.opened_at is 'When it was first seen.';
comment on column reporting.alerts.last_seen_at is 'When it was last seen.';
comment on column reporting.alerts.seen_count is 'How often it was seen.';
comment on column reporting.alerts.resolved_at is 'When it was put right; null while it is open.';
