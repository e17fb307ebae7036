-- The life of a call: authorize, answer, extend, end.
--
-- Every step is idempotent: repeated with the same contents it answers as before and changes nothing. Each locks the wallet first, then reads the
-- clock, then decides. The trusted telephony server names the user; a signed-in user acts only for themselves.

create function private.read_call(p_user_id uuid, p_call_id text) returns public.call_logs
language plpgsql stable set search_path = ''
as $$
declare
  v_call public.call_logs;
begin
  select * into v_call from public.call_logs c where c.user_id = p_user_id and c.id = p_call_id;
  if not found then
    perform private.raise_error('call_not_found', jsonb_build_object('call_id', left(p_call_id, 128)));
  end if;
  return v_call;
end
$$;
comment on function private.read_call(uuid, text) is 'A user''s call. Raises call_not_found.';

create function private.lock_call(p_user_id uuid, p_call_id text) returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
begin
  perform private.lock_user(p_user_id);
  return private.read_call(p_user_id, p_call_id);
end
$$;
comment on function private.lock_call(uuid, text) is 'Locks the wallet and returns the call. Raises user_not_found, call_not_found.';

create function public.estimate_call(destination text, duration_seconds integer default null, user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_number text := private.parse_destination(estimate_call.destination);
  v_user public.users;
  v_rate public.rates;
  v_available bigint;
  v_minimum bigint;
begin
  select * into v_user from public.users u where u.id = private.acting_user(estimate_call.user_id);
  if not found then
    perform private.raise_error('user_not_found');
  end if;
  if estimate_call.duration_seconds < 0 then
    perform private.raise_error('invalid_request', '{"parameter": "duration_seconds", "problem": "negative"}');
  end if;
  v_rate := private.find_rate(private.user_rate_plan(v_user), v_number, v_now);
  v_available := private.available_micros(v_user, v_now);
  v_minimum := private.call_cost(1, v_rate);
  return jsonb_build_object(
    'destination', private.mask_destination(v_number), 'rate', private.rate_json(v_rate), 'available_micros', v_available,
    'max_seconds', least(private.max_seconds(private.reservable_micros(v_user, v_available, v_now), v_rate), private.setting_integer('max_call_seconds')),
    'can_start', v_user.status = 'active' and v_available >= v_minimum
      and coalesce(private.daily_limit_left(v_user, v_now) >= v_minimum, true), 'minimum_micros', v_minimum,
    'duration_seconds', estimate_call.duration_seconds,
    'billed_seconds', private.billed_seconds(estimate_call.duration_seconds, v_rate),
    'cost_micros', case when estimate_call.duration_seconds is not null then private.call_cost(estimate_call.duration_seconds, v_rate) end);
end
$$;
comment on function public.estimate_call(text, integer, uuid) is
  'What a call to this number would cost and how long it could last now. Costs nothing, promises nothing. Raises invalid_destination, destination_not_rated, invalid_request, user_not_found.';

create function private.require_admission(p_user public.users, p_available_micros bigint, p_minimum_micros bigint, p_now timestamptz) returns void
language plpgsql stable set search_path = ''
as $$
begin
  perform private.require_active(p_user);
  if p_available_micros < p_minimum_micros then
    perform private.raise_error('insufficient_credit', jsonb_build_object(
      'available_micros', p_available_micros, 'minimum_micros', p_minimum_micros));
  end if;
  if private.daily_limit_left(p_user, p_now) < p_minimum_micros then
    perform private.raise_error('daily_limit_reached', jsonb_build_object(
      'limit_micros', p_user.daily_spend_limit_micros, 'left_micros', private.daily_limit_left(p_user, p_now)));
  end if;
  if p_user.max_concurrent_calls <= (
    select count(*) from public.call_logs c where c.user_id = p_user.id and c.status <> 'ended') then
    perform private.raise_error('too_many_calls', jsonb_build_object('limit', p_user.max_concurrent_calls));
  end if;
end
$$;
comment on function private.require_admission(public.users, bigint, bigint, timestamptz) is
  'Whether one more call may begin. Raises wallet_suspended, wallet_closed, insufficient_credit, daily_limit_reached, too_many_calls.';

create function public.start_call(call_id text, destination text, user_id uuid default null, answered boolean default false) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(start_call.user_id);
  v_number text := private.parse_destination(start_call.destination);
  v_user public.users;
  v_now timestamptz;
  v_call public.call_logs;
begin
  if start_call.call_id is null or start_call.call_id !~ '^[A-Za-z0-9._:@-]+$' or length(start_call.call_id) > 128 then
    perform private.raise_error('invalid_call_id', jsonb_build_object('call_id', left(start_call.call_id, 140)));
  end if;
  v_user := private.lock_user(v_user_id);
  v_now := private.clock();
  select * into v_call from public.call_logs c where c.user_id = v_user_id and c.id = start_call.call_id;
  if found then
    if private.decrypt_destination(v_call.destination_ciphertext) is distinct from v_number then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('call_id', start_call.call_id));
    end if;
    return private.show_call(v_call, v_now, true);
  end if;
  return private.authorize_call(v_user, start_call.call_id, v_number, start_call.answered, v_now);
end
$$;
comment on function public.start_call(text, text, uuid, boolean) is
  'Authorizes a call: pins its rate and takes its first hold; with answered, billing starts at once. The same id and number return the same call. Raises invalid_call_id, invalid_destination, destination_not_rated, insufficient_credit, daily_limit_reached, too_many_calls, wallet_suspended, wallet_closed, idempotency_conflict.';

create function private.authorize_call(p_user public.users, p_call_id text, p_number text, p_answered boolean, p_now timestamptz) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_settings jsonb := private.all_settings();
  v_available bigint := private.available_micros(p_user, p_now);
  v_rate public.rates := private.find_rate(p_user.rate_plan, p_number, p_now);
  v_minimum bigint := private.call_cost(1, v_rate);
  v_affordable bigint;
  v_call public.call_logs;
  v_due integer[] := '{}';
begin
  v_call.user_id := p_user.id;
  v_call.id := p_call_id;
  v_call.rate := v_rate;
  v_call.started_at := p_now;
  v_call.hold_micros := 0;
  v_call.authorized_seconds := 0;
  -- In most wallets nothing stands in the way.
  if p_user.status <> 'active' or v_available < v_minimum or p_user.daily_spend_limit_micros is not null or p_user.max_concurrent_calls is not null then
    perform private.require_admission(p_user, v_available, v_minimum, p_now);
  end if;
  if p_answered then
    v_call.answered_at := p_now;
    v_call.last_heartbeat_at := p_now;
  end if;
  v_affordable := private.affordable_seconds(p_user, v_available, v_call, p_now, v_settings);
  v_call := private.with_hold(v_call, v_affordable, p_now, v_settings);
  p_user := private.change_held(p_user, v_call.hold_micros);
  v_available := v_available - v_call.hold_micros;
  v_call.limited_by := case when v_affordable <= v_call.authorized_seconds then private.limited_by(p_user, v_call, v_affordable, p_now, v_settings) end;
  if p_answered then
    v_due := private.reached_warnings(p_user, v_affordable);
  end if;
  insert into public.call_logs (user_id, id, status, destination_masked, destination_ciphertext, rate, hold_micros, authorized_seconds,
    authorized_until, limited_by, started_at, answered_at, last_heartbeat_at, sweep_at, warnings_sent)
  values (v_call.user_id, v_call.id, case when p_answered then 'answered' else 'authorized' end, private.mask_destination(p_number),
    private.encrypt_destination(p_number), v_call.rate, v_call.hold_micros, v_call.authorized_seconds,
    v_call.authorized_until, v_call.limited_by, v_call.started_at, v_call.answered_at, v_call.last_heartbeat_at, v_call.sweep_at, v_due)
  returning * into v_call;
  return private.call_json(p_user, v_available, v_call, v_affordable, p_now, v_settings, v_due);
end
$$;
comment on function private.authorize_call(public.users, text, text, boolean, timestamptz) is 'Admits a new call of a locked wallet and takes its first hold.';

create function private.reached_warnings(p_user public.users, p_seconds_left bigint) returns integer[]
language plpgsql immutable set search_path = ''
as $$
begin
  if p_seconds_left > all (p_user.warning_thresholds_seconds) then
    return '{}';
  end if;
  return array(select t from unnest(p_user.warning_thresholds_seconds) t where p_seconds_left <= t order by t desc);
end
$$;
comment on function private.reached_warnings(public.users, bigint) is
  'The warning thresholds a live call has reached. One left behind by a top-up is not among them, so that it warns again when it is reached again.';

create function private.prove_call(p_user public.users, p_call public.call_logs, p_now timestamptz, p_request_number bigint default null)
returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_settings jsonb := private.all_settings();
  v_available bigint := private.available_micros(p_user, p_now);
  v_affordable bigint := private.affordable_seconds(p_user, v_available, p_call, p_now, v_settings);
  v_held_before bigint := p_call.hold_micros;
  v_warned integer[] := p_call.warnings_sent;
  v_answer jsonb;
begin
  p_call := private.with_hold(p_call, v_affordable, p_now, v_settings);
  if p_call.hold_micros > v_held_before and v_available < p_user.balance_micros - p_user.held_micros + p_user.credit_limit_micros then
    -- What has expired uncovered goes first, so that the longer hold does not bring it back.
    perform private.book_expiry(p_call.user_id, p_now);
  end if;
  p_user := private.change_held(p_user, p_call.hold_micros - v_held_before);
  v_available := v_available - (p_call.hold_micros - v_held_before);
  p_call.limited_by := case when v_affordable <= p_call.authorized_seconds then private.limited_by(p_user, p_call, v_affordable, p_now, v_settings) end;
  p_call.warnings_sent := private.reached_warnings(p_user, v_affordable - private.elapsed_seconds(p_call.answered_at, p_now));
  v_answer := private.call_json(p_user, v_available, p_call, v_affordable, p_now, v_settings,
    array(select t from unnest(p_call.warnings_sent) t where t <> all (v_warned)));
  update public.call_logs c set
    status = p_call.status, answered_at = p_call.answered_at, last_heartbeat_at = p_call.last_heartbeat_at,
    proven_seconds = p_call.proven_seconds, hold_micros = p_call.hold_micros, authorized_seconds = p_call.authorized_seconds,
    authorized_until = p_call.authorized_until, limited_by = p_call.limited_by, sweep_at = p_call.sweep_at, warnings_sent = p_call.warnings_sent,
    last_request_number = coalesce(p_request_number, c.last_request_number),
    last_answer = case when p_request_number is null then c.last_answer else v_answer end
  where c.user_id = p_call.user_id and c.id = p_call.id;
  return v_answer;
end
$$;
comment on function private.prove_call(public.users, public.call_logs, timestamptz, bigint) is
  'Writes a live call that has just been answered or heard of: extends its hold, and answers it with the warnings that are new.';

create function public.answer_call(call_id text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(private.acting_user(answer_call.user_id));
  v_call public.call_logs := private.read_call(v_user.id, answer_call.call_id);
  v_now timestamptz := private.clock();
begin
  if v_call.status = 'ended' then
    perform private.raise_error('call_ended', jsonb_build_object('call_id', v_call.id, 'end_reason', v_call.end_reason));
  end if;
  if v_call.status = 'answered' then
    return private.show_call(v_call, v_now, true);
  end if;
  v_call.status := 'answered';
  v_call.answered_at := v_now;
  v_call.last_heartbeat_at := v_now;
  return private.prove_call(v_user, v_call, v_now);
end
$$;
comment on function public.answer_call(text, uuid) is
  'Billing starts now. Raises call_not_found, call_ended.';

create function private.proven_by_heartbeat(p_call public.call_logs, p_reported_seconds bigint, p_now timestamptz) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
  v_elapsed bigint := private.elapsed_seconds(p_call.answered_at, p_now);
begin
  if p_reported_seconds not between 0 and v_elapsed then
    perform private.raise_error('duration_invalid', jsonb_build_object('elapsed_seconds', p_reported_seconds, 'longest', v_elapsed));
  end if;
  return greatest(p_call.proven_seconds, coalesce(p_reported_seconds, v_elapsed));
end
$$;
comment on function private.proven_by_heartbeat(public.call_logs, bigint, timestamptz) is
  'Seconds a heartbeat proves: what the telephony system counted, or the time since the answer. Never less than before. Raises duration_invalid.';

create function public.extend_call(
  call_id text, user_id uuid default null, elapsed_seconds integer default null, request_number bigint default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(private.acting_user(extend_call.user_id));
  v_call public.call_logs := private.read_call(v_user.id, extend_call.call_id);
  v_now timestamptz := private.clock();
  -- Only the telephony system's own count is evidence.
  v_reported bigint := case when extend_call.elapsed_seconds is not null and private.caller_is_trusted() then extend_call.elapsed_seconds end;
begin
  if extend_call.request_number = v_call.last_request_number and v_call.status <> 'ended' then
    return v_call.last_answer || '{"replayed": true}';
  end if;
  -- An older request was overtaken by a newer one and says nothing new; an ended call has nothing to extend.
  if v_call.status = 'ended' or extend_call.request_number < v_call.last_request_number then
    return private.show_call(v_call, v_now, true);
  end if;
  if v_call.status = 'authorized' then
    perform private.raise_error('call_not_answered', jsonb_build_object('call_id', v_call.id));
  end if;
  -- Past the deadline there is nothing to extend: the other side should have hung up, and billing stopped there.
  if v_now >= v_call.authorized_until then
    v_call := private.settle_call(v_user, v_call, case when v_reported is null then private.talked_seconds(v_call, v_now)
      else private.proven_by_heartbeat(v_call, v_reported, v_now) end, private.cut_off_reason(v_call), 'caller', v_now);
    return private.show_call(v_call, v_now);
  end if;
  v_call.proven_seconds := private.proven_by_heartbeat(v_call, v_reported, v_now);
  v_call.last_heartbeat_at := v_now;
  return private.prove_call(v_user, v_call, v_now, extend_call.request_number);
end
$$;
comment on function public.extend_call(text, uuid, integer, bigint) is
  'Heartbeat of a live call: proves it alive, extends its hold, answers seconds left and due warnings. A trusted server may give cumulative elapsed_seconds and a rising request_number (RFC 8506): the same number gets the stored answer, an older one changes nothing. An ended call is answered as ended: hang up. Raises call_not_found, call_not_answered, duration_invalid.';

create function private.settle_call(
  p_user public.users, p_call public.call_logs, p_duration_seconds bigint, p_reason text, p_settled_by text, p_now timestamptz
) returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
declare
  v_billable bigint := least(p_duration_seconds, p_call.authorized_seconds);
  v_cost bigint := private.call_cost(v_billable, p_call.rate);
  v_call public.call_logs;
  v_line bigint;
begin
  update public.call_logs c set
    status = 'ended', end_reason = p_reason, settled_by = p_settled_by, ended_at = p_now,
    hold_micros = 0, sweep_at = null, last_answer = null,
    limited_by = case p_reason when 'credit_exhausted' then 'credit' when 'time_limit' then p_reason when 'daily_limit' then p_reason end,
    duration_seconds = v_billable, billed_seconds = private.billed_seconds(v_billable, p_call.rate),
    unbilled_seconds = p_duration_seconds - v_billable, cost_micros = v_cost
  where c.user_id = p_call.user_id and c.id = p_call.id returning * into v_call;
  v_line := private.charge_call(p_user, v_call, v_call.started_at, p_now, p_call.hold_micros);
  -- After most calls there is nothing to tell.
  if v_call.limited_by is not null or (v_line is not null and p_user.low_balance_threshold_micros is not null) then
    perform private.notify_call_end(p_user, v_call);
  end if;
  return v_call;
end
$$;
comment on function private.settle_call(public.users, public.call_logs, bigint, text, text, timestamptz) is
  'Ends an open call under the wallet''s lock: releases the hold, charges what was talked within it, records the rest as unbilled.';

create function private.charge_call(
  p_user public.users, p_call public.call_logs, p_usable_at timestamptz, p_now timestamptz, p_released_micros bigint default 0
) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_day date;
  v_line bigint;
  v_debt bigint;
begin
  if p_call.cost_micros = 0 then
    p_user := private.change_held(p_user, -p_released_micros);
    return null;
  end if;
  if p_user.daily_spend_limit_micros is not null then
    v_day := (p_now at time zone 'UTC')::date;
    update public.users u set
      spend_day = v_day, spend_day_micros = case when u.spend_day = v_day then u.spend_day_micros else 0 end + p_call.cost_micros
      where u.id = p_call.user_id;
  end if;
  -- All grants together are the balance, so what is usable is known without adding up the many that have not expired.
  if p_call.cost_micros > greatest(p_user.balance_micros, 0) - coalesce((
    select sum(g.remaining_micros) from public.credit_grants g
    where g.user_id = p_call.user_id and g.remaining_micros > 0 and g.expires_at <= p_usable_at), 0) then
    -- The credit limit pays the rest, so what had expired before is booked first: it may not pay instead.
    perform private.book_expiry(p_call.user_id, p_usable_at);
  end if;
  v_line := (private.post_transaction(p_call.user_id, 'call', -p_call.cost_micros, 'call_revenue',
    'Call to ' || p_call.destination_masked, p_call_id => p_call.id, p_released_micros => p_released_micros, p_at => p_now)).line;
  v_debt := private.spend_credit(p_call.user_id, v_line, p_call.cost_micros, p_usable_at);
  return v_line;
end
$$;
comment on function private.charge_call(public.users, public.call_logs, timestamptz, timestamptz, bigint) is
  'Releases what a settled call held and charges its cost: one journal line, taken from the grants that were usable at an instant. Returns the line, or null for a call that cost nothing.';

create function public.end_call(
  call_id text, reason text default 'completed', duration_seconds integer default null, user_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users;
  v_call public.call_logs;
  v_now timestamptz;
  v_elapsed bigint;
  -- Only the telephony system knows the talk time better than the database's clock.
  v_reported bigint := case when end_call.duration_seconds is not null and private.caller_is_trusted() then end_call.duration_seconds end;
begin
  if end_call.reason is null or end_call.reason not in ('completed', 'no_answer', 'busy', 'failed', 'canceled', 'credit_exhausted') then
    perform private.raise_error('invalid_request', '{"parameter": "reason", "problem": "unknown"}');
  end if;
  v_user := private.lock_user(private.acting_user(end_call.user_id));
  v_call := private.read_call(v_user.id, end_call.call_id);
  v_now := private.clock();
  if v_call.status = 'ended' then
    v_call := private.report_end_again(v_call, v_reported, v_now);
    return private.show_call(v_call, v_now, true);
  end if;
  if v_reported is not null then
    v_elapsed := private.elapsed_seconds(v_call.answered_at, v_now);
    if v_reported not between 0 and v_elapsed then
      perform private.raise_error('duration_invalid', jsonb_build_object('duration_seconds', v_reported, 'elapsed_seconds', v_elapsed));
    end if;
  end if;
  v_call := private.settle_call(v_user, v_call, coalesce(v_reported, private.talked_seconds(v_call, v_now)),
    private.reported_reason(v_call, end_call.reason), 'caller', v_now);
  return private.show_call(v_call, v_now);
end
$$;
comment on function public.end_call(text, text, integer, uuid) is
  'Ends and settles a call. Reasons: completed, no_answer, busy, failed, canceled, credit_exhausted (whatever limit it was: the call knows which). duration_seconds counts only with the secret key; otherwise the database''s clock decides. The first end wins. Raises call_not_found, duration_invalid, idempotency_conflict, invalid_request.';

create function private.report_end_again(p_call public.call_logs, p_reported_seconds bigint, p_now timestamptz) returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
declare
  v_talked bigint;
begin
  if p_call.settled_by <> 'sweeper' or p_call.reported_end_at is not null then
    if p_reported_seconds is not null and p_reported_seconds <> p_call.duration_seconds + p_call.unbilled_seconds then
      perform private.raise_error('idempotency_conflict', jsonb_build_object(
        'call_id', p_call.id, 'duration_seconds', p_call.duration_seconds + p_call.unbilled_seconds));
    end if;
    return p_call;
  end if;
  -- The sweeper was first: the money stands, but what was talked beyond it is kept for the alarm.
  v_talked := coalesce(p_reported_seconds, private.talked_seconds(p_call, p_now));
  update public.call_logs c set reported_end_at = p_now, unbilled_seconds = greatest(0, v_talked - c.duration_seconds)
    where c.user_id = p_call.user_id and c.id = p_call.id returning * into p_call;
  return p_call;
end
$$;
comment on function private.report_end_again(public.call_logs, bigint, timestamptz) is
  'A second end of a call: the same is a replay, another duration a conflict. After the sweeper, the first report adds unbilled seconds.';

create function public.get_call(call_id text, user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(get_call.user_id);
  v_call public.call_logs;
begin
  select * into v_call from public.call_logs c where c.user_id = v_user_id and c.id = get_call.call_id;
  if not found then
    perform private.raise_error('call_not_found', jsonb_build_object('call_id', left(get_call.call_id, 128)));
  end if;
  return private.show_call(v_call, private.clock());
end
$$;
comment on function public.get_call(text, uuid) is 'A call as it stands now, without touching it. Raises call_not_found.';

grant execute on function public.estimate_call(text, integer, uuid) to authenticated, service_role;
grant execute on function public.start_call(text, text, uuid, boolean) to authenticated, service_role;
grant execute on function public.answer_call(text, uuid) to authenticated, service_role;
grant execute on function public.extend_call(text, uuid, integer, bigint) to authenticated, service_role;
grant execute on function public.end_call(text, text, integer, uuid) to authenticated, service_role;
grant execute on function public.get_call(text, uuid) to authenticated, service_role;
