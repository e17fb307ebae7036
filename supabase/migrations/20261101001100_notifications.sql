-- Notifications: the outbox.
--
-- What a person should be told is written in the same transaction as what happened, under a key that makes it happen once. Whoever delivers
-- reads the outbox; losing a delivery never loses the message.

create table public.notifications (
  user_id uuid not null references public.users (id),
  id bigint generated always as identity,
  kind text not null constraint notifications_kind_known check (kind in (
    'purchase_confirmed', 'payment_failed', 'refund', 'dispute', 'low_balance', 'call_cut_off', 'auto_reload_failed', 'payment_action_required', 'credit_expiring', 'referral_rewarded',
    'subscription_past_due', 'subscription_unpaid', 'subscription_canceled')),
  dedupe_key text not null,
  payload jsonb not null,
  created_at timestamptz not null,
  primary key (user_id, id),
  unique (user_id, dedupe_key)
);
alter table public.notifications enable row level security;
comment on table public.notifications is 'Outbox of messages to users.';
comment on column public.notifications.user_id is 'Whom to tell.';
comment on column public.notifications.id is 'Counts up; a later message has a higher id.';
comment on column public.notifications.kind is 'What the message is about.';
comment on column public.notifications.dedupe_key is 'The same key is told once.';
comment on column public.notifications.payload is 'Facts the message states.';
comment on column public.notifications.created_at is 'When it happened.';

create policy "Users read their own notifications" on public.notifications
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.notifications to authenticated, service_role;

create function private.notify_user(p_user_id uuid, p_kind text, p_dedupe_key text, p_payload jsonb) returns void
language sql volatile set search_path = ''
as $$
  insert into public.notifications (user_id, kind, dedupe_key, payload, created_at)
  values (p_user_id, p_kind, p_dedupe_key, p_payload, private.clock())
  on conflict (user_id, dedupe_key) do nothing
$$;
comment on function private.notify_user(uuid, text, text, jsonb) is 'Puts a message into the outbox, once per key.';

create function private.notify_call_end(p_before public.users, p_call public.call_logs) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_user public.users;
begin
  select * into v_user from public.users u where u.id = p_call.user_id;
  if p_call.limited_by is not null then
    perform private.notify_user(p_call.user_id, 'call_cut_off', 'call_cut_off:' || p_call.id,
      jsonb_build_object('call_id', p_call.id, 'reason', p_call.end_reason, 'duration_seconds', p_call.duration_seconds, 'cost_micros', p_call.cost_micros));
  end if;
  -- Told at the crossing, so a balance that stays low is told once.
  if v_user.balance_micros < v_user.low_balance_threshold_micros
    and p_before.balance_micros >= v_user.low_balance_threshold_micros then
    perform private.notify_user(p_call.user_id, 'low_balance', 'low_balance:' || v_user.last_line,
      jsonb_build_object('balance_micros', v_user.balance_micros, 'threshold_micros', v_user.low_balance_threshold_micros));
  end if;
end
$$;
comment on function private.notify_call_end(public.users, public.call_logs) is
  'Tells a user that a call was cut off or that the balance fell below their threshold, given the wallet as it was before.';
