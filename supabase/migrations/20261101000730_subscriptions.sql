-- Subscriptions: credit every month or year.
--
-- A plan includes credit each period. Stripe bills; what counts here is each invoice that has been paid (chapter 0735), and the subscription's state as Stripe says
-- it is now. Both are read by the same four ways as purchases.
--
--   created → open → active ⇄ past_due → unpaid → canceled
--                  → expired            nobody paid on the page
--                  → duplicate          two pages were paid: this one is ended at Stripe, and what it took is credited
--
-- A person has one subscription at a time. A change of plan takes effect with the next invoice, without proration: what was paid for stays as it was. While it is
-- active its rate plan is the person's; when it is not, the one they had before comes back.

create table public.subscriptions (
  user_id uuid not null references public.users (id),
  id uuid not null default gen_random_uuid(),
  idempotency_key text not null constraint subscriptions_idempotency_key_length check (length(idempotency_key) between 1 and 255),
  plan_code text not null references public.subscription_plans (code),
  next_plan_code text references public.subscription_plans (code),
  status text not null default 'created'
    constraint subscriptions_status_known check (status in ('created', 'open', 'active', 'past_due', 'unpaid', 'canceled', 'expired', 'duplicate')),
  livemode boolean not null,
  success_url text not null,
  cancel_url text not null,
  stripe_session_id text,
  checkout_url text,
  stripe_subscription_id text unique,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  rate_plan_before text,
  rate_plan_given text,
  created_at timestamptz not null,
  ended_at timestamptz,
  next_check_at timestamptz not null,
  check_count integer not null default 0,
  primary key (user_id, id),
  unique (user_id, idempotency_key)
);
alter table public.subscriptions enable row level security;
comment on table public.subscriptions is 'Subscriptions, as Stripe says now.';
comment on column public.subscriptions.user_id is 'Who subscribes.';
comment on column public.subscriptions.id is 'Also the Stripe idempotency key and metadata.';
comment on column public.subscriptions.idempotency_key is 'The client''s key: the same key returns the same subscription.';
comment on column public.subscriptions.plan_code is 'The plan of the last paid period.';
comment on column public.subscriptions.next_plan_code is 'The plan the next invoice will be of, if another.';
comment on column public.subscriptions.status is 'created, open, active, past_due, unpaid, canceled, expired or duplicate.';
comment on column public.subscriptions.livemode is 'Whether live payments are expected.';
comment on column public.subscriptions.success_url is 'Where Checkout returns after payment.';
comment on column public.subscriptions.cancel_url is 'Where Checkout returns on cancel.';
comment on column public.subscriptions.stripe_session_id is 'The Checkout Session it began with.';
comment on column public.subscriptions.checkout_url is 'The page where the buyer pays, while it is open.';
comment on column public.subscriptions.stripe_subscription_id is 'The subscription at Stripe.';
comment on column public.subscriptions.current_period_start is 'Start of the period Stripe is in.';
comment on column public.subscriptions.current_period_end is 'Its end: when the next invoice is due.';
comment on column public.subscriptions.cancel_at_period_end is 'Whether it ends with the period.';
comment on column public.subscriptions.rate_plan_before is 'The person''s rate plan before the subscription gave its own.';
comment on column public.subscriptions.rate_plan_given is 'The rate plan it has given, while it does.';
comment on column public.subscriptions.created_at is 'When it began.';
comment on column public.subscriptions.ended_at is 'When it ended.';
comment on column public.subscriptions.next_check_at is 'When the reconciler looks at it next.';
comment on column public.subscriptions.check_count is 'How often it has looked since the last change.';

create unique index subscriptions_one_at_a_time on public.subscriptions (user_id) where status in ('active', 'past_due', 'unpaid');
create index subscriptions_session on public.subscriptions (stripe_session_id) where stripe_session_id is not null;
create index subscriptions_plan on public.subscriptions (plan_code);
create index subscriptions_next_plan on public.subscriptions (next_plan_code) where next_plan_code is not null;
create index subscriptions_unopened on public.subscriptions (created_at) where status = 'created';
create index subscriptions_due on public.subscriptions (next_check_at) where status in ('open', 'active', 'past_due', 'unpaid', 'duplicate');

create policy "Users read their own subscriptions" on public.subscriptions
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.subscriptions to authenticated, service_role;

alter table public.purchases add foreign key (user_id, subscription_id) references public.subscriptions (user_id, id);
alter table public.purchases add foreign key (plan_code) references public.subscription_plans (code);
create index purchases_plan on public.purchases (plan_code) where plan_code is not null;
create index purchases_subscription on public.purchases (user_id, subscription_id) where subscription_id is not null;

-- ---------------------------------------------------------------------------------------------------------------------
-- Internals
-- ---------------------------------------------------------------------------------------------------------------------

create function private.subscription_json(p_subscription public.subscriptions, p_replayed boolean default false) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('subscription_id', p_subscription.id, 'user_id', p_subscription.user_id, 'plan_code', p_subscription.plan_code,
    'next_plan_code', p_subscription.next_plan_code, 'status', p_subscription.status, 'stripe_session_id', p_subscription.stripe_session_id,
    'checkout_url', case when p_subscription.status = 'open' then p_subscription.checkout_url end,
    'stripe_subscription_id', p_subscription.stripe_subscription_id,
    'current_period_start', p_subscription.current_period_start, 'current_period_end', p_subscription.current_period_end,
    'cancel_at_period_end', p_subscription.cancel_at_period_end, 'created_at', p_subscription.created_at, 'ended_at', p_subscription.ended_at,
    'success_url', p_subscription.success_url, 'cancel_url', p_subscription.cancel_url, 'replayed', p_replayed)
$$;
comment on function private.subscription_json(public.subscriptions, boolean) is 'A subscription as the API shows it.';

create function private.find_subscription_row(p_user_id uuid, p_subscription_id uuid) returns public.subscriptions
language plpgsql stable set search_path = ''
as $$
declare
  v_subscription public.subscriptions;
begin
  select * into v_subscription from public.subscriptions s where s.user_id = p_user_id and s.id = p_subscription_id;
  if not found then
    perform private.raise_error('subscription_not_found');
  end if;
  return v_subscription;
end
$$;
comment on function private.find_subscription_row(uuid, uuid) is 'A user''s subscription. Raises subscription_not_found.';

create function private.plan_facts(p_plan_code text, p_subscription public.subscriptions) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'expected_livemode', p_subscription.livemode,
    'plan', jsonb_build_object('code', p.code, 'name', p.name, 'price_cents', p.price_cents, 'period', p.period, 'lookup_key', p.lookup_key,
      'stripe_price_id', (select s.price_id from private.stripe_prices s where s.lookup_key = p.lookup_key and s.livemode = p_subscription.livemode)),
    'checkout', jsonb_build_object(
      'customer', (select c.customer_id from private.stripe_customers c where c.user_id = p_subscription.user_id and c.livemode = p_subscription.livemode),
      'automatic_tax', private.setting('stripe_tax')))
  from public.subscription_plans p where p.code = p_plan_code
$$;
comment on function private.plan_facts(text, public.subscriptions) is 'What Stripe needs to know of a plan for a subscription.';

create function private.settle_rate_plan(p_subscription public.subscriptions) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_rate_plan text := (select p.rate_plan from public.subscription_plans p
    where p.code = p_subscription.plan_code and p_subscription.status = 'active');
begin
  if v_rate_plan is not distinct from p_subscription.rate_plan_given then
    return;
  end if;
  update public.subscriptions s set rate_plan_given = v_rate_plan,
    rate_plan_before = case when p_subscription.rate_plan_given is null then (select u.rate_plan from public.users u where u.id = s.user_id)
      else s.rate_plan_before end
    where s.user_id = p_subscription.user_id and s.id = p_subscription.id;
  -- What somebody else has set meanwhile is not touched.
  update public.users u set rate_plan = coalesce(v_rate_plan, (select s.rate_plan_before from public.subscriptions s
      where s.user_id = p_subscription.user_id and s.id = p_subscription.id))
    where u.id = p_subscription.user_id and (p_subscription.rate_plan_given is null or u.rate_plan = p_subscription.rate_plan_given);
end
$$;
comment on function private.settle_rate_plan(public.subscriptions) is
  'Gives the person the rate plan of an active subscription, and back the one they had when it is not.';

create function private.notify_subscription(p_before public.subscriptions, p_subscription public.subscriptions) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if p_subscription.status = p_before.status or p_subscription.status not in ('past_due', 'unpaid', 'canceled') or p_before.status = 'duplicate' then
    return;
  end if;
  perform private.notify_user(p_subscription.user_id, 'subscription_' || p_subscription.status,
    'subscription:' || p_subscription.id || ':' || p_subscription.status || ':' || coalesce(extract(epoch from p_subscription.current_period_end)::text, ''),
    (select jsonb_build_object('subscription_id', p_subscription.id, 'plan_code', p.code, 'plan_name', p.name, 'price_cents', p.price_cents,
      'currency', p.currency, 'current_period_end', p_subscription.current_period_end)
      from public.subscription_plans p where p.code = p_subscription.plan_code));
end
$$;
comment on function private.notify_subscription(public.subscriptions, public.subscriptions) is 'Tells a person that a renewal was not paid or a subscription has ended.';

-- ---------------------------------------------------------------------------------------------------------------------
-- For the functions
-- ---------------------------------------------------------------------------------------------------------------------

create function public.create_subscription(user_id uuid, plan_code text, idempotency_key text, success_url text, cancel_url text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users := private.lock_user(create_subscription.user_id);
  v_subscription public.subscriptions;
  v_replayed boolean := false;
begin
  if coalesce(length(create_subscription.idempotency_key), 0) not between 1 and 255 then
    perform private.raise_error('invalid_request', '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}');
  end if;
  select * into v_subscription from public.subscriptions s where s.user_id = v_user.id and s.idempotency_key = create_subscription.idempotency_key;
  if found then
    v_replayed := true;
    if (v_subscription.plan_code, v_subscription.success_url, v_subscription.cancel_url)
      is distinct from (create_subscription.plan_code, create_subscription.success_url, create_subscription.cancel_url) then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('subscription_id', v_subscription.id));
    end if;
  else
    perform private.require_active(v_user);
    if not exists (select from public.subscription_plans p where p.code = create_subscription.plan_code and p.active and p.currency = v_user.currency) then
      perform private.raise_error('plan_not_found', jsonb_build_object('plan_code', create_subscription.plan_code));
    end if;
    if exists (select from public.subscriptions s where s.user_id = v_user.id and s.status in ('active', 'past_due', 'unpaid')) then
      perform private.raise_error('subscription_exists');
    end if;
    perform private.require_allowed_redirect('success_url', create_subscription.success_url);
    perform private.require_allowed_redirect('cancel_url', create_subscription.cancel_url);
    perform private.take_rate_limit(v_user.id, 'checkout', private.setting_integer('checkout_limit_per_hour'), interval '1 hour');
    perform private.require_few_failed_payments(v_user.id);
    insert into public.subscriptions (user_id, idempotency_key, plan_code, livemode, success_url, cancel_url, created_at, next_check_at)
    values (v_user.id, create_subscription.idempotency_key, create_subscription.plan_code, (private.setting('stripe_livemode'))::boolean,
      create_subscription.success_url, create_subscription.cancel_url, v_now, v_now + interval '1 minute')
    returning * into v_subscription;
    -- Their older pages are not to be paid any more.
    update public.subscriptions s set next_check_at = v_now where s.user_id = v_user.id and s.status = 'open';
  end if;
  return private.subscription_json(v_subscription, v_replayed) || private.plan_facts(v_subscription.plan_code, v_subscription);
end
$$;
comment on function public.create_subscription(uuid, text, text, text, text) is
  'Begins a subscription before Stripe is called. The same idempotency key returns the first one. Secret key only. Raises invalid_request, user_not_found, wallet_suspended, wallet_closed, plan_not_found, subscription_exists, redirect_not_allowed, rate_limited, too_many_failed_payments, idempotency_conflict.';

create function public.attach_subscription_session(
  user_id uuid, subscription_id uuid, stripe_session_id text, checkout_url text, livemode boolean, stripe_price_id text default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_subscription public.subscriptions;
begin
  perform private.lock_user(attach_subscription_session.user_id);
  v_subscription := private.find_subscription_row(attach_subscription_session.user_id, attach_subscription_session.subscription_id);
  insert into private.stripe_prices (lookup_key, livemode, price_id)
    select p.lookup_key, v_subscription.livemode, attach_subscription_session.stripe_price_id from public.subscription_plans p
    where p.code = v_subscription.plan_code and attach_subscription_session.stripe_price_id is not null
    on conflict on constraint stripe_prices_pkey do update set price_id = excluded.price_id;
  if coalesce(v_subscription.stripe_session_id, attach_subscription_session.stripe_session_id) <> attach_subscription_session.stripe_session_id then
    perform private.raise_error('idempotency_conflict', jsonb_build_object('subscription_id', v_subscription.id));
  end if;
  if attach_subscription_session.livemode is distinct from v_subscription.livemode then
    perform private.raise_error('session_mismatch', jsonb_build_object('problem', 'livemode', 'expected', v_subscription.livemode));
  end if;
  update public.subscriptions s set status = case when s.status = 'created' then 'open' else s.status end,
    stripe_session_id = attach_subscription_session.stripe_session_id, checkout_url = attach_subscription_session.checkout_url
    where s.user_id = v_subscription.user_id and s.id = v_subscription.id returning * into v_subscription;
  return private.subscription_json(v_subscription);
end
$$;
comment on function public.attach_subscription_session(uuid, uuid, text, text, boolean, text) is
  'Notes the Checkout Session of a subscription, and the price if it had to be looked up; repeating it is harmless. Secret key only. Raises subscription_not_found, idempotency_conflict, session_mismatch.';

create function private.subscription_status(p_stripe_status text, p_before text) returns text
language sql immutable set search_path = ''
as $$
  select case p_stripe_status
    when 'active' then 'active' when 'trialing' then 'active' when 'past_due' then 'past_due' when 'unpaid' then 'unpaid' when 'paused' then 'unpaid'
    when 'canceled' then 'canceled' when 'incomplete_expired' then 'expired'
    else p_before
  end
$$;
comment on function private.subscription_status(text, text) is
  'Maps Stripe''s status to ours; an unknown one, or incomplete, changes nothing. See https://docs.stripe.com/api/subscriptions/object.';

create function private.next_subscription_status(p_subscription public.subscriptions, p_stripe_status text) returns text
language sql stable set search_path = ''
as $$
  select case
    -- For good, whatever was read before and comes later.
    when p_subscription.status = 'canceled' or n.status = 'canceled' then 'canceled'
    when p_subscription.status = 'duplicate' then 'duplicate'
    when n.status in ('active', 'past_due', 'unpaid') and exists (select from public.subscriptions s
      where s.user_id = p_subscription.user_id and s.id <> p_subscription.id and s.status in ('active', 'past_due', 'unpaid')) then 'duplicate'
    else n.status
  end
  from (select private.subscription_status(p_stripe_status, p_subscription.status) as status) n
$$;
comment on function private.next_subscription_status(public.subscriptions, text) is
  'What becomes of a subscription. One that was paid while another runs is a duplicate until it is canceled.';

create function public.apply_subscription(subscription jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user_id uuid := private.text_to_uuid(subscription #>> '{metadata,user_id}');
  v_id uuid := private.text_to_uuid(subscription #>> '{metadata,subscription_id}');
  v_before public.subscriptions;
  v_status text;
  v_subscription public.subscriptions;
begin
  if v_id is null or not exists (select from public.subscriptions s where s.user_id = v_user_id and s.id = v_id) then
    return jsonb_build_object('known', false);
  end if;
  perform private.lock_user(v_user_id);
  v_before := private.find_subscription_row(v_user_id, v_id);
  if coalesce(v_before.stripe_subscription_id, subscription ->> 'id') <> subscription ->> 'id' then
    perform private.open_alert('unmatched_subscription', subscription ->> 'id', v_user_id, jsonb_build_object('subscription_id', v_id));
    return jsonb_build_object('known', false);
  end if;
  v_status := private.next_subscription_status(v_before, subscription ->> 'status');
  if v_status = 'duplicate' and v_before.status <> 'duplicate' then
    perform private.open_alert('duplicate_subscription', subscription ->> 'id', v_user_id, jsonb_build_object('subscription_id', v_id));
  end if;
  update public.subscriptions s set
    stripe_subscription_id = subscription ->> 'id',
    status = v_status,
    next_plan_code = (select p.code from public.subscription_plans p where p.lookup_key = subscription ->> 'lookup_key' and p.code <> s.plan_code),
    current_period_start = to_timestamp((subscription ->> 'current_period_start')::double precision),
    current_period_end = to_timestamp((subscription ->> 'current_period_end')::double precision),
    cancel_at_period_end = coalesce((subscription ->> 'cancel_at_period_end')::boolean, false),
    ended_at = to_timestamp((subscription ->> 'ended_at')::double precision)
    where s.user_id = v_user_id and s.id = v_id returning * into v_subscription;
  update public.subscriptions s set check_count = case when v_subscription.status = v_before.status then s.check_count else 0 end,
    -- While it runs, the next thing to happen is the end of the period; its invoice is a draft for an hour, or waits for a bank.
    next_check_at = case when v_status = 'active' and coalesce(subscription ->> 'latest_invoice_status', 'paid') not in ('draft', 'open') then greatest(v_now + interval '1 hour', v_subscription.current_period_end + interval '5 minutes')
      else v_now + interval '1 hour' end
    where s.user_id = v_user_id and s.id = v_id;
  perform private.settle_rate_plan(v_subscription);
  perform private.notify_subscription(v_before, v_subscription);
  return jsonb_build_object('known', true, 'cancel', v_status = 'duplicate', 'subscription', private.subscription_json(v_subscription));
end
$$;
comment on function public.apply_subscription(jsonb) is
  'Applies a subscription as Stripe says it is now, in any order and however often: {id, status, metadata, lookup_key, current_period_start, current_period_end, cancel_at_period_end, ended_at, latest_invoice_status}. Where the answer says cancel, it is to be ended at Stripe. Secret key only.';

create function public.claim_due_subscriptions(batch_size integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_claimed jsonb;
begin
  -- No page was ever given out, and Stripe's idempotency key has lapsed by then. One that is being worked on is passed over.
  update public.subscriptions s set status = 'expired' from (
    select c.user_id, c.id from public.subscriptions c where c.status = 'created' and c.created_at < v_now - interval '24 hours'
    for no key update skip locked) c
    where s.user_id = c.user_id and s.id = c.id;
  with due as (
    select s.user_id, s.id from public.subscriptions s
    where s.status in ('open', 'active', 'past_due', 'unpaid', 'duplicate') and s.next_check_at <= v_now
    order by s.next_check_at limit least(greatest(claim_due_subscriptions.batch_size, 1), 500)
    for no key update skip locked
  ), claimed as (
    update public.subscriptions s set check_count = s.check_count + 1,
      next_check_at = v_now + least(interval '1 minute' * power(2, least(s.check_count, 8)), interval '6 hours')
    from due where s.user_id = due.user_id and s.id = due.id returning s.*
  )
  select coalesce(jsonb_agg(private.subscription_json(c::public.subscriptions) || jsonb_build_object('expire_session', c.status = 'open'
      and exists (select from public.subscriptions s where s.user_id = c.user_id and s.created_at > c.created_at))), '[]')
    into v_claimed from claimed c;
  return v_claimed;
end
$$;
comment on function public.claim_due_subscriptions(integer) is
  'Takes a batch of subscriptions to read from Stripe: those on their page, past due, or at the end of a period. expire_session asks to expire a page that another has followed. Secret key only.';

create function public.expire_subscription_session(user_id uuid, subscription_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_subscription public.subscriptions;
begin
  perform private.lock_user(expire_subscription_session.user_id);
  update public.subscriptions s set status = 'expired' where s.user_id = expire_subscription_session.user_id
    and s.id = expire_subscription_session.subscription_id and s.status in ('created', 'open');
  v_subscription := private.find_subscription_row(expire_subscription_session.user_id, expire_subscription_session.subscription_id);
  return private.subscription_json(v_subscription);
end
$$;
comment on function public.expire_subscription_session(uuid, uuid) is 'Notes that the page of a subscription has expired unpaid. Secret key only. Raises subscription_not_found.';

create function public.find_subscription(user_id uuid, plan_code text default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(find_subscription.user_id);
  v_subscription public.subscriptions;
begin
  select * into v_subscription from public.subscriptions s where s.user_id = v_user.id and s.status in ('active', 'past_due', 'unpaid');
  if not found then
    perform private.raise_error('subscription_not_found');
  end if;
  perform private.take_rate_limit(v_user.id, 'billing', 60, interval '1 hour');
  if find_subscription.plan_code is null then
    return private.subscription_json(v_subscription);
  end if;
  if v_subscription.status <> 'active' then
    perform private.raise_error('subscription_not_changeable', jsonb_build_object('status', v_subscription.status));
  end if;
  -- Another period would begin a new one at once, which is not at the period's end.
  if not exists (select from public.subscription_plans p join public.subscription_plans q on q.code = v_subscription.plan_code and q.period = p.period
    where p.code = find_subscription.plan_code and p.active and p.currency = v_user.currency) then
    perform private.raise_error('plan_not_found', jsonb_build_object('plan_code', find_subscription.plan_code));
  end if;
  return private.subscription_json(v_subscription) || private.plan_facts(find_subscription.plan_code, v_subscription);
end
$$;
comment on function public.find_subscription(uuid, text) is
  'A person''s running subscription, and what Stripe needs to change it to another plan of the same period. Secret key only. Raises user_not_found, subscription_not_found, subscription_not_changeable, plan_not_found, rate_limited.';

create function public.find_subscription_page(user_id uuid, subscription_id uuid default null, stripe_session_id text default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user public.users := private.lock_user(find_subscription_page.user_id);
  v_subscription public.subscriptions;
begin
  select * into v_subscription from public.subscriptions s
    where s.user_id = v_user.id and (s.id = find_subscription_page.subscription_id or s.stripe_session_id = find_subscription_page.stripe_session_id);
  if not found then
    perform private.raise_error('subscription_not_found');
  end if;
  perform private.take_rate_limit(v_user.id, 'verify', private.setting_integer('verify_limit_per_minute'), interval '1 minute');
  return private.subscription_json(v_subscription);
end
$$;
comment on function public.find_subscription_page(uuid, uuid, text) is
  'A person''s own subscription by id or session, before it is verified. Secret key only. Raises user_not_found, subscription_not_found, rate_limited.';

grant execute on function public.create_subscription(uuid, text, text, text, text) to service_role;
grant execute on function public.attach_subscription_session(uuid, uuid, text, text, boolean, text) to service_role;
grant execute on function public.apply_subscription(jsonb) to service_role;
grant execute on function public.claim_due_subscriptions(integer) to service_role;
grant execute on function public.expire_subscription_session(uuid, uuid) to service_role;
grant execute on function public.find_subscription(uuid, text) to service_role;
grant execute on function public.find_subscription_page(uuid, uuid, text) to service_role;
