-- Checkout: what the payment functions may do with a purchase.
--
-- The Edge Functions carry facts between Stripe and these functions and decide nothing. All are for the secret key only.

create function public.create_purchase(
  user_id uuid, package_code text, idempotency_key text, success_url text, cancel_url text
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users;
  v_package public.credit_packages;
  v_purchase public.purchases;
  v_replayed boolean := false;
begin
  if coalesce(length(create_purchase.idempotency_key), 0) not between 1 and 255 then
    perform private.raise_error('invalid_request', '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}');
  end if;
  v_user := private.lock_user(create_purchase.user_id);
  select * into v_purchase from public.purchases p
    where p.user_id = create_purchase.user_id and p.idempotency_key = create_purchase.idempotency_key;
  if found then
    if (v_purchase.package_code, v_purchase.success_url, v_purchase.cancel_url)
      is distinct from (create_purchase.package_code, create_purchase.success_url, create_purchase.cancel_url) then
      perform private.raise_error('idempotency_conflict', jsonb_build_object('purchase_id', v_purchase.id));
    end if;
    v_replayed := true;
  else
    perform private.require_active(v_user);
    select * into v_package from public.credit_packages c
      where c.code = create_purchase.package_code and c.active and c.currency = v_user.currency;
    if not found then
      perform private.raise_error('package_not_found', jsonb_build_object('package_code', create_purchase.package_code));
    end if;
    perform private.require_allowed_redirect('success_url', create_purchase.success_url);
    perform private.require_allowed_redirect('cancel_url', create_purchase.cancel_url);
    perform private.take_rate_limit(v_user.id, 'checkout', private.setting_integer('checkout_limit_per_hour'), interval '1 hour');
    insert into public.purchases (user_id, idempotency_key, package_code, currency, price_cents, credit_micros, bonus_micros,
      livemode, success_url, cancel_url, created_at, next_check_at)
    values (v_user.id, create_purchase.idempotency_key, v_package.code, v_package.currency, v_package.price_cents,
      v_package.credit_micros, v_package.bonus_micros, (private.setting('stripe_livemode'))::boolean,
      create_purchase.success_url, create_purchase.cancel_url, v_now, v_now + interval '1 minute')
    returning * into v_purchase;
  end if;
  return private.purchase_json(v_purchase, v_replayed) || jsonb_build_object(
    'expected_livemode', v_purchase.livemode,
    'package', (
      select jsonb_build_object('code', c.code, 'name', c.name, 'price_cents', v_purchase.price_cents,
        'lookup_key', 'talktime_' || c.code || '_' || v_purchase.currency || '_' || v_purchase.price_cents)
      from public.credit_packages c where c.code = v_purchase.package_code));
end
$$;
comment on function public.create_purchase(uuid, text, text, text, text) is
  'Begins a purchase before Stripe is called. The same idempotency key returns the first purchase. Secret key only. Raises invalid_request, user_not_found, wallet_suspended, wallet_closed, package_not_found, redirect_not_allowed, rate_limited, idempotency_conflict.';

create function public.attach_checkout_session(
  user_id uuid, purchase_id uuid, stripe_session_id text, checkout_url text, session_expires_at timestamptz,
  livemode boolean, stripe_customer_id text default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  perform private.lock_user(attach_checkout_session.user_id);
  v_purchase := private.find_purchase_row(attach_checkout_session.user_id, attach_checkout_session.purchase_id, null);
  if v_purchase.stripe_session_id = attach_checkout_session.stripe_session_id then
    return private.purchase_json(v_purchase, true);
  end if;
  if v_purchase.stripe_session_id is not null then
    perform private.raise_error('idempotency_conflict', jsonb_build_object('purchase_id', v_purchase.id));
  end if;
  if attach_checkout_session.livemode is distinct from v_purchase.livemode then
    perform private.raise_error('session_mismatch', jsonb_build_object('problem', 'livemode', 'expected', v_purchase.livemode));
  end if;
  update public.purchases p set
    status = case when p.status in ('created', 'expired') then 'open' else p.status end,
    stripe_session_id = attach_checkout_session.stripe_session_id,
    checkout_url = attach_checkout_session.checkout_url,
    session_expires_at = attach_checkout_session.session_expires_at,
    stripe_customer_id = attach_checkout_session.stripe_customer_id,
    next_check_at = private.clock() + interval '1 minute'
  where p.user_id = v_purchase.user_id and p.id = v_purchase.id returning * into v_purchase;
  return private.purchase_json(v_purchase);
end
$$;
comment on function public.attach_checkout_session(uuid, uuid, text, text, timestamptz, boolean, text) is
  'Notes the Checkout Session of a purchase; repeating it is harmless. Secret key only. Raises purchase_not_found, idempotency_conflict, session_mismatch.';

create function public.find_purchase(user_id uuid, purchase_id uuid default null, stripe_session_id text default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  v_purchase := private.find_purchase_row(find_purchase.user_id, find_purchase.purchase_id, find_purchase.stripe_session_id);
  if not private.purchase_is_final(v_purchase.status) then
    perform private.take_rate_limit(v_purchase.user_id, 'verify', private.setting_integer('verify_limit_per_minute'), interval '1 minute');
  end if;
  return private.purchase_json(v_purchase);
end
$$;
comment on function public.find_purchase(uuid, uuid, text) is
  'A user''s own purchase by id or session, before it is verified. Secret key only. Raises purchase_not_found, rate_limited.';

-- What Stripe says about the session, in the words of a purchase.
create function private.purchase_status_from_session(p_session jsonb) returns text
language sql immutable set search_path = ''
as $$
  select case
    when p_session ->> 'status' = 'open' then 'open'
    when p_session ->> 'status' = 'expired' then 'expired'
    when p_session ->> 'status' = 'complete' and p_session ->> 'payment_status' in ('paid', 'no_payment_required') then 'paid'
    -- A delayed payment that failed leaves the session complete and unpaid; only its PaymentIntent tells.
    when p_session ->> 'status' = 'complete' and p_session ->> 'payment_intent_status' in ('requires_payment_method', 'canceled') then 'failed'
    else 'processing'
  end
$$;
comment on function private.purchase_status_from_session(jsonb) is
  'Maps a Checkout Session to a purchase status. Unknown values mean processing: look again later. See https://docs.stripe.com/api/checkout/sessions/object.';

create function private.session_review_reason(p_purchase public.purchases, p_session jsonb) returns text
language sql stable set search_path = ''
as $$
  select case
    when p_session ->> 'mode' is distinct from 'payment' then 'mode_mismatch'
    when (p_session ->> 'livemode')::boolean is distinct from p_purchase.livemode then 'livemode_mismatch'
    when lower(p_session ->> 'currency') is distinct from p_purchase.currency then 'currency_mismatch'
    when (p_session ->> 'amount_subtotal')::bigint is distinct from p_purchase.price_cents
      or (p_session ->> 'amount_total')::bigint is distinct from p_purchase.price_cents + coalesce((p_session ->> 'amount_tax')::bigint, 0)
      then 'amount_mismatch'
    when (select u.status from public.users u where u.id = p_purchase.user_id) = 'closed' then 'wallet_closed'
  end
$$;
comment on function private.session_review_reason(public.purchases, jsonb) is
  'Why a paid session cannot be credited as asked, or null. A deleted user''s payment is for a person to refund.';

create function public.apply_checkout_session(user_id uuid, purchase_id uuid, session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
  v_status text := private.purchase_status_from_session(apply_checkout_session.session);
  v_review_reason text;
  v_credited boolean := false;
begin
  perform private.lock_user(apply_checkout_session.user_id);
  v_purchase := private.find_purchase_row(apply_checkout_session.user_id, apply_checkout_session.purchase_id, null);
  if (session ->> 'client_reference_id') is distinct from v_purchase.user_id::text
    or (session #>> '{metadata,purchase_id}') is distinct from v_purchase.id::text
    or (session ->> 'id') is distinct from coalesce(v_purchase.stripe_session_id, session ->> 'id')
    or (session ->> 'id') is null then
    perform private.raise_error('session_mismatch', jsonb_build_object('purchase_id', v_purchase.id));
  end if;
  if v_purchase.status <> 'paid' then
    if v_status = 'paid' then
      v_review_reason := private.session_review_reason(v_purchase, session);
      v_status := case when v_review_reason is null then 'paid' else 'review' end;
    end if;
    v_credited := v_status = 'paid';
    update public.purchases p set
      status = v_status,
      review_reason = v_review_reason,
      stripe_session_id = session ->> 'id',
      payment_intent_id = coalesce(session ->> 'payment_intent', p.payment_intent_id),
      stripe_customer_id = coalesce(session ->> 'customer', p.stripe_customer_id),
      receipt_url = coalesce(session ->> 'receipt_url', p.receipt_url),
      paid_cents = case when v_credited then (session ->> 'amount_total')::bigint end,
      tax_cents = case when v_credited then coalesce((session ->> 'amount_tax')::bigint, 0) end,
      paid_at = case when v_credited then private.clock() end,
      last_check_error = null
    where p.user_id = v_purchase.user_id and p.id = v_purchase.id returning * into v_purchase;
    if v_credited then
      perform private.credit_purchase(v_purchase);
    end if;
  end if;
  return jsonb_build_object('purchase', private.purchase_json(v_purchase), 'balance', private.balance_json(v_purchase.user_id),
    'credited', v_credited);
end
$$;
comment on function public.apply_checkout_session(uuid, uuid, jsonb) is
  'Applies what Stripe says now about a purchase''s session; credits exactly once, whoever calls and however often. Secret key only. Raises purchase_not_found, session_mismatch.';

create function public.claim_due_purchases(batch_size integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_claimed jsonb;
begin
  -- A purchase whose session never reached us has no page anyone could pay on; Stripe's idempotency key has lapsed by then.
  -- One that is being worked on is passed over, as below: nobody waits here, and nobody waits for two.
  with forgotten as (
    select p.user_id, p.id from public.purchases p
    where p.status = 'created' and p.stripe_session_id is null and p.created_at < v_now - interval '24 hours'
    for no key update skip locked
  )
  update public.purchases p set status = 'expired'
  from forgotten where p.user_id = forgotten.user_id and p.id = forgotten.id;
  with due as (
    select p.user_id, p.id from public.purchases p
    where p.status in ('open', 'processing') and p.next_check_at <= v_now
    order by p.next_check_at
    limit least(greatest(claim_due_purchases.batch_size, 1), 500)
    for no key update skip locked
  ), claimed as (
    update public.purchases p set
      check_count = p.check_count + 1,
      -- 1, 2, 4 … minutes, at most an hour: soon after the sale, then patiently.
      next_check_at = v_now + least(interval '1 minute' * power(2, least(p.check_count, 6)), interval '1 hour')
    from due where p.user_id = due.user_id and p.id = due.id
    returning p.*
  )
  select coalesce(jsonb_agg(private.purchase_json(c::public.purchases)), '[]') into v_claimed from claimed c;
  return v_claimed;
end
$$;
comment on function public.claim_due_purchases(integer) is
  'Takes a batch of unfinished purchases to look at, each for one worker, and sets when to look again if it dies. Secret key only.';

create function public.record_purchase_check_failure(user_id uuid, purchase_id uuid, error text) returns void
language sql volatile security definer set search_path = ''
as $$
  update public.purchases p set last_check_error = left(record_purchase_check_failure.error, 500)
  where p.user_id = record_purchase_check_failure.user_id and p.id = record_purchase_check_failure.purchase_id
$$;
comment on function public.record_purchase_check_failure(uuid, uuid, text) is
  'Notes why looking at a purchase failed; the next look is already scheduled. Secret key only.';

grant execute on function public.create_purchase(uuid, text, text, text, text) to service_role;
grant execute on function public.attach_checkout_session(uuid, uuid, text, text, timestamptz, boolean, text) to service_role;
grant execute on function public.find_purchase(uuid, uuid, text) to service_role;
grant execute on function public.apply_checkout_session(uuid, uuid, jsonb) to service_role;
grant execute on function public.claim_due_purchases(integer) to service_role;
grant execute on function public.record_purchase_check_failure(uuid, uuid, text) to service_role;
