-- Confirmation: from what Stripe says to credit.
--
-- Payment state is level-triggered. Whoever read a session, by whichever of the four ways, hands it over here as it is now; order and repetition make no
-- difference. A purchase that cannot be credited as asked is held for review and an alert is opened: a person decides, nothing is guessed.

insert into private.settings (name, value, description) values
  ('purchase_deadline_seconds', '864000', 'How old an unfinished purchase may become before an alert is opened. Delayed methods take up to ten days.');

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
language plpgsql stable set search_path = ''
as $$
declare
  v_discount bigint := coalesce((p_session ->> 'amount_discount')::bigint, 0);
begin
  return case
    when p_session ->> 'mode' is distinct from 'payment' then 'mode_mismatch'
    when (p_session ->> 'livemode')::boolean is distinct from p_purchase.livemode then 'livemode_mismatch'
    when lower(p_session ->> 'currency') is distinct from p_purchase.currency then 'currency_mismatch'
    when (p_session ->> 'amount_subtotal')::bigint is distinct from p_purchase.price_cents
      or (p_session ->> 'amount_total')::bigint is distinct from p_purchase.price_cents - v_discount + coalesce((p_session ->> 'amount_tax')::bigint, 0)
      then 'amount_mismatch'
    when v_discount <> 0 and not (private.setting('stripe_discounts'))::boolean then 'discount_not_expected'
    when (select u.status from public.users u where u.id = p_purchase.user_id) = 'closed' then 'wallet_closed'
  end;
end
$$;
comment on function private.session_review_reason(public.purchases, jsonb) is
  'Why a paid session cannot be credited as asked, or null. Prices are without tax, so tax comes on top. A deleted user''s payment is for a person to refund.';

create function private.after_purchase_change(p_before public.purchases, p_purchase public.purchases) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if p_purchase.status = p_before.status then
    return;
  end if;
  perform private.resolve_alert('purchase_unconfirmed', p_purchase.id::text);
  if p_purchase.status = 'review' then
    perform private.open_alert('purchase_in_review', p_purchase.id::text, p_purchase.user_id, jsonb_build_object(
      'reason', p_purchase.review_reason, 'price_cents', p_purchase.price_cents, 'stripe_session_id', p_purchase.stripe_session_id,
      'payment_intent_id', p_purchase.payment_intent_id));
  else
    perform private.resolve_alert('purchase_in_review', p_purchase.id::text);
  end if;
  if p_purchase.status in ('failed', 'expired') then
    perform private.release_promotion(p_purchase);
  end if;
  if p_purchase.status = 'paid' then
    perform private.credit_purchase(p_purchase);
  elsif p_purchase.status = 'failed' and p_purchase.origin = 'checkout' then
    perform private.notify_user(p_purchase.user_id, 'payment_failed', 'payment_failed:' || p_purchase.id, jsonb_build_object(
      'purchase_id', p_purchase.id, 'price_cents', p_purchase.price_cents, 'currency', p_purchase.currency, 'failure_code', p_purchase.failure_code));
  end if;
end
$$;
comment on function private.after_purchase_change(public.purchases, public.purchases) is
  'What follows from a purchase''s new status: credit, a message, an alert. Called once, by the change itself.';

create function private.apply_session(p_purchase public.purchases, p_session jsonb) returns public.purchases
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
  v_status text := private.purchase_status_from_session(p_session);
  v_paid boolean := v_status = 'paid';
  v_review_reason text;
begin
  -- What was credited stays, and what a person has decided too.
  if p_purchase.status = 'paid' or p_purchase.failure_code = 'review_dismissed' then
    return p_purchase;
  end if;
  if v_paid then
    v_review_reason := private.session_review_reason(p_purchase, p_session);
    v_status := case when v_review_reason is null then 'paid' else 'review' end;
    -- Money of another currency or mode cannot be compared with what was asked.
    v_paid := coalesce(v_review_reason, '') not in ('livemode_mismatch', 'currency_mismatch');
  end if;
  update public.purchases p set
    status = v_status,
    review_reason = v_review_reason,
    failure_code = case when v_status = 'failed' then p_session ->> 'failure_code' end,
    stripe_session_id = p_session ->> 'id',
    payment_intent_id = coalesce(p_session ->> 'payment_intent', p.payment_intent_id),
    -- Of a deleted login nothing is kept.
    stripe_customer_id = (select coalesce(p_session ->> 'customer', p.stripe_customer_id) from public.users u where u.id = p.user_id and u.status <> 'closed'),
    stripe_created_at = coalesce(to_timestamp((p_session ->> 'created')::double precision), p.stripe_created_at),
    receipt_url = coalesce(p_session ->> 'receipt_url', p.receipt_url),
    invoice_url = coalesce(p_session ->> 'invoice_url', p.invoice_url),
    paid_cents = case when v_paid then (p_session ->> 'amount_total')::bigint end,
    tax_cents = case when v_paid then coalesce((p_session ->> 'amount_tax')::bigint, 0) end,
    paid_at = case when v_status = 'paid' then private.clock() end,
    last_check_error = null
  where p.user_id = p_purchase.user_id and p.id = p_purchase.id returning * into v_purchase;
  if v_status = 'paid' then
    perform private.remember_stripe_customer(v_purchase.user_id, v_purchase.livemode, p_session ->> 'customer');
    perform private.remember_card(v_purchase.user_id, p_session ->> 'card_fingerprint');
  end if;
  perform private.after_purchase_change(p_purchase, v_purchase);
  select * into v_purchase from public.purchases p where p.user_id = p_purchase.user_id and p.id = p_purchase.id;
  return v_purchase;
end
$$;
comment on function private.apply_session(public.purchases, jsonb) is 'Brings a purchase to what Stripe says of its session now. Needs the wallet''s lock.';

create function public.apply_checkout_session(user_id uuid, purchase_id uuid, session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_before public.purchases;
  v_purchase public.purchases;
begin
  perform private.lock_user(apply_checkout_session.user_id);
  v_before := private.find_purchase_row(apply_checkout_session.user_id, apply_checkout_session.purchase_id, null);
  if (session ->> 'client_reference_id') is distinct from v_before.user_id::text
    or (session #>> '{metadata,purchase_id}') is distinct from v_before.id::text
    or (session ->> 'id') is distinct from coalesce(v_before.stripe_session_id, session ->> 'id')
    or (session ->> 'id') is null then
    perform private.raise_error('session_mismatch', jsonb_build_object('purchase_id', v_before.id));
  end if;
  v_purchase := private.apply_session(v_before, apply_checkout_session.session);
  return jsonb_build_object('purchase', private.purchase_json(v_purchase), 'balance', private.balance_json(v_purchase.user_id),
    'credited', v_purchase.status = 'paid' and v_before.status <> 'paid');
end
$$;
comment on function public.apply_checkout_session(uuid, uuid, jsonb) is
  'Applies what Stripe says now about a purchase''s session; credits exactly once, whoever calls and however often. Secret key only. Raises purchase_not_found, session_mismatch.';

create function private.text_to_uuid(p_text text) returns uuid
language sql immutable set search_path = ''
as $$
  select case when p_text ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_text::uuid end
$$;
comment on function private.text_to_uuid(text) is 'A text as a UUID, or null where it is none: what stands in metadata may be anything.';

create function public.apply_found_session(session jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.text_to_uuid(session #>> '{metadata,user_id}');
  v_purchase_id uuid := private.text_to_uuid(session #>> '{metadata,purchase_id}');
begin
  -- Without our metadata it is another product's, and without a payment there is nothing to keep.
  if v_purchase_id is null then
    return jsonb_build_object('known', false);
  end if;
  if exists (select from public.purchases p where p.user_id = v_user_id and p.id = v_purchase_id
    and coalesce(p.stripe_session_id, session ->> 'id') = session ->> 'id' and session ->> 'client_reference_id' = v_user_id::text) then
    return jsonb_build_object('known', true) || public.apply_checkout_session(v_user_id, v_purchase_id, session);
  end if;
  if private.purchase_status_from_session(session) = 'paid' then
    perform private.keep_unmatched('session', session ->> 'id', session ->> 'payment_intent', session ->> 'currency',
      (session ->> 'amount_total')::bigint, (session ->> 'created')::double precision, (session ->> 'livemode')::boolean, session -> 'metadata');
  end if;
  return jsonb_build_object('known', false);
end
$$;
comment on function public.apply_found_session(jsonb) is
  'Applies a session met in a list or by an event. One that is paid and carries our metadata but fits no purchase is kept as unmatched, with an alert. Secret key only.';

create function private.next_check(p_purchase public.purchases, p_now timestamptz) returns timestamptz
language sql stable set search_path = ''
as $$
  select p_now + case
    when p_now > p_purchase.created_at + private.setting_seconds('purchase_deadline_seconds') then interval '1 day'
    when p_now > p_purchase.created_at + interval '1 day' then interval '6 hours'
    -- 1, 2, 4 … minutes, at most an hour: soon after the sale, then patiently.
    else least(interval '1 minute' * power(2, least(p_purchase.check_count, 6)), interval '1 hour')
  end
$$;
comment on function private.next_check(public.purchases, timestamptz) is
  'When to look at an unfinished purchase again: soon at first, then hourly, from the second day every six hours, past its deadline daily.';

create function private.forget_unopened_purchases(p_now timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
begin
  -- No page was ever given out, and Stripe's idempotency key has lapsed by then. One that is being worked on is passed over.
  for v_purchase in
    select * from public.purchases p
    where p.status = 'created' and p.origin = 'checkout' and p.stripe_session_id is null and p.created_at < p_now - interval '24 hours'
    for no key update skip locked
  loop
    update public.purchases p set status = 'expired' where p.user_id = v_purchase.user_id and p.id = v_purchase.id;
    perform private.release_promotion(v_purchase);
  end loop;
end
$$;
comment on function private.forget_unopened_purchases(timestamptz) is 'Expires purchases that got no session within a day.';

create function public.claim_due_purchases(batch_size integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz := private.clock();
  v_claimed public.purchases[];
begin
  perform private.forget_unopened_purchases(v_now);
  with due as (
    select p.user_id, p.id from public.purchases p
    where p.status in ('open', 'processing') and p.stripe_session_id is not null and p.next_check_at <= v_now
    order by p.next_check_at
    limit least(greatest(claim_due_purchases.batch_size, 1), 500)
    for no key update skip locked
  ), claimed as (
    update public.purchases p set check_count = p.check_count + 1, next_check_at = private.next_check(p, v_now)
    from due where p.user_id = due.user_id and p.id = due.id
    returning p.*
  )
  select array_agg(c::public.purchases) into v_claimed from claimed c;
  perform private.open_alert('purchase_unconfirmed', c.id::text, c.user_id, jsonb_build_object('status', c.status, 'created_at', c.created_at))
    from unnest(v_claimed) c where c.created_at < v_now - private.setting_seconds('purchase_deadline_seconds');
  return (
    select coalesce(jsonb_agg(private.purchase_json(c) || jsonb_build_object(
      'expire_session', c.superseded_at is not null and c.status = 'open')), '[]')
    from unnest(v_claimed) c);
end
$$;
comment on function public.claim_due_purchases(integer) is
  'Takes a batch of unfinished purchases to look at, each for one worker, and sets when to look again if it dies. expire_session asks to expire a superseded session first. Secret key only.';

create function public.record_purchase_check_failure(user_id uuid, purchase_id uuid, error text) returns void
language sql volatile security definer set search_path = ''
as $$
  update public.purchases p set last_check_error = left(record_purchase_check_failure.error, 500)
  where p.user_id = record_purchase_check_failure.user_id and p.id = record_purchase_check_failure.purchase_id
$$;
comment on function public.record_purchase_check_failure(uuid, uuid, text) is
  'Notes why looking at a purchase failed; the next look is already scheduled. Secret key only.';

grant execute on function public.apply_checkout_session(uuid, uuid, jsonb) to service_role;
grant execute on function public.apply_found_session(jsonb) to service_role;
grant execute on function public.claim_due_purchases(integer) to service_role;
grant execute on function public.record_purchase_check_failure(uuid, uuid, text) to service_role;
