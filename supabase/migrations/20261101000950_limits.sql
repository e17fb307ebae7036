-- Limits: what ends a call besides credit.
--
-- A call's hold grows as far as credit, the longest a call may last (`max_call_seconds`) and the person's daily limit allow. When it cannot grow any
-- more, `limited_by` says which of them it is, because only where it is credit does more credit help. A call cut off at its deadline ends by
-- the limit it was told of: `credit_exhausted`, `time_limit` or `daily_limit`.

create function private.limited_by(
  p_user public.users, p_call public.call_logs, p_affordable_seconds bigint, p_now timestamptz, p_settings jsonb
) returns text
language plpgsql stable set search_path = ''
as $$
begin
  -- Where two limits meet, credit is named last: it would not help while the other one stands.
  return case
    when p_affordable_seconds > p_call.authorized_seconds then null
    when (p_settings ->> 'max_call_seconds')::bigint <= p_call.authorized_seconds then 'time_limit'
    when p_user.daily_spend_limit_micros is not null and private.max_seconds(
      p_call.hold_micros + greatest(0, private.daily_limit_left(p_user, p_now)), p_call.rate) <= p_call.authorized_seconds then 'daily_limit'
    else 'credit'
  end;
end
$$;
comment on function private.limited_by(public.users, public.call_logs, bigint, timestamptz, jsonb) is
  'What keeps a call''s hold from growing: credit, time_limit or daily_limit; null while it can grow.';

create function private.cut_off_reason(p_call public.call_logs) returns text
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when p_call.limited_by is null then 'heartbeat_lost'
    when p_call.limited_by = 'credit' then 'credit_exhausted'
    else p_call.limited_by
  end;
end
$$;
comment on function private.cut_off_reason(public.call_logs) is
  'The end reason of a call that is at its deadline: the limit it was last told of; without one, a heartbeat would have extended it and none came.';

create function private.reported_reason(p_call public.call_logs, p_reason text) returns text
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when p_call.answered_at is null and p_reason = 'completed' then 'no_answer'
    -- Who hangs up at the deadline need not know which limit it was.
    when p_reason = 'credit_exhausted' and p_call.limited_by is not null then private.cut_off_reason(p_call)
    else p_reason
  end;
end
$$;
comment on function private.reported_reason(public.call_logs, text) is 'The end reason that is kept for one that was reported.';

create function private.count_spent_today() returns trigger
language plpgsql volatile set search_path = ''
as $$
begin
  new.spend_day := (private.clock() at time zone 'UTC')::date;
  new.spend_day_micros := coalesce((
    select -sum(t.amount_micros) from public.transactions t
    where t.user_id = new.id and t.kind = 'call' and t.created_at >= new.spend_day::timestamp at time zone 'UTC'), 0);
  return new;
end
$$;
comment on function private.count_spent_today() is
  'Trigger: a daily limit that is set counts what calls have cost since the day began (UTC), because without a limit nobody counts.';

create trigger count_spent_today before update of daily_spend_limit_micros on public.users
  for each row when (old.daily_spend_limit_micros is null and new.daily_spend_limit_micros is not null)
  execute function private.count_spent_today();
