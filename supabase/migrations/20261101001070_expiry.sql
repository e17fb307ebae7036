-- Expiry: credit that may be spent only until an instant.
--
-- Expired credit cannot be spent from that second on, because whoever spends looks at the clock (`private.available_micros`); what a live call holds of it stays
-- until the call ends. The sweep here only books what is gone anyway as breakage, so it may come late, twice or beside anything else.

create function private.expiring_json(p_user_id uuid, p_now timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('expires_at', e.expires_at, 'amount_micros', e.amount_micros) order by e.expires_at), '[]')
  from (
    select g.expires_at, sum(g.remaining_micros) as amount_micros from public.credit_grants g
    where g.user_id = p_user_id and g.remaining_micros > 0 and g.expires_at > p_now
    group by g.expires_at order by g.expires_at limit 10
  ) e
$$;
comment on function private.expiring_json(uuid, timestamptz) is 'What expires next and when, soonest first, at most ten instants: [{expires_at, amount_micros}].';

create function private.sweep_expired_credit(p_batch_size integer default 500) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user_id uuid;
  v_booked integer := 0;
begin
  -- One wallet at a time in the order of expiry; one that somebody works on waits for the next sweep.
  for v_user_id in
    select g.user_id from public.credit_grants g
    where g.remaining_micros > 0 and g.expires_at is not null and g.expires_at <= v_now
    group by g.user_id order by min(g.expires_at) limit p_batch_size
  loop
    perform from public.users u where u.id = v_user_id for no key update skip locked;
    continue when not found;
    v_booked := v_booked + (private.book_expiry(v_user_id, v_now) > 0)::integer;
  end loop;
  return v_booked;
end
$$;
comment on function private.sweep_expired_credit(integer) is
  'Books expired credit that no live call holds as breakage, for at most so many wallets. Returns how many had some.';

create function private.warn_expiring_credit(p_batch_size integer default 500) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_due record;
  v_warned integer := 0;
begin
  -- A grant is warned of 7 days before and 1 day before; one that lives shorter than that, when it is seen first. Those of one person and instant share a message.
  for v_due in
    select g.user_id, g.expires_at, case when g.expires_at <= v_now + interval '24 hours' then 1 else 7 end as days, sum(g.remaining_micros)::bigint as amount_micros
    from public.credit_grants g
    where g.remaining_micros > 0 and g.expires_at is not null and g.expires_at > v_now and g.expires_at <= v_now + interval '168 hours'
      and (g.warned_days is null or (g.warned_days = 7 and g.expires_at <= v_now + interval '24 hours'))
    group by g.user_id, g.expires_at order by g.expires_at limit p_batch_size
  loop
    perform from public.users u where u.id = v_due.user_id for no key update skip locked;
    continue when not found;
    update public.credit_grants g set warned_days = v_due.days
      where g.user_id = v_due.user_id and g.expires_at = v_due.expires_at and g.remaining_micros > 0;
    perform private.notify_user(v_due.user_id, 'credit_expiring',
      'credit_expiring:' || extract(epoch from v_due.expires_at) || ':' || v_due.days,
      jsonb_build_object('expires_at', v_due.expires_at, 'amount_micros', v_due.amount_micros, 'days', v_due.days,
        'currency', (select u.currency from public.users u where u.id = v_due.user_id)));
    v_warned := v_warned + 1;
  end loop;
  return v_warned;
end
$$;
comment on function private.warn_expiring_credit(integer) is
  'Tells people 7 days and 1 day before credit expires, once each. Returns how many messages were written.';

create function private.grant_json(p_grant public.credit_grants) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('user_id', p_grant.user_id, 'grant_id', p_grant.id, 'source', p_grant.source, 'granted_micros', p_grant.granted_micros,
    'remaining_micros', p_grant.remaining_micros, 'purchase_id', p_grant.purchase_id, 'expires_at', p_grant.expires_at, 'created_at', p_grant.created_at)
$$;
comment on function private.grant_json(public.credit_grants) is 'A grant as the API shows it.';

create function private.lock_grant(p_user_id uuid, p_grant_id bigint) returns public.credit_grants
language plpgsql volatile set search_path = ''
as $$
declare
  v_grant public.credit_grants;
begin
  perform private.lock_user(p_user_id);
  select * into v_grant from public.credit_grants g where g.user_id = p_user_id and g.id = p_grant_id;
  if not found then
    perform private.raise_error('grant_not_found', jsonb_build_object('grant_id', p_grant_id));
  end if;
  if v_grant.remaining_micros = 0 then
    perform private.raise_error('grant_not_changeable', jsonb_build_object('grant_id', p_grant_id, 'remaining_micros', 0));
  end if;
  return v_grant;
end
$$;
comment on function private.lock_grant(uuid, bigint) is 'Locks the wallet and returns a grant that still has credit. Raises user_not_found, grant_not_found, grant_not_changeable.';

create function public.extend_grant(user_id uuid, grant_id bigint, expires_at timestamptz, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(extend_grant.actor_id);
  v_grant public.credit_grants := private.lock_grant(extend_grant.user_id, extend_grant.grant_id);
begin
  if extend_grant.expires_at <= greatest(v_grant.expires_at, private.clock()) or v_grant.expires_at is null then
    perform private.raise_error('invalid_request', jsonb_build_object('parameter', 'expires_at', 'problem', 'later than now and than it is, or null for never',
      'expires_at', v_grant.expires_at));
  end if;
  perform private.record_audit(v_actor_id, 'extend_grant', v_grant.user_id, extend_grant.reason,
    jsonb_build_object('grant_id', v_grant.id, 'was', v_grant.expires_at, 'is', extend_grant.expires_at));
  update public.credit_grants g set expires_at = extend_grant.expires_at, warned_days = null
    where g.user_id = v_grant.user_id and g.id = v_grant.id returning * into v_grant;
  return private.grant_json(v_grant);
end
$$;
comment on function public.extend_grant(uuid, bigint, timestamptz, text, uuid) is
  'Lets a grant''s credit live longer, or for ever (null), with a reason; also one that has expired and is not booked as breakage yet. For admins and the secret key. Raises forbidden, invalid_request, user_not_found, grant_not_found, grant_not_changeable.';

create function public.void_grant(user_id uuid, grant_id bigint, reason text, actor_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_actor_id uuid := private.acting_admin(void_grant.actor_id);
  v_grant public.credit_grants := private.lock_grant(void_grant.user_id, void_grant.grant_id);
  v_line bigint;
begin
  perform private.record_audit(v_actor_id, 'void_grant', v_grant.user_id, void_grant.reason,
    jsonb_build_object('grant_id', v_grant.id, 'amount_micros', v_grant.remaining_micros));
  v_line := (private.post_transaction(v_grant.user_id, 'adjustment', -v_grant.remaining_micros,
    case v_grant.source when 'promotional' then 'promotional_expense' else 'adjustment' end, 'Credit withdrawn',
    p_reverses_line => v_grant.id, p_reason => void_grant.reason)).line;
  insert into public.grant_entries (user_id, grant_id, line, amount_micros) values (v_grant.user_id, v_grant.id, v_line, -v_grant.remaining_micros);
  update public.credit_grants g set remaining_micros = 0 where g.user_id = v_grant.user_id and g.id = v_grant.id returning * into v_grant;
  perform private.cut_uncovered_calls(v_grant.user_id);
  return private.grant_json(v_grant);
end
$$;
comment on function public.void_grant(uuid, bigint, text, uuid) is
  'Takes back what remains of a grant, with a reason, as a new journal line; live calls that lose their cover end. For admins and the secret key. Raises forbidden, invalid_request, user_not_found, grant_not_found, grant_not_changeable.';

grant execute on function public.extend_grant(uuid, bigint, timestamptz, text, uuid) to authenticated, service_role;
grant execute on function public.void_grant(uuid, bigint, text, uuid) to authenticated, service_role;
