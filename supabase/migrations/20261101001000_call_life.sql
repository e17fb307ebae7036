-- The life of a call: authorize, answer, extend, end.
--
-- Every step is idempotent: repeated with the same contents it answers as before and changes nothing. Each locks the wallet first, then reads the
-- clock, then decides. The trusted telephony server names the user; a signed-in user acts only for themselves.

create function private.lock_call(p_user_id uuid, p_call_id text) returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
declare
  v_call public.call_logs;
begin
  perform private.lock_user(p_user_id);
  select * into v_call from public.call_logs c where c.user_id = p_user_id and c.id = p_call_id;
  if not found then
    perform private.raise_error('call_not_found', jsonb_build_object('call_id', left(p_call_id, 128)));
  end if;
  return v_call;
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
    'max_seconds', least(private.max_seconds(greatest(v_available, 0), v_rate), private.setting_integer('max_call_seconds')),
    'can_start', v_user.status = 'active' and v_available >= v_minimum, 'minimum_micros', v_minimum,
    'duration_seconds', estimate_call.duration_seconds,
    'billed_seconds', private.billed_seconds(estimate_call.duration_seconds, v_rate),
    'cost_micros', private.call_cost(estimate_call.duration_seconds, v_rate));
end
$$;
comment on function public.estimate_call(text, integer, uuid) is
  'What a call to this number would cost and how long it could last now. Costs nothing, promises nothing. Raises invalid_destination, destination_not_rated, invalid_request, user_not_found.';

create function public.start_call(call_id text, destination text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.acting_user(start_call.user_id);
  v_number text := private.parse_destination(start_call.destination);
  v_user public.users;
  v_now timestamptz;
  v_call public.call_logs;
  v_rate public.rates;
  v_minimum bigint;
begin
  if start_call.call_id is null or start_call.call_id !~ '^[A-Za-z0-9._:@-]{1,128}$' then
    perform private.raise_error('invalid_call_id', jsonb_build_object('call_id', left(start_call.call_id, 140)));
  end if;
  v_user := private.lock_user(v_user_id);
  v_now := private.clock();
  select * into v_call from public.call_logs c where c.user_id = v_user_id and c.id = start_call.call_id;
  if found then
    if private.decrypt_destination(v_call.destination_ciphertext) is distinct from v_number then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('call_id', start_call.call_id));
    end if;
    return private.call_json(v_call, v_now, p_replayed => true);
  end if;
  perform private.require_active(v_user);
  v_rate := private.find_rate(private.user_rate_plan(v_user), v_number, v_now);
  v_minimum := private.call_cost(1, v_rate);
  if private.available_micros(v_user, v_now) < v_minimum then
    perform private.raise_error('insufficient_credit', jsonb_build_object(
      'available_micros', private.available_micros(v_user, v_now), 'minimum_micros', v_minimum));
  end if;
  insert into public.call_logs (user_id, id, destination_masked, destination_ciphertext, rate, started_at, sweep_at)
  values (v_user_id, start_call.call_id, private.mask_destination(v_number), private.encrypt_destination(v_number), v_rate, v_now, v_now)
  returning * into v_call;
  v_call := private.grow_hold(v_call, 0, v_now);
  return private.call_json(v_call, v_now);
end
$$;
comment on function public.start_call(text, text, uuid) is
  'Authorizes a call: pins its rate and takes its first hold. The same id and number return the same call. Raises invalid_call_id, invalid_destination, destination_not_rated, insufficient_credit, wallet_suspended, wallet_closed, idempotency_conflict.';

create function public.answer_call(call_id text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call public.call_logs := private.lock_call(private.acting_user(answer_call.user_id), answer_call.call_id);
  v_now timestamptz := private.clock();
  v_due integer[];
begin
  if v_call.status = 'ended' then
    perform private.raise_error('call_ended', jsonb_build_object('call_id', v_call.id, 'end_reason', v_call.end_reason));
  end if;
  if v_call.status = 'answered' then
    return private.call_json(v_call, v_now, p_replayed => true);
  end if;
  update public.call_logs c set status = 'answered', answered_at = v_now, last_heartbeat_at = v_now
    where c.user_id = v_call.user_id and c.id = v_call.id returning * into v_call;
  v_call := private.grow_hold(v_call, 0, v_now);
  v_due := private.take_warnings(v_call, v_now);
  return private.call_json(v_call, v_now, v_due);
end
$$;
comment on function public.answer_call(text, uuid) is
  'Billing starts now. Raises call_not_found, call_ended.';

create function private.take_warnings(p_call public.call_logs, p_now timestamptz) returns integer[]
language plpgsql volatile set search_path = ''
as $$
declare
  v_user public.users;
  v_left bigint;
  v_reached integer[];
begin
  select * into v_user from public.users u where u.id = p_call.user_id;
  v_left := private.affordable_seconds(v_user, p_call, p_now) - private.elapsed_seconds(p_call.answered_at, p_now);
  v_reached := array(select t from unnest(v_user.warning_thresholds_seconds) t where v_left <= t order by t desc);
  -- A threshold left behind by a top-up is forgotten, so that it warns again when it is reached again.
  if v_reached is distinct from p_call.warnings_sent then
    update public.call_logs c set warnings_sent = v_reached where c.user_id = p_call.user_id and c.id = p_call.id;
  end if;
  return array(select t from unnest(v_reached) t where t <> all (p_call.warnings_sent) order by t desc);
end
$$;
comment on function private.take_warnings(public.call_logs, timestamptz) is
  'The thresholds a live call has newly reached, each given once until credit lifts the call above it again.';

create function public.extend_call(call_id text, user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call public.call_logs := private.lock_call(private.acting_user(extend_call.user_id), extend_call.call_id);
  v_now timestamptz := private.clock();
  v_due integer[];
begin
  if v_call.status = 'ended' then
    return private.call_json(v_call, v_now, p_replayed => true);
  end if;
  if v_call.status = 'authorized' then
    perform private.raise_error('call_not_answered', jsonb_build_object('call_id', v_call.id));
  end if;
  -- Past the deadline there is nothing to extend: the other side should have hung up, and billing stopped there.
  if v_now >= v_call.authorized_until then
    v_call := private.settle_call(v_call, private.talked_seconds(v_call, v_now), 'credit_exhausted', 'caller');
    return private.call_json(v_call, v_now);
  end if;
  update public.call_logs c set last_heartbeat_at = v_now
    where c.user_id = v_call.user_id and c.id = v_call.id returning * into v_call;
  v_call := private.grow_hold(v_call, private.elapsed_seconds(v_call.answered_at, v_now), v_now);
  v_due := private.take_warnings(v_call, v_now);
  return private.call_json(v_call, v_now, v_due);
end
$$;
comment on function public.extend_call(text, uuid) is
  'Heartbeat of a live call: proves it alive, extends its hold, answers seconds left and due warnings. An ended call is answered as ended: hang up. Raises call_not_found, call_not_answered.';

create function private.settle_call(p_call public.call_logs, p_duration_seconds bigint, p_reason text, p_settled_by text)
returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
declare
  v_billable bigint := least(p_duration_seconds, p_call.authorized_seconds);
  v_cost bigint := private.call_cost(v_billable, p_call.rate);
  v_line bigint;
  v_call public.call_logs;
begin
  update public.users u set held_micros = u.held_micros - p_call.hold_micros where u.id = p_call.user_id;
  if v_cost > 0 then
    v_line := (private.post_transaction(p_call.user_id, 'call', -v_cost, 'call_revenue',
      'Call to ' || p_call.destination_masked, p_call_id => p_call.id)).line;
    if private.spend_credit(p_call.user_id, v_line, v_cost, p_call.started_at) > 0 then
      raise exception 'call % settled above its hold', p_call.id;
    end if;
  end if;
  update public.call_logs c set
    status = 'ended', end_reason = p_reason, settled_by = p_settled_by, ended_at = private.clock(),
    hold_micros = 0, sweep_at = null,
    duration_seconds = v_billable, billed_seconds = private.billed_seconds(v_billable, p_call.rate),
    unbilled_seconds = p_duration_seconds - v_billable, cost_micros = v_cost
  where c.user_id = p_call.user_id and c.id = p_call.id returning * into v_call;
  perform private.notify_call_end(v_call);
  return v_call;
end
$$;
comment on function private.settle_call(public.call_logs, bigint, text, text) is
  'Ends an open call under the wallet''s lock: releases the hold, charges what was talked within it, records the rest as unbilled.';

create function public.end_call(
  call_id text, reason text default 'completed', duration_seconds integer default null, user_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call public.call_logs;
  v_now timestamptz;
  v_elapsed bigint;
  -- Only the telephony system knows the talk time better than the database's clock.
  v_reported bigint := case when private.caller_is_trusted() then end_call.duration_seconds end;
begin
  if end_call.reason is null or end_call.reason not in ('completed', 'no_answer', 'busy', 'failed', 'canceled', 'credit_exhausted') then
    perform private.raise_error('invalid_request', '{"parameter": "reason", "problem": "unknown"}');
  end if;
  v_call := private.lock_call(private.acting_user(end_call.user_id), end_call.call_id);
  v_now := private.clock();
  if v_call.status = 'ended' then
    v_call := private.report_end_again(v_call, v_reported, v_now);
    return private.call_json(v_call, v_now, p_replayed => true);
  end if;
  v_elapsed := private.elapsed_seconds(v_call.answered_at, v_now);
  if v_reported is not null and v_reported not between 0 and v_elapsed then
    perform private.raise_error('duration_invalid', jsonb_build_object('duration_seconds', v_reported, 'elapsed_seconds', v_elapsed));
  end if;
  v_call := private.settle_call(v_call, coalesce(v_reported, private.talked_seconds(v_call, v_now)),
    case when v_call.answered_at is null and end_call.reason = 'completed' then 'no_answer' else end_call.reason end, 'caller');
  return private.call_json(v_call, v_now);
end
$$;
comment on function public.end_call(text, text, integer, uuid) is
  'Ends and settles a call. Reasons: completed, no_answer, busy, failed, canceled, credit_exhausted. duration_seconds counts only with the secret key; otherwise the database''s clock decides. The first end wins. Raises call_not_found, duration_invalid, idempotency_conflict, invalid_request.';

create function private.report_end_again(p_call public.call_logs, p_reported_seconds bigint, p_now timestamptz) returns public.call_logs
language plpgsql volatile set search_path = ''
as $$
declare
  v_talked bigint;
begin
  if p_call.settled_by = 'caller' or p_call.reported_end_at is not null then
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
  return private.call_json(v_call, private.clock());
end
$$;
comment on function public.get_call(text, uuid) is 'A call as it stands now, without touching it. Raises call_not_found.';

-- ---------------------------------------------------------------------------------------------------------------------
-- The sweeper
-- ---------------------------------------------------------------------------------------------------------------------

create function private.sweep_call(p_call public.call_logs, p_now timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_beat_due timestamptz;
begin
  if p_call.status = 'authorized' then
    perform private.settle_call(p_call, 0, 'no_answer', 'sweeper');
    return 'unanswered';
  end if;
  -- A call that reported as it should until its deadline is proven to the deadline; one that fell silent, to its last heartbeat.
  v_beat_due := p_call.last_heartbeat_at + private.setting_seconds('heartbeat_interval_seconds') + private.setting_seconds('end_grace_seconds');
  if v_beat_due >= p_call.authorized_until then
    perform private.settle_call(p_call, p_call.authorized_seconds, 'credit_exhausted', 'sweeper');
  else
    perform private.settle_call(p_call, private.elapsed_seconds(p_call.answered_at, p_call.last_heartbeat_at), 'heartbeat_lost', 'sweeper');
  end if;
  return 'ended';
end
$$;
comment on function private.sweep_call(public.call_logs, timestamptz) is 'Settles one overdue call at its last proven second.';

create function public.sweep_calls(batch_size integer default 500) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_due record;
  v_call public.call_logs;
  v_outcome text;
  v_ended integer := 0;
  v_unanswered integer := 0;
begin
  for v_due in
    select c.user_id, c.id from public.call_logs c where c.status <> 'ended' and c.sweep_at <= v_now
    order by c.sweep_at limit least(greatest(sweep_calls.batch_size, 1), 5000)
  loop
    -- Whoever holds the wallet is settling or extending right now; the next sweep looks again.
    perform from public.users u where u.id = v_due.user_id for no key update skip locked;
    continue when not found;
    select * into v_call from public.call_logs c
      where c.user_id = v_due.user_id and c.id = v_due.id and c.status <> 'ended' and c.sweep_at <= v_now;
    continue when not found;
    v_outcome := private.sweep_call(v_call, v_now);
    v_ended := v_ended + (v_outcome = 'ended')::integer;
    v_unanswered := v_unanswered + (v_outcome = 'unanswered')::integer;
  end loop;
  return jsonb_build_object('ended', v_ended, 'unanswered', v_unanswered);
end
$$;
comment on function public.sweep_calls(integer) is
  'Ends calls past their deadline, silent too long or never answered. Safe beside any other request. Secret key or scheduler only.';

grant execute on function public.estimate_call(text, integer, uuid) to authenticated, service_role;
grant execute on function public.start_call(text, text, uuid) to authenticated, service_role;
grant execute on function public.answer_call(text, uuid) to authenticated, service_role;
grant execute on function public.extend_call(text, uuid) to authenticated, service_role;
grant execute on function public.end_call(text, text, integer, uuid) to authenticated, service_role;
grant execute on function public.get_call(text, uuid) to authenticated, service_role;
grant execute on function public.sweep_calls(integer) to service_role;
