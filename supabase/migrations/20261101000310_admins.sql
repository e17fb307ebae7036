-- Admins: who may act for the business, and what they did.
--
-- An admin is a row here and nothing in a token, so taking the right away works at once. Every act of an admin needs a reason and leaves a row in the
-- audit log, which nobody changes. The secret key acts for the business too; its rows name no person.

create table private.admins (
  user_id uuid primary key references public.users (id),
  role text not null constraint admins_role_known check (role in ('admin', 'viewer')),
  added_at timestamptz not null
);
alter table private.admins enable row level security;
comment on table private.admins is 'People who may act for the business. Delete the row to take the right away.';
comment on column private.admins.user_id is 'The person''s own login.';
comment on column private.admins.role is 'admin acts and reads, viewer reads.';
comment on column private.admins.added_at is 'Since when.';

create table private.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor_id uuid,
  action text not null,
  user_id uuid,
  reason text not null constraint audit_log_reason_given check (trim(reason) <> ''),
  details jsonb not null
);
alter table private.audit_log enable row level security;
comment on table private.audit_log is 'What was done for the business, by whom and why. Append-only.';
comment on column private.audit_log.id is 'Counts up.';
comment on column private.audit_log.at is 'When.';
comment on column private.audit_log.actor_id is 'The admin; null for the secret key and for a DBA.';
comment on column private.audit_log.action is 'What was done, a verb and its object.';
comment on column private.audit_log.user_id is 'Whose wallet it was about, if one.';
comment on column private.audit_log.reason is 'Why, in the actor''s words.';
comment on column private.audit_log.details is 'The facts: amounts and ids.';

create index audit_log_user on private.audit_log (user_id, id) where user_id is not null;
create trigger append_only before update or delete or truncate on private.audit_log
  for each statement execute function private.refuse_change();

create function private.record_audit(p_actor_id uuid, p_action text, p_user_id uuid, p_reason text, p_details jsonb default '{}') returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if coalesce(trim(p_reason), '') = '' then
    perform private.raise_error('invalid_request', '{"parameter": "reason", "problem": "required"}');
  end if;
  insert into private.audit_log (at, actor_id, action, user_id, reason, details)
  values (private.clock(), p_actor_id, p_action, p_user_id, p_reason, p_details);
end
$$;
comment on function private.record_audit(uuid, text, uuid, text, jsonb) is 'Writes down an act and its reason. Raises invalid_request without a reason.';

create function private.is_admin(p_user_id uuid, p_reading_only boolean default false) returns boolean
language sql stable set search_path = ''
as $$
  select exists (select from private.admins a join public.users u on u.id = a.user_id and u.status <> 'closed'
    where a.user_id = p_user_id and (a.role = 'admin' or p_reading_only))
$$;
comment on function private.is_admin(uuid, boolean) is 'Whether a person may act for the business, or at least read.';

create function private.acting_admin(p_actor_id uuid default null) returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  v_trusted boolean := private.caller_is_trusted();
  v_actor_id uuid := case when v_trusted then p_actor_id else auth.uid() end;
begin
  if v_actor_id is null and not v_trusted then
    perform private.raise_error('not_authenticated');
  end if;
  if v_actor_id is not null and (not private.is_admin(v_actor_id) or v_actor_id is distinct from coalesce(p_actor_id, v_actor_id)) then
    perform private.raise_error('forbidden', '{"required": "admin"}');
  end if;
  return v_actor_id;
end
$$;
comment on function private.acting_admin(uuid) is
  'Who acts for the business: the signed-in admin, the admin a trusted server names, or null for the secret key itself. Raises not_authenticated, forbidden.';

create function private.add_admin(p_user_id uuid, p_role text, p_reason text) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform private.lock_user(p_user_id);
  insert into private.admins (user_id, role, added_at) values (p_user_id, p_role, private.clock())
  on conflict (user_id) do update set role = excluded.role;
  perform private.record_audit(null, 'add_admin', p_user_id, p_reason, jsonb_build_object('role', p_role));
end
$$;
comment on function private.add_admin(uuid, text, text) is 'Makes a person an admin or a viewer; for a DBA. Raises user_not_found.';
