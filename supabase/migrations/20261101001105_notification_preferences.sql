-- Preferences: which messages a person wants.
--
-- What is about their money or needs them to act is always told: a purchase, a failed payment, a refund, a dispute, an auto-reload that failed, a payment to
-- confirm, a subscription that is not paid or has ended. The others can be switched off, one by one, by the person when signed in, or from a mail by a link that carries a token.
--
-- The token is the person, the kind and the first sixteen bytes of HMAC-SHA-256 over both, with a key from Vault (or private.secrets). It allows one thing,
-- to switch that kind off, so it never expires: an old mail's link has to work.

create table public.notification_preferences (
  user_id uuid primary key references public.users (id),
  low_balance boolean not null default true,
  call_cut_off boolean not null default true,
  credit_expiring boolean not null default true,
  referral_rewarded boolean not null default true,
  updated_at timestamptz not null
);
alter table public.notification_preferences enable row level security;
comment on table public.notification_preferences is 'Which messages a person wants. Without a row, all.';
comment on column public.notification_preferences.user_id is 'The person.';
comment on column public.notification_preferences.low_balance is 'Whether to tell that the balance fell below the threshold.';
comment on column public.notification_preferences.call_cut_off is 'Whether to tell that a call ended because the credit ran out.';
comment on column public.notification_preferences.credit_expiring is 'Whether to tell that credit is about to expire.';
comment on column public.notification_preferences.referral_rewarded is 'Whether to tell that a friend''s first payment was rewarded.';
comment on column public.notification_preferences.updated_at is 'When they were last changed.';

create policy "Users read their own preferences" on public.notification_preferences
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.notification_preferences to authenticated, service_role;

do $do$
declare
  v_key text := encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');
begin
  if to_regclass('vault.decrypted_secrets') is null then
    insert into private.secrets (name, value) values ('talktime_unsubscribe_key', v_key);
  elsif not exists (select from vault.decrypted_secrets where name = 'talktime_unsubscribe_key') then
    perform vault.create_secret(v_key, 'talktime_unsubscribe_key', 'Signs the unsubscribe links in mails (Talktime).');
  end if;
end
$do$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.is_optional_notification(p_kind text) returns boolean
language sql immutable set search_path = ''
as $$ select p_kind in ('low_balance', 'call_cut_off', 'credit_expiring', 'referral_rewarded') $$;
comment on function private.is_optional_notification(text) is 'Whether a person may switch this kind of message off.';

create function private.wants_notification(p_user_id uuid, p_kind text) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(
    (select case p_kind when 'low_balance' then p.low_balance when 'call_cut_off' then p.call_cut_off
        when 'credit_expiring' then p.credit_expiring when 'referral_rewarded' then p.referral_rewarded end
      from public.notification_preferences p where p.user_id = p_user_id),
    true)
$$;
comment on function private.wants_notification(uuid, text) is 'Whether a person wants to be told this; what cannot be switched off is always wanted.';

create function private.preferences_json(p_user_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('user_id', u.id,
    'low_balance', private.wants_notification(u.id, 'low_balance'),
    'call_cut_off', private.wants_notification(u.id, 'call_cut_off'),
    'credit_expiring', private.wants_notification(u.id, 'credit_expiring'),
    'referral_rewarded', private.wants_notification(u.id, 'referral_rewarded'),
    'low_balance_threshold_micros', u.low_balance_threshold_micros)
  from public.users u where u.id = p_user_id
$$;
comment on function private.preferences_json(uuid) is 'A person''s preferences as the API shows them.';

create function private.change_preferences(p_user_id uuid, p_wanted jsonb) returns void
language sql volatile set search_path = ''
as $$
  insert into public.notification_preferences (user_id, updated_at) values (p_user_id, private.clock()) on conflict do nothing;
  update public.notification_preferences p set
    low_balance = coalesce((p_wanted ->> 'low_balance')::boolean, p.low_balance),
    call_cut_off = coalesce((p_wanted ->> 'call_cut_off')::boolean, p.call_cut_off),
    credit_expiring = coalesce((p_wanted ->> 'credit_expiring')::boolean, p.credit_expiring),
    referral_rewarded = coalesce((p_wanted ->> 'referral_rewarded')::boolean, p.referral_rewarded),
    updated_at = private.clock()
    where p.user_id = p_user_id;
$$;
comment on function private.change_preferences(uuid, jsonb) is 'Changes the kinds that are named and not null, {kind: boolean}, and leaves the rest.';

create function private.unsubscribe_signature(p_user_id uuid, p_kind text) returns text
language sql stable set search_path = ''
as $$
  select encode(substr(private.hmac_sha256(decode(private.secret('talktime_unsubscribe_key'), 'hex'),
    convert_to('unsubscribe:' || p_user_id || ':' || p_kind, 'UTF8')), 1, 16), 'hex')
$$;
comment on function private.unsubscribe_signature(uuid, text) is 'What proves that a link came from us: sixteen bytes of HMAC-SHA-256, in hex.';

create function private.unsubscribe_token(p_user_id uuid, p_kind text) returns text
language sql stable set search_path = ''
as $$
  select case when private.is_optional_notification(p_kind) then
    replace(p_user_id::text, '-', '') || '.' || p_kind || '.' || private.unsubscribe_signature(p_user_id, p_kind) end
$$;
comment on function private.unsubscribe_token(uuid, text) is 'The token of a mail''s unsubscribe link; null for what cannot be switched off.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The API
-- ---------------------------------------------------------------------------------------------------------------------

create function public.get_notification_preferences(user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_preferences jsonb := private.preferences_json(private.acting_user(get_notification_preferences.user_id));
begin
  if v_preferences is null then
    perform private.raise_error('user_not_found', jsonb_build_object('user_id', get_notification_preferences.user_id));
  end if;
  return v_preferences;
end
$$;
comment on function public.get_notification_preferences(uuid) is
  'Which messages a person wants, and the balance below which they are told. Raises not_authenticated, forbidden, user_not_found.';

create function public.set_notification_preferences(
  low_balance boolean default null, call_cut_off boolean default null, low_balance_threshold_micros bigint default null, user_id uuid default null,
  credit_expiring boolean default null, referral_rewarded boolean default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(private.acting_user(set_notification_preferences.user_id));
begin
  if v_user.status = 'closed' then
    perform private.require_active(v_user);
  end if;
  if set_notification_preferences.low_balance_threshold_micros not between 0 and 9007199254740991 then
    perform private.raise_error('invalid_request', '{"parameter": "low_balance_threshold_micros", "problem": "out of range"}');
  end if;
  perform private.change_preferences(v_user.id, jsonb_build_object(
    'low_balance', set_notification_preferences.low_balance, 'call_cut_off', set_notification_preferences.call_cut_off,
    'credit_expiring', set_notification_preferences.credit_expiring, 'referral_rewarded', set_notification_preferences.referral_rewarded));
  if set_notification_preferences.low_balance_threshold_micros is not null then
    update public.users u set low_balance_threshold_micros = set_notification_preferences.low_balance_threshold_micros where u.id = v_user.id;
  end if;
  return private.preferences_json(v_user.id);
end
$$;
comment on function public.set_notification_preferences(boolean, boolean, bigint, uuid, boolean, boolean) is
  'Changes which messages a person wants and the balance below which they are told; what is null stays. Raises not_authenticated, forbidden, user_not_found, wallet_closed, invalid_request.';

create function public.unsubscribe(token text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_parts text[] := regexp_match(unsubscribe.token, '^([0-9a-f]{32})\.([a-z_]+)\.([0-9a-f]{32})$');
  v_user_id uuid := v_parts[1];
  v_kind text := v_parts[2];
begin
  -- Hashes are compared, so that the time it takes tells nothing about the signature.
  if v_parts is null or not private.is_optional_notification(v_kind) or sha256(convert_to(v_parts[3], 'UTF8')) <> sha256(convert_to(private.unsubscribe_signature(v_user_id, v_kind), 'UTF8')) then
    perform private.raise_error('invalid_request', '{"parameter": "token", "problem": "not one of our links"}');
  end if;
  -- Of a closed wallet there is nothing left to switch off.
  if exists (select from public.users u where u.id = v_user_id and u.status <> 'closed') then
    perform private.change_preferences(v_user_id, jsonb_build_object(v_kind, false));
  end if;
  return jsonb_build_object('kind', v_kind);
end
$$;
comment on function public.unsubscribe(text) is
  'Switches one kind of message off for whoever holds the token of its link. Secret key only. Raises invalid_request for a token that is not ours.';

grant execute on function public.get_notification_preferences(uuid) to authenticated, service_role;
grant execute on function public.set_notification_preferences(boolean, boolean, bigint, uuid, boolean, boolean) to authenticated, service_role;
grant execute on function public.unsubscribe(text) to service_role;
