-- The schema `realtime` as a new hosted Supabase project has it, as far as Broadcast needs it. Runs once, as
-- supabase_admin. `postgres` is a member of the role that owns the table, so that a migration may put policies on it, but
-- may create nothing inside the schema.

create role supabase_realtime_admin nologin noinherit;
grant supabase_realtime_admin to postgres;

create schema realtime authorization supabase_admin;
grant usage on schema realtime to supabase_realtime_admin, postgres, anon, authenticated, service_role;

create table realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  primary key (id, inserted_at)
);
create index messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;
alter table realtime.messages enable row level security;
grant all on realtime.messages to postgres;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;

create function realtime.topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')::text
$$;

create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql as $$
declare
  generated_id uuid := gen_random_uuid();
begin
  begin
    execute format('set local realtime.topic to %L', topic);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (generated_id, jsonb_build_object('id', generated_id) || payload, event, topic, private, 'broadcast');
  exception when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
  end;
end
$$;

alter table realtime.messages owner to supabase_realtime_admin;
alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;

-- Only here: hosted Realtime reads its messages from the write-ahead log, this one is notified. A notification makes
-- commits wait for each other, so there is none unless somebody is in the channel.

create unlogged table realtime.local_topics (topic text primary key);
alter table realtime.local_topics enable row level security;

create function realtime.local_announce() returns trigger language plpgsql security definer set search_path = ''
as $$
begin
  perform pg_notify('realtime_messages', new.id::text) from realtime.local_topics t where t.topic = new.topic;
  return null;
end
$$;
revoke execute on function realtime.local_announce() from public;

create trigger local_announce after insert on realtime.messages for each row
  when (new.extension = 'broadcast') execute function realtime.local_announce();
