-- Calls: the record of a call, the credit it holds, and how it is shown.
--
-- A call's id is the telephony system's own: that is its idempotency key. The rate is pinned when the call is authorized and copied
-- into the row, so nothing that happens to the rate plan later changes what the call costs.
--
-- A hold reserves credit a quantum ahead of the clock. It is taken only from available credit, and a call never settles above
-- it, so calls that share a wallet cannot overspend it. What can be talked is decided by the hold: `authorized_until` is the answer plus the
-- seconds the hold pays for.
--
-- The dialled number is encrypted at rest. The key is a Vault secret where Vault exists.

create table public.call_logs (
  user_id uuid not null references public.users (id),
  -- The length apart: a counted repetition would make the pattern many times slower.
  id text not null constraint call_logs_id_is_name check (id ~ '^[A-Za-z0-9._:@-]+$' and length(id) <= 128),
  status text not null default 'authorized' constraint call_logs_status_known check (status in ('authorized', 'answered', 'ended')),
  end_reason text constraint call_logs_end_reason_known check (end_reason in (
    'completed', 'no_answer', 'busy', 'failed', 'canceled', 'credit_exhausted', 'time_limit', 'daily_limit', 'heartbeat_lost')),
  settled_by text constraint call_logs_settled_by_known check (settled_by in ('caller', 'sweeper', 'import')),
  destination_masked text not null,
  destination_ciphertext bytea,
  rate public.rates not null,
  hold_micros bigint not null default 0 constraint call_logs_hold_not_negative check (hold_micros >= 0),
  authorized_seconds bigint not null default 0,
  authorized_until timestamptz,
  limited_by text constraint call_logs_limited_by_known check (limited_by in ('credit', 'time_limit', 'daily_limit')),
  started_at timestamptz not null,
  answered_at timestamptz,
  last_heartbeat_at timestamptz,
  ended_at timestamptz,
  reported_end_at timestamptz,
  sweep_at timestamptz,
  proven_seconds bigint not null default 0,
  last_request_number bigint,
  last_answer jsonb,
  warnings_sent integer[] not null default '{}',
  duration_seconds bigint,
  billed_seconds bigint,
  unbilled_seconds bigint not null default 0 constraint call_logs_unbilled_not_negative check (unbilled_seconds >= 0),
  cost_micros bigint,
  rerated_micros bigint not null default 0,
  refunded_micros bigint not null default 0 constraint call_logs_refunded_not_negative check (refunded_micros >= 0),
  primary key (user_id, id),
  constraint call_logs_ended_is_settled check (
    (status = 'ended') = (ended_at is not null and end_reason is not null and settled_by is not null
      and duration_seconds is not null and billed_seconds is not null and cost_micros is not null)),
  constraint call_logs_ended_holds_nothing check (status <> 'ended' or (hold_micros = 0 and sweep_at is null)),
  constraint call_logs_open_is_swept check (status = 'ended' or sweep_at is not null)
);
alter table public.call_logs enable row level security;
comment on table public.call_logs is 'Calls, live and past.';
comment on column public.call_logs.user_id is 'Who pays.';
comment on column public.call_logs.id is 'The telephony system''s own id; the idempotency key of the call.';
comment on column public.call_logs.status is 'authorized (ringing), answered (billing) or ended.';
comment on column public.call_logs.end_reason is 'Why it ended. A call that reached its deadline ends by credit_exhausted, time_limit (max_call_seconds) or daily_limit (the person''s own).';
comment on column public.call_logs.settled_by is 'caller: it was reported. sweeper: it was cut off or fell silent. import: it came as a record afterwards.';
comment on column public.call_logs.destination_masked is 'The dialled number with its middle hidden.';
comment on column public.call_logs.destination_ciphertext is 'The dialled number, encrypted. Not readable by API roles; null once the user is deleted.';
comment on column public.call_logs.rate is 'The rate as it was when the call was authorized.';
comment on column public.call_logs.hold_micros is 'Credit reserved for it now, in micro-units.';
comment on column public.call_logs.authorized_seconds is 'Talk time the hold pays for, counted from the answer.';
comment on column public.call_logs.authorized_until is 'By when it must end; billing stops there. Null until answered.';
comment on column public.call_logs.limited_by is 'What keeps its hold from growing, or cut it off: credit, time_limit or daily_limit; null while it can grow.';
comment on column public.call_logs.started_at is 'When it was authorized.';
comment on column public.call_logs.answered_at is 'When billing began.';
comment on column public.call_logs.last_heartbeat_at is 'The last instant it is proven to have been alive.';
comment on column public.call_logs.ended_at is 'When it was settled.';
comment on column public.call_logs.reported_end_at is 'For a call the sweeper settled: when its end was reported after all.';
comment on column public.call_logs.sweep_at is 'When the sweeper looks at it, while it is open.';
comment on column public.call_logs.proven_seconds is 'Seconds from the answer it is proven to have lasted, by its last heartbeat.';
comment on column public.call_logs.last_request_number is 'Number of the newest heartbeat that had one.';
comment on column public.call_logs.last_answer is 'What that heartbeat was answered; a replay gets it again.';
comment on column public.call_logs.warnings_sent is 'Thresholds already warned of, in seconds.';
comment on column public.call_logs.duration_seconds is 'Seconds talked, as far as they are billed or proven.';
comment on column public.call_logs.billed_seconds is 'Seconds billed, after increments.';
comment on column public.call_logs.unbilled_seconds is 'Seconds talked past authorized_until; never charged, watched as an alarm.';
comment on column public.call_logs.cost_micros is 'What it cost when it was settled, in micro-units.';
comment on column public.call_logs.rerated_micros is 'What re-rating has added to or taken from its cost since, in micro-units.';
comment on column public.call_logs.refunded_micros is 'What was refunded of it, in micro-units.';

create index call_logs_history on public.call_logs (user_id, started_at desc, id);
create index call_logs_open on public.call_logs (user_id) where status <> 'ended';
create index call_logs_sweep on public.call_logs (sweep_at) where status <> 'ended';
create index call_logs_started_at on public.call_logs using brin (started_at);

create policy "Users read their own calls" on public.call_logs
  for select to authenticated using (user_id = (select auth.uid()));
-- Column by column, because the ciphertext is for nobody.
grant select (user_id, id, status, end_reason, settled_by, destination_masked, rate, hold_micros, authorized_seconds, authorized_until,
  limited_by, started_at, answered_at, last_heartbeat_at, ended_at, reported_end_at, warnings_sent, duration_seconds, billed_seconds,
  unbilled_seconds, cost_micros, rerated_micros, refunded_micros) on public.call_logs to authenticated, service_role;

alter table public.transactions add foreign key (user_id, call_id) references public.call_logs (user_id, id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Available credit
-- ---------------------------------------------------------------------------------------------------------------------

create function private.expired_micros(p_user_id uuid, p_now timestamptz) returns bigint
language plpgsql stable set search_path = ''
as $$
begin
  -- What a hold covers does not expire until its call ends; a call covers only what had not expired when it started. So each
  -- expiry is looked at on its own: what had expired by then, less the holds of the calls that started before.
  return (
    select greatest(0, max(e.expired_micros - coalesce((
      select sum(c.hold_micros) from public.call_logs c
      where c.user_id = p_user_id and c.status <> 'ended' and c.started_at < e.expires_at), 0)))::bigint
    from (
      select g.expires_at, sum(g.remaining_micros) over (order by g.expires_at) as expired_micros
      from public.credit_grants g
      where g.user_id = p_user_id and g.remaining_micros > 0 and g.expires_at <= p_now
    ) e);
end
$$;
comment on function private.expired_micros(uuid, timestamptz) is 'Credit that has expired but is still in the balance, less what live calls hold of it.';

create function private.available_micros(p_user public.users, p_now timestamptz) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
  v_available bigint := p_user.balance_micros - p_user.held_micros + p_user.credit_limit_micros;
begin
  -- Most wallets have nothing that expired, and the first entry of an index tells.
  if exists (
    select from public.credit_grants g where g.user_id = p_user.id and g.remaining_micros > 0 and g.expires_at <= p_now) then
    return v_available - private.expired_micros(p_user.id, p_now);
  end if;
  return v_available;
end
$$;
comment on function private.available_micros(public.users, timestamptz) is
  'What can be reserved or spent now: balance - held - expired + credit limit. Negative in debt beyond the limit.';

create function private.daily_limit_left(p_user public.users, p_now timestamptz) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return p_user.daily_spend_limit_micros - p_user.held_micros
    - case when p_user.spend_day = (p_now at time zone 'UTC')::date then p_user.spend_day_micros else 0 end;
end
$$;
comment on function private.daily_limit_left(public.users, timestamptz) is
  'What calls may still reserve today (UTC): limit - settled today - held. Null without a limit.';

create function private.reservable_micros(p_user public.users, p_available_micros bigint, p_now timestamptz) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return greatest(0, least(p_available_micros,
    case when p_user.daily_spend_limit_micros is not null then private.daily_limit_left(p_user, p_now) end));
end
$$;
comment on function private.reservable_micros(public.users, bigint, timestamptz) is 'What a call may reserve now: what is available, within the daily limit.';

create function private.balance_json(p_user_id uuid) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users;
  v_available bigint;
  v_rate public.rates;
begin
  select * into v_user from public.users u where u.id = p_user_id;
  if not found then
    perform private.raise_error('user_not_found', jsonb_build_object('user_id', p_user_id));
  end if;
  v_available := private.available_micros(v_user, v_now);
  select * into v_rate from public.rates r
    where r.rate_plan = private.user_rate_plan(v_user) and r.prefix = '' and r.effective_from <= v_now
    order by r.effective_from desc limit 1;
  return jsonb_build_object(
    'user_id', v_user.id, 'currency', v_user.currency, 'status', v_user.status, 'rate_plan', private.user_rate_plan(v_user),
    'balance_micros', v_user.balance_micros, 'held_micros', v_user.held_micros,
    'expired_micros', private.expired_micros(v_user.id, v_now), 'available_micros', v_available,
    'debt_micros', greatest(-v_user.balance_micros, 0), 'credit_limit_micros', v_user.credit_limit_micros,
    'expiring', private.expiring_json(v_user.id, v_now),
    'talk_seconds', case when v_rate.rate_plan is not null then
      least(private.max_seconds(private.reservable_micros(v_user, v_available, v_now), v_rate), private.setting_integer('max_call_seconds')) end,
    'as_of', v_now);
end
$$;
comment on function private.balance_json(uuid) is 'A wallet''s balance as the API shows it. talk_seconds is at the plan''s general rate, or null without one.';

create function public.get_balance(user_id uuid default null) returns jsonb
language sql stable security definer set search_path = ''
as $$ select private.balance_json(private.acting_user(get_balance.user_id)) $$;
comment on function public.get_balance(uuid) is
  'Balance, held, expired, available and debt in micro-units, and about how long can be talked. Raises not_authenticated, forbidden, user_not_found.';
grant execute on function public.get_balance(uuid) to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------------
-- The dialled number
-- ---------------------------------------------------------------------------------------------------------------------

create table private.secrets (
  name text primary key,
  value text not null
);
alter table private.secrets enable row level security;
comment on table private.secrets is 'Secrets where Supabase Vault is not installed. Empty on hosted Supabase.';
comment on column private.secrets.name is 'Name, the same as in Vault.';
comment on column private.secrets.value is 'The secret.';

do $do$
declare
  v_key text := encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');
begin
  if to_regclass('vault.decrypted_secrets') is null then
    insert into private.secrets (name, value) values ('talktime_destination_key', v_key);
    execute $sql$
      create function private.secret(p_name text) returns text language plpgsql stable set search_path = ''
      as $$ begin return (select s.value from private.secrets s where s.name = p_name); end $$
    $sql$;
  else
    if not exists (select from vault.decrypted_secrets where name = 'talktime_destination_key') then
      perform vault.create_secret(v_key, 'talktime_destination_key', 'Encrypts dialled numbers at rest (Talktime).');
    end if;
    execute $sql$
      create function private.secret(p_name text) returns text language plpgsql stable set search_path = ''
      as $$ begin return (select s.decrypted_secret from vault.decrypted_secrets s where s.name = p_name); end $$
    $sql$;
  end if;
end
$do$;
comment on function private.secret(text) is 'A secret by name: from Vault where it exists, else from private.secrets.';

create function private.xor_bytes(p_left bytea, p_right bytea) returns bytea
language plpgsql immutable strict set search_path = ''
as $$
begin
  -- Bit strings have the operator; sent as bytes they begin with their length, in four.
  return substr(varbit_send(('x' || encode(p_left, 'hex'))::varbit # ('x' || encode(p_right, 'hex'))::varbit), 5);
end
$$;
comment on function private.xor_bytes(bytea, bytea) is 'Exclusive or of two byte strings of the same length.';

create function private.hmac_sha256(p_key bytea, p_message bytea) returns bytea
language plpgsql immutable strict set search_path = ''
as $$
declare
  v_key bytea := p_key || decode(repeat('00', 64 - length(p_key)), 'hex');
begin
  return sha256(private.xor_bytes(v_key, decode(repeat('5c', 64), 'hex'))
    || sha256(private.xor_bytes(v_key, decode(repeat('36', 64), 'hex')) || p_message));
end
$$;
comment on function private.hmac_sha256(bytea, bytea) is 'HMAC-SHA-256 (RFC 2104) for keys of at most 64 bytes, from the sha256 that is built into Postgres.';

-- A number fits in one block, so one HMAC of a fresh random nonce is its key stream. It needs no extension and is the same everywhere.
create function private.cipher_block(p_block bytea, p_nonce bytea) returns bytea
language plpgsql stable set search_path = ''
as $$
declare
  v_key bytea := decode(private.secret('talktime_destination_key'), 'hex');
begin
  return private.xor_bytes(p_block, substr(private.hmac_sha256(v_key, p_nonce), 1, 16));
end
$$;
comment on function private.cipher_block(bytea, bytea) is 'Encrypts or decrypts sixteen bytes with the key stream of a nonce.';

create function private.encrypt_destination(p_number text) returns bytea
language plpgsql volatile set search_path = ''
as $$
declare
  v_nonce bytea := uuid_send(gen_random_uuid());
begin
  return v_nonce || private.cipher_block(convert_to(rpad(p_number, 16), 'UTF8'), v_nonce);
end
$$;
comment on function private.encrypt_destination(text) is 'Encrypts an E.164 number: a sixteen-byte nonce, then the number padded to sixteen bytes.';

create function private.decrypt_destination(p_ciphertext bytea) returns text
language plpgsql stable strict set search_path = ''
as $$
begin
  return rtrim(convert_from(private.cipher_block(substring(p_ciphertext from 17 for 16), substring(p_ciphertext from 1 for 16)), 'UTF8'));
end
$$;
comment on function private.decrypt_destination(bytea) is 'The number behind private.encrypt_destination.';

create function private.mask_destination(p_number text) returns text
language plpgsql immutable set search_path = ''
as $$
begin
  return left(p_number, greatest(length(p_number) - 7, 2)) || '•••' || right(p_number, 4);
end
$$;
comment on function private.mask_destination(text) is 'A number with three digits before the last four hidden.';

create function private.anonymize_user(p_user_id uuid) returns void
language sql volatile set search_path = ''
as $$
  update public.call_logs c set destination_ciphertext = null, destination_masked = 'deleted' where c.user_id = p_user_id;
  update public.purchases p set stripe_customer_id = null where p.user_id = p_user_id;
  delete from private.stripe_customers c where c.user_id = p_user_id;
  update public.auto_reload_settings s set enabled = false, payment_method_id = null, suspended_card = null where s.user_id = p_user_id;
  delete from public.payment_methods m where m.user_id = p_user_id;
$$;
comment on function private.anonymize_user(uuid) is 'Removes what identifies a person from their records; amounts and times stay.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Holds and state
-- ---------------------------------------------------------------------------------------------------------------------

create function private.elapsed_seconds(p_from timestamptz, p_to timestamptz) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return greatest(0, ceil(extract(epoch from p_to - p_from)))::bigint;
end
$$;
comment on function private.elapsed_seconds(timestamptz, timestamptz) is 'Whole seconds between two instants; a begun second counts. 0 where either is null.';

create function private.talked_seconds(p_call public.call_logs, p_at timestamptz) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  return least(private.elapsed_seconds(p_call.answered_at, p_at), p_call.authorized_seconds)
    + greatest(0, floor(extract(epoch from p_at - p_call.authorized_until)))::bigint;
end
$$;
comment on function private.talked_seconds(public.call_logs, timestamptz) is
  'Seconds talked by an instant: up to the deadline a begun second counts, past it only whole ones.';

create function private.affordable_seconds(
  p_user public.users, p_available_micros bigint, p_call public.call_logs, p_now timestamptz, p_settings jsonb
) returns bigint
language plpgsql stable set search_path = ''
as $$
begin
  return greatest(p_call.authorized_seconds, least(
    private.max_seconds(p_call.hold_micros + private.reservable_micros(p_user, p_available_micros, p_now), p_call.rate),
    (p_settings ->> 'max_call_seconds')::bigint));
end
$$;
comment on function private.affordable_seconds(public.users, bigint, public.call_logs, timestamptz, jsonb) is
  'How long a call could last in all, from its answer, if it got every cent that may be reserved now. Taking a hold does not change it.';

create function private.with_hold(p_call public.call_logs, p_affordable_seconds bigint, p_now timestamptz, p_settings jsonb)
returns public.call_logs
language plpgsql stable set search_path = ''
as $$
declare
  v_wanted bigint := private.full_increments(
    private.elapsed_seconds(p_call.answered_at, p_now) + (p_settings ->> 'hold_quantum_seconds')::bigint, p_call.rate);
begin
  p_call.authorized_seconds := greatest(p_call.authorized_seconds, least(v_wanted, p_affordable_seconds));
  p_call.hold_micros := private.call_cost(p_call.authorized_seconds, p_call.rate);
  if p_call.answered_at is null then
    p_call.sweep_at := p_call.started_at + make_interval(secs => (p_settings ->> 'ring_timeout_seconds')::double precision);
  else
    p_call.authorized_until := p_call.answered_at + make_interval(secs => p_call.authorized_seconds);
    p_call.sweep_at := least(p_call.authorized_until + make_interval(secs => (p_settings ->> 'end_grace_seconds')::double precision),
      p_call.last_heartbeat_at + make_interval(secs => (p_settings ->> 'heartbeat_timeout_seconds')::double precision));
  end if;
  return p_call;
end
$$;
comment on function private.with_hold(public.call_logs, bigint, timestamptz, jsonb) is
  'The call with its hold extended to a quantum past what has elapsed, as far as credit goes. Writes nothing; a hold never shrinks while the call lives.';

create function private.change_held(p_user public.users, p_change_micros bigint) returns public.users
language plpgsql volatile set search_path = ''
as $$
begin
  if p_change_micros <> 0 then
    update public.users u set held_micros = u.held_micros + p_change_micros where u.id = p_user.id returning * into p_user;
  end if;
  return p_user;
end
$$;
comment on function private.change_held(public.users, bigint) is 'Moves what a wallet holds for its calls; returns the wallet as it is then.';

create function private.call_json(
  p_user public.users, p_available_micros bigint, p_call public.call_logs, p_affordable_seconds bigint, p_now timestamptz, p_settings jsonb,
  p_warnings integer[] default '{}', p_replayed boolean default false
) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  -- Only where credit is what ends it would more of it help.
  v_is_final boolean := p_call.limited_by is not distinct from 'credit';
  v_elapsed bigint := case when p_call.status = 'ended' then p_call.duration_seconds
    else private.elapsed_seconds(p_call.answered_at, p_now) end;
  v_left bigint := case when p_call.status = 'ended' then 0 else greatest(0, p_affordable_seconds - v_elapsed) end;
begin
  return jsonb_build_object(
    'call_id', p_call.id, 'user_id', p_call.user_id, 'status', p_call.status, 'destination', p_call.destination_masked,
    'rate', private.rate_json(p_call.rate), 'hold_micros', p_call.hold_micros, 'authorized_seconds', p_call.authorized_seconds,
    'authorized_until', p_call.authorized_until, 'started_at', p_call.started_at, 'answered_at', p_call.answered_at,
    'ended_at', p_call.ended_at, 'elapsed_seconds', v_elapsed, 'seconds_left', v_left,
    'limited_by', p_call.limited_by, 'final_unit', v_is_final, 'top_up_url', case when v_is_final then p_settings -> 'top_up_url' end,
    'warnings', to_jsonb(p_warnings), 'heartbeat_seconds', case when v_left = 0 then 1 else private.next_heartbeat_seconds(p_user, v_left, p_settings) end,
    'duration_seconds', p_call.duration_seconds, 'billed_seconds', p_call.billed_seconds, 'unbilled_seconds', p_call.unbilled_seconds,
    'cost_micros', p_call.cost_micros, 'rerated_micros', p_call.rerated_micros, 'refunded_micros', p_call.refunded_micros,
    'end_reason', p_call.end_reason, 'currency', p_user.currency, 'balance_micros', p_user.balance_micros,
    'available_micros', p_available_micros, 'server_time', p_now, 'replayed', p_replayed);
end
$$;
comment on function private.call_json(public.users, bigint, public.call_logs, bigint, timestamptz, jsonb, integer[], boolean) is 'A call as the API shows it.';

create function private.show_call(p_call public.call_logs, p_now timestamptz, p_replayed boolean default false) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_user public.users;
  v_available bigint;
  v_affordable bigint;
  v_settings jsonb;
begin
  select * into v_user from public.users u where u.id = p_call.user_id;
  v_available := private.available_micros(v_user, p_now);
  -- An ended call has nothing to look ahead to, and needs the settings only to offer a top-up.
  if p_call.status <> 'ended' or p_call.limited_by = 'credit' then
    v_settings := private.all_settings();
  end if;
  if p_call.status <> 'ended' then
    v_affordable := private.affordable_seconds(v_user, v_available, p_call, p_now, v_settings);
    p_call.limited_by := private.limited_by(v_user, p_call, v_affordable, p_now, v_settings);
  end if;
  return private.call_json(v_user, v_available, p_call, v_affordable, p_now, v_settings, p_replayed => p_replayed);
end
$$;
comment on function private.show_call(public.call_logs, timestamptz, boolean) is 'A call as the API shows it, beside its wallet as it is now.';

create function private.next_heartbeat_seconds(p_user public.users, p_seconds_left bigint, p_settings jsonb) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
  v_wait bigint := least((p_settings ->> 'heartbeat_interval_seconds')::bigint, p_seconds_left);
  v_threshold integer;
begin
  foreach v_threshold in array p_user.warning_thresholds_seconds loop
    if v_threshold < p_seconds_left then
      v_wait := least(v_wait, p_seconds_left - v_threshold);
    end if;
  end loop;
  return greatest(1, v_wait);
end
$$;
comment on function private.next_heartbeat_seconds(public.users, bigint, jsonb) is
  'When the call should report next: at the usual interval, or sooner at the next warning or the end, so that both come on the second.';
