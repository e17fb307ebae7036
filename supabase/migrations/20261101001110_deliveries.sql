-- Deliveries: taking messages from the outbox to people.
--
-- Each message gets one delivery for each channel in the transaction that writes it; the one channel so far is mail. `send-notifications` claims deliveries that
-- are due (`for update skip locked`, so any number of workers share the work), sends them, and records what became of each.
--
-- A delivery happens at least once. A worker that dies between the mail server's yes and the record leaves its claim to lapse, and the mail is sent again; no
-- order of the two steps can avoid that. So a repetition is recognizable: each message has one key for ever, from which the Message-ID and the HTTP
-- Idempotency-Key are made, and its contents come from the message's own facts. Mail providers that honor the key send once, and many mail readers show a
-- repeated Message-ID once.
--
-- What fails for now waits 1, 2, 4, … up to 60 minutes and is dead after `mail_max_attempts` (about a day), with an alert; what is refused for good is dead at
-- once. A person puts dead ones back with `requeue_deliveries`. Whether somebody still wants a message, and where it goes, is decided when it is claimed.

insert into private.settings (name, value, description) values
  ('mail_from', 'null', 'Sender of mails, for example "Talktime <no-reply@example.com>"; no mail leaves before it is set.'),
  ('app_url', 'null', 'Page where people see their balance and purchases; mails link to it.'),
  ('mail_lease_seconds', '300', 'How long a worker that has died keeps the mails it had claimed.'),
  ('mail_max_attempts', '30', 'After so many failures a mail is dead; with the pauses between them, about a day.'),
  ('mail_max_age_seconds', '604800', 'A message that could not be sent for this long is not sent any more.');

create table private.deliveries (
  user_id uuid not null,
  notification_id bigint not null,
  channel text not null constraint deliveries_channel_known check (channel in ('email')),
  status text not null default 'pending' constraint deliveries_status_known check (status in ('pending', 'sent', 'dead', 'skipped')),
  skip_reason text constraint deliveries_skip_reason_known check (skip_reason in ('wallet_closed', 'no_address', 'switched_off', 'too_old')),
  attempts integer not null default 0 constraint deliveries_attempts_not_negative check (attempts >= 0),
  queued_at timestamptz not null,
  next_attempt_at timestamptz not null,
  sent_at timestamptz,
  provider_message_id text,
  last_error text,
  primary key (user_id, notification_id, channel),
  foreign key (user_id, notification_id) references public.notifications (user_id, id),
  constraint deliveries_skipped_has_reason check ((status = 'skipped') = (skip_reason is not null)),
  constraint deliveries_sent_has_instant check ((status = 'sent') = (sent_at is not null))
);
alter table private.deliveries enable row level security;
comment on table private.deliveries is 'What became of each message on each channel. Holds no address.';
comment on column private.deliveries.user_id is 'Whom to tell.';
comment on column private.deliveries.notification_id is 'The message.';
comment on column private.deliveries.channel is 'How: email.';
comment on column private.deliveries.status is 'pending, sent, dead (given up) or skipped (not to be sent).';
comment on column private.deliveries.skip_reason is 'Why it was not to be sent.';
comment on column private.deliveries.attempts is 'How often it was claimed to be sent.';
comment on column private.deliveries.queued_at is 'When it was put into the queue, the last time.';
comment on column private.deliveries.next_attempt_at is 'When it may be claimed next; while a worker has it, when its lease ends.';
comment on column private.deliveries.sent_at is 'When the mail server took it.';
comment on column private.deliveries.provider_message_id is 'The mail server''s or provider''s own id of it.';
comment on column private.deliveries.last_error is 'Why the last attempt failed, without addresses.';

create index deliveries_due on private.deliveries (next_attempt_at) where status = 'pending';
create index deliveries_dead on private.deliveries (queued_at) where status = 'dead';

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.queue_delivery() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  insert into private.deliveries (user_id, notification_id, channel, queued_at, next_attempt_at)
  values (new.user_id, new.id, 'email', new.created_at, new.created_at);
  return null;
end
$$;
comment on function private.queue_delivery() is 'Trigger: a message is delivered by mail, unless it is found later that it should not be.';
create trigger queue_delivery after insert on public.notifications for each row execute function private.queue_delivery();

create function private.delivery_pause(p_attempts integer) returns interval
language sql immutable set search_path = ''
as $$ select make_interval(mins => least(60, 1 << least(greatest(p_attempts, 1) - 1, 6))) $$;
comment on function private.delivery_pause(integer) is 'How long to wait after so many attempts: 1, 2, 4, … up to 60 minutes.';

create function private.delivery_key(p_user_id uuid, p_notification_id bigint) returns text
language sql immutable set search_path = ''
as $$ select left(encode(sha256(convert_to('mail:' || p_user_id || ':' || p_notification_id, 'UTF8')), 'hex'), 32) $$;
comment on function private.delivery_key(uuid, bigint) is 'Names a message to mail servers, the same for each attempt, without telling whose it is.';

create function private.skip_reason(p_user_id uuid, p_kind text, p_queued_at timestamptz, p_email text) returns text
language sql stable set search_path = ''
as $$
  select case
    when not exists (select from public.users u where u.id = p_user_id and u.status <> 'closed') then 'wallet_closed'
    when p_email is null or position('@' in p_email) = 0 then 'no_address'
    when not private.wants_notification(p_user_id, p_kind) then 'switched_off'
    when p_queued_at < private.clock() - private.setting_seconds('mail_max_age_seconds') then 'too_old'
  end
$$;
comment on function private.skip_reason(uuid, text, timestamptz, text) is 'Why a message should not be sent any more, or null.';

create function private.mail_facts(p_user_id uuid, p_kind text, p_payload jsonb) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  if p_kind = 'low_balance' then
    return (select jsonb_build_object('currency', u.currency, 'talk_seconds', (
      select private.max_seconds((p_payload ->> 'balance_micros')::bigint, r) from public.rates r
      where r.rate_plan = private.user_rate_plan(u) and r.prefix = '' and r.effective_from <= private.clock()
      order by r.effective_from desc limit 1))
    from public.users u where u.id = p_user_id);
  elsif p_kind = 'call_cut_off' then
    return (select jsonb_build_object('currency', u.currency, 'destination', c.destination_masked)
      from public.call_logs c join public.users u on u.id = c.user_id
      where c.user_id = p_user_id and c.id = p_payload ->> 'call_id');
  end if;
  return (select jsonb_build_object('package_name', private.purchase_name(p), 'paid_at', p.paid_at, 'paid_cents', p.paid_cents, 'tax_cents', p.tax_cents,
      'receipt_url', p.receipt_url)
    from public.purchases p
    where p.user_id = p_user_id and p.id = (p_payload ->> 'purchase_id')::uuid);
end
$$;
comment on function private.mail_facts(uuid, text, jsonb) is 'What a mail states besides the message''s own payload.';

create function private.note_dead_letters() returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_dead bigint := (select count(*) from private.deliveries d where d.status = 'dead');
begin
  if v_dead = 0 then
    perform private.resolve_alert('dead_letter', 'email');
    return;
  end if;
  perform private.open_alert('dead_letter', 'email', null, (select jsonb_build_object('dead', v_dead, 'user_id', d.user_id,
      'notification_id', d.notification_id, 'error', d.last_error)
    from private.deliveries d where d.status = 'dead' order by d.queued_at desc limit 1));
end
$$;
comment on function private.note_dead_letters() is 'Keeps one alert open while there are dead letters: how many, and the newest.';

create function private.judge_due_deliveries(p_batch_size integer) returns setof private.deliveries
language sql volatile set search_path = ''
as $$
  with due as (
    select d.user_id, d.notification_id, d.channel, d.attempts,
      private.skip_reason(d.user_id, n.kind, d.queued_at, (select a.email from auth.users a where a.id = d.user_id)) as skip_reason
    from private.deliveries d join public.notifications n on n.user_id = d.user_id and n.id = d.notification_id
    where d.status = 'pending' and d.next_attempt_at <= private.clock()
    order by d.next_attempt_at limit least(greatest(p_batch_size, 1), 500) for update of d skip locked
  )
  update private.deliveries d set
    skip_reason = due.skip_reason,
    -- Claimed again and again without an answer: each worker that had it died.
    status = case when due.skip_reason is not null then 'skipped'
      when due.attempts >= private.setting_integer('mail_max_attempts') then 'dead' else 'pending' end,
    attempts = least(due.attempts + case when due.skip_reason is null then 1 else 0 end, private.setting_integer('mail_max_attempts')),
    last_error = case when due.attempts >= private.setting_integer('mail_max_attempts') then coalesce(d.last_error, 'no worker lived to report') else d.last_error end,
    next_attempt_at = private.clock() + private.setting_seconds('mail_lease_seconds')
  from due where d.user_id = due.user_id and d.notification_id = due.notification_id and d.channel = due.channel
  returning d.*
$$;
comment on function private.judge_due_deliveries(integer) is
  'Takes due deliveries that nobody else has: the ones to send are leased, the others skipped or given up. Answers all of them as they are now.';

create function private.mail_json(p_delivery private.deliveries) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('user_id', n.user_id, 'notification_id', n.id, 'attempt', p_delivery.attempts,
    'key', private.delivery_key(n.user_id, n.id), 'to', (select a.email from auth.users a where a.id = n.user_id),
    'kind', n.kind, 'created_at', n.created_at, 'payload', n.payload,
    'facts', coalesce(private.mail_facts(n.user_id, n.kind, n.payload), '{}'),
    'unsubscribe_token', private.unsubscribe_token(n.user_id, n.kind))
  from public.notifications n where n.user_id = p_delivery.user_id and n.id = p_delivery.notification_id
$$;
comment on function private.mail_json(private.deliveries) is 'Everything a mail is made of. Amounts are integers and instants are UTC: how they read is the mail''s matter.';

-- ---------------------------------------------------------------------------------------------------------------------
-- For the function
-- ---------------------------------------------------------------------------------------------------------------------

create function public.claim_notifications(batch_size integer default 10) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_settings jsonb := private.all_settings();
  v_claimed private.deliveries[];
begin
  if v_settings ->> 'mail_from' is null then
    perform private.open_alert('mail_not_configured', 'mail_from');
    return jsonb_build_object('sender', null, 'claimed', 0, 'mails', '[]'::jsonb);
  end if;
  perform private.resolve_alert('mail_not_configured', 'mail_from');
  select coalesce(array_agg(d), '{}') into v_claimed from private.judge_due_deliveries(claim_notifications.batch_size) d;
  if exists (select from unnest(v_claimed) d where d.status = 'dead') then
    perform private.note_dead_letters();
  end if;
  return jsonb_build_object(
    'sender', jsonb_build_object('from', v_settings -> 'mail_from', 'app_url', v_settings -> 'app_url', 'top_up_url', v_settings -> 'top_up_url',
      'seller', v_settings -> 'seller'),
    'claimed', cardinality(v_claimed),
    'mails', (select coalesce(jsonb_agg(private.mail_json(d) order by d.notification_id), '[]') from unnest(v_claimed) d where d.status = 'pending'));
end
$$;
comment on function public.claim_notifications(integer) is
  'Leases mails that are due, with all they are made of, and sets aside those that should not be sent; claimed counts both. Without mail_from nothing is claimed. Secret key only.';

create function public.record_deliveries(outcomes jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_counts jsonb;
begin
  with told as (
    select o.* from jsonb_to_recordset(record_deliveries.outcomes)
      o (user_id uuid, notification_id bigint, attempt integer, outcome text, message_id text, error text, retry_after_seconds integer)
  ), changed as (
    update private.deliveries d set
      status = case t.outcome when 'sent' then 'sent' when 'dead' then 'dead'
        when 'retry' then case when d.attempts >= private.setting_integer('mail_max_attempts') then 'dead' else 'pending' end else d.status end,
      -- What was handed back was not tried.
      attempts = case t.outcome when 'released' then d.attempts - 1 else d.attempts end,
      next_attempt_at = case t.outcome when 'released' then v_now
        when 'retry' then v_now + greatest(private.delivery_pause(d.attempts), make_interval(secs => least(coalesce(t.retry_after_seconds, 0), 3600)))
        else d.next_attempt_at end,
      sent_at = case t.outcome when 'sent' then v_now end,
      provider_message_id = case t.outcome when 'sent' then left(t.message_id, 500) else d.provider_message_id end,
      last_error = case t.outcome when 'sent' then null when 'released' then d.last_error else left(t.error, 500) end
    from told t
    where d.user_id = t.user_id and d.notification_id = t.notification_id and d.channel = 'email' and t.outcome in ('sent', 'retry', 'dead', 'released')
      -- A failure counts only from the worker that has the lease; that a mail went out is true whoever says it.
      and ((t.outcome = 'sent' and d.status in ('pending', 'dead')) or (d.status = 'pending' and d.attempts = t.attempt))
    returning t.outcome, d.status
  )
  select jsonb_build_object(
    'sent', count(*) filter (where c.status = 'sent'),
    'retried', count(*) filter (where c.status = 'pending' and c.outcome = 'retry'),
    'dead', count(*) filter (where c.status = 'dead')) into v_counts from changed c;
  if v_counts ->> 'dead' <> '0' then
    perform private.note_dead_letters();
  end if;
  return v_counts;
end
$$;
comment on function public.record_deliveries(jsonb) is
  'Records what became of claimed mails: [{user_id, notification_id, attempt, outcome, message_id?, error?, retry_after_seconds?}] with outcome sent, retry, dead (refused for good) or released (not tried). Secret key only.';

-- ---------------------------------------------------------------------------------------------------------------------
-- For people who run the service
-- ---------------------------------------------------------------------------------------------------------------------

create function public.requeue_deliveries(reason text, notification_ids bigint[] default null, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(requeue_deliveries.actor_id);
  v_now timestamptz := private.clock();
  v_count integer;
begin
  update private.deliveries d set status = 'pending', attempts = 0, queued_at = v_now, next_attempt_at = v_now
    where d.status = 'dead' and (requeue_deliveries.notification_ids is null or d.notification_id = any (requeue_deliveries.notification_ids));
  get diagnostics v_count = row_count;
  perform private.record_audit(v_actor_id, 'requeue_deliveries', null, requeue_deliveries.reason,
    jsonb_build_object('requeued', v_count, 'notification_ids', requeue_deliveries.notification_ids));
  perform private.note_dead_letters();
  return jsonb_build_object('requeued', v_count);
end
$$;
comment on function public.requeue_deliveries(text, bigint[], uuid) is
  'Puts dead letters back into the queue, all or those named, with a reason. For admins and the secret key. Raises not_authenticated, forbidden, invalid_request.';

create view reporting.deliveries with (security_invoker = true) as
  select d.user_id, d.notification_id, n.kind, d.channel, d.status, d.skip_reason, d.attempts, n.created_at, d.next_attempt_at, d.sent_at,
    d.provider_message_id, d.last_error
  from private.deliveries d join public.notifications n on n.user_id = d.user_id and n.id = d.notification_id;
comment on view reporting.deliveries is 'What became of each message.';
comment on column reporting.deliveries.user_id is 'Whom to tell.';
comment on column reporting.deliveries.notification_id is 'The message.';
comment on column reporting.deliveries.kind is 'What it is about.';
comment on column reporting.deliveries.channel is 'How.';
comment on column reporting.deliveries.status is 'pending, sent, dead (given up) or skipped (not to be sent).';
comment on column reporting.deliveries.skip_reason is 'Why it was not to be sent.';
comment on column reporting.deliveries.attempts is 'How often it was claimed to be sent.';
comment on column reporting.deliveries.created_at is 'When the message was written.';
comment on column reporting.deliveries.next_attempt_at is 'When it may be claimed next.';
comment on column reporting.deliveries.sent_at is 'When the mail server took it.';
comment on column reporting.deliveries.provider_message_id is 'The mail server''s or provider''s own id of it.';
comment on column reporting.deliveries.last_error is 'Why the last attempt failed.';

grant execute on function public.claim_notifications(integer) to service_role;
grant execute on function public.record_deliveries(jsonb) to service_role;
grant execute on function public.requeue_deliveries(text, bigint[], uuid) to authenticated, service_role;
