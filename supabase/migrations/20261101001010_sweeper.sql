-- The sweeper: ending calls nobody ends.
--
-- A call past its deadline, silent too long or never answered is settled here, at its last proven second. The sweeper passes over a wallet that
-- somebody is working on and looks again next time, so it is safe beside any other request.

create function private.sweep_call(p_user public.users, p_call public.call_logs) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_beat_due timestamptz;
begin
  if p_call.status = 'authorized' then
    perform private.settle_call(p_user, p_call, 0, 'no_answer', 'sweeper', private.clock());
    return 'unanswered';
  end if;
  -- A call that reported as it should until its deadline is proven to the deadline; one that fell silent, to its last heartbeat.
  v_beat_due := p_call.last_heartbeat_at + private.setting_seconds('heartbeat_interval_seconds') + private.setting_seconds('end_grace_seconds');
  if v_beat_due >= p_call.authorized_until then
    perform private.settle_call(p_user, p_call, p_call.authorized_seconds, private.cut_off_reason(p_call), 'sweeper', private.clock());
  else
    perform private.settle_call(p_user, p_call, p_call.proven_seconds, 'heartbeat_lost', 'sweeper', private.clock());
  end if;
  return 'ended';
end
$$;
comment on function private.sweep_call(public.users, public.call_logs) is 'Settles one overdue call at its last proven second.';

create function public.sweep_calls(batch_size integer default 500) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_due record;
  v_user public.users;
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
    select * into v_user from public.users u where u.id = v_due.user_id for no key update skip locked;
    continue when not found;
    select * into v_call from public.call_logs c
      where c.user_id = v_due.user_id and c.id = v_due.id and c.status <> 'ended' and c.sweep_at <= v_now;
    continue when not found;
    v_outcome := private.sweep_call(v_user, v_call);
    v_ended := v_ended + (v_outcome = 'ended')::integer;
    v_unanswered := v_unanswered + (v_outcome = 'unanswered')::integer;
  end loop;
  return jsonb_build_object('ended', v_ended, 'unanswered', v_unanswered);
end
$$;
comment on function public.sweep_calls(integer) is
  'Ends calls past their deadline, silent too long or never answered. Safe beside any other request. Secret key or scheduler only.';

grant execute on function public.sweep_calls(integer) to service_role;
