-- Checkout: what the payment functions may do with a purchase.
--
-- The Edge Functions carry facts between Stripe and these functions and decide nothing. All are for the secret key only.
--
-- A newer purchase of the same person supersedes an open one, whose session is then expired at Stripe; if both get paid all the same, both credit.

insert into private.settings (name, value, description) values
  ('stripe_tax', 'false', 'Whether Stripe Tax adds tax to the price at Checkout. Prices are without tax.'),
  ('stripe_discounts', 'false', 'Whether Stripe''s promotion codes may be used at Checkout. Otherwise a discounted payment is held for review.'),
  ('stripe_invoices', 'false', 'Whether Stripe makes an invoice for each purchase.');

create function private.checkout_facts(p_purchase public.purchases) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'expected_livemode', p_purchase.livemode,
    'package', jsonb_build_object('code', c.code, 'name', c.name, 'price_cents', p_purchase.price_cents, 'lookup_key', k.lookup_key,
      'stripe_price_id', (select s.price_id from private.stripe_prices s where s.lookup_key = k.lookup_key and s.livemode = p_purchase.livemode)),
    'checkout', jsonb_build_object(
      'customer', (select s.customer_id from private.stripe_customers s where s.user_id = p_purchase.user_id and s.livemode = p_purchase.livemode),
      'automatic_tax', private.setting('stripe_tax'), 'allow_promotion_codes', private.setting('stripe_discounts'),
      'invoice_creation', private.setting('stripe_invoices')))
  from public.credit_packages c,
    lateral (select 'talktime_' || c.code || '_' || p_purchase.currency || '_' || p_purchase.price_cents as lookup_key) k
  where c.code = p_purchase.package_code
$$;
comment on function private.checkout_facts(public.purchases) is 'What Stripe needs to know on top of a purchase to make its session.';

create function public.create_purchase(
  user_id uuid, package_code text, idempotency_key text, success_url text, cancel_url text, promo_code text default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_user public.users;
  v_package public.credit_packages;
  v_purchase public.purchases;
  v_problem text;
  v_replayed boolean := false;
begin
  if coalesce(length(create_purchase.idempotency_key), 0) not between 1 and 255 then
    perform private.raise_error('invalid_request', '{"parameter": "idempotency_key", "problem": "1 to 255 characters"}');
  end if;
  v_user := private.lock_user(create_purchase.user_id);
  select * into v_purchase from public.purchases p
    where p.user_id = create_purchase.user_id and p.idempotency_key = create_purchase.idempotency_key;
  if found then
    if (v_purchase.package_code, v_purchase.success_url, v_purchase.cancel_url, (
        select r.code from public.redemptions r where r.user_id = v_purchase.user_id and r.purchase_id = v_purchase.id))
      is distinct from (create_purchase.package_code, create_purchase.success_url, create_purchase.cancel_url, private.normal_code(create_purchase.promo_code)) then
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
    perform private.require_few_failed_payments(v_user.id);
    if create_purchase.promo_code is not null then
      perform private.release_left_promotions(v_user.id, create_purchase.promo_code);
      v_problem := private.promo_problem(v_user.id, create_purchase.promo_code, v_package.price_cents, v_package.code);
      if v_problem is not null then
        return private.refuse_guess(v_user.id, v_problem);
      end if;
    end if;
    update public.purchases p set superseded_at = v_now, next_check_at = v_now
      where p.user_id = v_user.id and p.status = 'open' and p.origin = 'checkout' and p.superseded_at is null;
    insert into public.purchases (user_id, idempotency_key, package_code, currency, price_cents, credit_micros, bonus_micros,
      valid_days, bonus_valid_days, livemode, success_url, cancel_url, created_at, next_check_at)
    values (v_user.id, create_purchase.idempotency_key, v_package.code, v_package.currency, v_package.price_cents,
      v_package.credit_micros, v_package.bonus_micros + private.slab_bonus(v_package, v_now), v_package.valid_days, v_package.bonus_valid_days,
      (private.setting('stripe_livemode'))::boolean,
      create_purchase.success_url, create_purchase.cancel_url, v_now, v_now + interval '1 minute')
    returning * into v_purchase;
    if create_purchase.promo_code is not null then
      perform private.take_promotion(v_user.id, create_purchase.promo_code, v_purchase);
    end if;
  end if;
  return private.purchase_json(v_purchase, v_replayed) || private.checkout_facts(v_purchase);
end
$$;
comment on function public.create_purchase(uuid, text, text, text, text, text) is
  'Begins a purchase before Stripe is called. The same idempotency key returns the first purchase. Secret key only. Raises invalid_request, user_not_found, wallet_suspended, wallet_closed, package_not_found, redirect_not_allowed, rate_limited, too_many_failed_payments, idempotency_conflict; answers promo_code_not_valid (details.problem says why).';

create function public.attach_checkout_session(
  user_id uuid, purchase_id uuid, stripe_session_id text, checkout_url text, session_expires_at timestamptz,
  livemode boolean, stripe_customer_id text default null, stripe_price_id text default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  perform private.lock_user(attach_checkout_session.user_id);
  v_purchase := private.find_purchase_row(attach_checkout_session.user_id, attach_checkout_session.purchase_id, null);
  insert into private.stripe_prices (lookup_key, livemode, price_id)
    select private.checkout_facts(v_purchase) #>> '{package,lookup_key}', v_purchase.livemode, attach_checkout_session.stripe_price_id
    where attach_checkout_session.stripe_price_id is not null
    on conflict on constraint stripe_prices_pkey do update set price_id = excluded.price_id;
  -- The reconciler may have met the session before this; only the page is still missing then.
  if v_purchase.stripe_session_id = attach_checkout_session.stripe_session_id and v_purchase.checkout_url is not null then
    return private.purchase_json(v_purchase, true);
  end if;
  if v_purchase.stripe_session_id <> attach_checkout_session.stripe_session_id then
    perform private.raise_error('idempotency_conflict', jsonb_build_object('purchase_id', v_purchase.id));
  end if;
  if attach_checkout_session.livemode is distinct from v_purchase.livemode then
    perform private.raise_error('session_mismatch', jsonb_build_object('problem', 'livemode', 'expected', v_purchase.livemode));
  end if;
  update public.purchases p set
    status = case when p.stripe_session_id is null and p.status in ('created', 'expired') then 'open' else p.status end,
    stripe_session_id = attach_checkout_session.stripe_session_id,
    checkout_url = attach_checkout_session.checkout_url,
    session_expires_at = attach_checkout_session.session_expires_at,
    stripe_customer_id = coalesce(attach_checkout_session.stripe_customer_id, p.stripe_customer_id),
    next_check_at = private.clock() + interval '1 minute'
  where p.user_id = v_purchase.user_id and p.id = v_purchase.id returning * into v_purchase;
  return private.purchase_json(v_purchase);
end
$$;
comment on function public.attach_checkout_session(uuid, uuid, text, text, timestamptz, boolean, text, text) is
  'Notes the Checkout Session of a purchase, and the price it was made with if that had to be looked up; repeating it is harmless. Secret key only. Raises purchase_not_found, idempotency_conflict, session_mismatch.';

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

grant execute on function public.create_purchase(uuid, text, text, text, text, text) to service_role;
grant execute on function public.attach_checkout_session(uuid, uuid, text, text, timestamptz, boolean, text, text) to service_role;
grant execute on function public.find_purchase(uuid, uuid, text) to service_role;
