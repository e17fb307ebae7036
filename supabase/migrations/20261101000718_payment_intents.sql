-- Payment intents: charges of a saved card.
--
-- Auto-reload charges without a Checkout page. Its purchase has no session; its PaymentIntent carries our metadata and is the truth, however it is come by:
-- from the answer to the charge, from a list or by an event.

create function private.purchase_status_from_intent(p_intent jsonb) returns text
language sql immutable set search_path = ''
as $$
  select case p_intent ->> 'status'
    when 'succeeded' then 'paid'
    when 'requires_payment_method' then 'failed'
    when 'requires_action' then 'failed'
    when 'canceled' then 'failed'
    else 'processing'
  end
$$;
comment on function private.purchase_status_from_intent(jsonb) is
  'Maps a PaymentIntent to a purchase status. Unknown values mean processing: look again later. See https://docs.stripe.com/payments/paymentintents/lifecycle.';

create function private.intent_review_reason(p_purchase public.purchases, p_intent jsonb) returns text
language sql stable set search_path = ''
as $$
  select case
    when (p_intent ->> 'livemode')::boolean is distinct from p_purchase.livemode then 'livemode_mismatch'
    when lower(p_intent ->> 'currency') is distinct from p_purchase.currency then 'currency_mismatch'
    when (p_intent ->> 'amount_received')::bigint is distinct from p_purchase.price_cents then 'amount_mismatch'
    when (select u.status from public.users u where u.id = p_purchase.user_id) = 'closed' then 'wallet_closed'
  end
$$;
comment on function private.intent_review_reason(public.purchases, jsonb) is 'Why a charge that succeeded cannot be credited as asked, or null.';

create function private.apply_intent(p_purchase public.purchases, p_intent jsonb) returns public.purchases
language plpgsql volatile set search_path = ''
as $$
declare
  v_purchase public.purchases;
  v_status text := private.purchase_status_from_intent(p_intent);
  v_paid boolean := v_status = 'paid';
  v_review_reason text;
begin
  if p_purchase.status = 'paid' or p_purchase.failure_code = 'review_dismissed' then
    return p_purchase;
  end if;
  if v_paid then
    v_review_reason := private.intent_review_reason(p_purchase, p_intent);
    v_status := case when v_review_reason is null then 'paid' else 'review' end;
    v_paid := coalesce(v_review_reason, '') not in ('livemode_mismatch', 'currency_mismatch');
  end if;
  update public.purchases p set
    status = v_status,
    review_reason = v_review_reason,
    failure_code = case when v_status = 'failed' then coalesce(p_intent ->> 'failure_code', p_intent ->> 'status') end,
    payment_intent_id = p_intent ->> 'id',
    -- Of a deleted login nothing is kept.
    stripe_customer_id = (select coalesce(p_intent ->> 'customer', p.stripe_customer_id) from public.users u where u.id = p.user_id and u.status <> 'closed'),
    stripe_created_at = coalesce(to_timestamp((p_intent ->> 'created')::double precision), p.stripe_created_at),
    receipt_url = coalesce(p_intent ->> 'receipt_url', p.receipt_url),
    paid_cents = case when v_paid then (p_intent ->> 'amount_received')::bigint end,
    tax_cents = case when v_paid then 0 end,
    paid_at = case when v_status = 'paid' then private.clock() end,
    last_check_error = null
  where p.user_id = p_purchase.user_id and p.id = p_purchase.id returning * into v_purchase;
  perform private.remember_card(v_purchase.user_id, p_intent ->> 'card_fingerprint');
  perform private.after_purchase_change(p_purchase, v_purchase);
  if v_purchase.status <> p_purchase.status and v_purchase.status in ('paid', 'failed') then
    perform private.after_reload_attempt(v_purchase, p_intent);
  end if;
  select * into v_purchase from public.purchases p where p.user_id = p_purchase.user_id and p.id = p_purchase.id;
  return v_purchase;
end
$$;
comment on function private.apply_intent(public.purchases, jsonb) is 'Brings an auto-reload purchase to what Stripe says of its PaymentIntent now. Needs the wallet''s lock.';

create function public.apply_payment_intent(intent jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.text_to_uuid(intent #>> '{metadata,user_id}');
  v_purchase_id uuid := private.text_to_uuid(intent #>> '{metadata,purchase_id}');
  v_before public.purchases;
  v_purchase public.purchases;
begin
  -- A Checkout purchase is read through its session; anything without our metadata is another product's.
  if v_purchase_id is null or intent #>> '{metadata,origin}' is distinct from 'auto_reload' then
    return jsonb_build_object('known', false);
  end if;
  if exists (select from public.purchases p where p.user_id = v_user_id and p.id = v_purchase_id and p.origin = 'auto_reload') then
    perform private.lock_user(v_user_id);
    v_before := private.find_purchase_row(v_user_id, v_purchase_id, null);
    -- Two payments for one purchase would be two charges: only the first is this purchase's.
    if coalesce(v_before.payment_intent_id, intent ->> 'id') = intent ->> 'id' then
      v_purchase := private.apply_intent(v_before, apply_payment_intent.intent);
      return jsonb_build_object('known', true, 'purchase', private.purchase_json(v_purchase),
        'credited', v_purchase.status = 'paid' and v_before.status <> 'paid');
    end if;
  end if;
  if private.purchase_status_from_intent(intent) = 'paid' then
    perform private.keep_unmatched('payment_intent', intent ->> 'id', intent ->> 'id', intent ->> 'currency',
      (intent ->> 'amount_received')::bigint, (intent ->> 'created')::double precision, (intent ->> 'livemode')::boolean, intent -> 'metadata');
  end if;
  return jsonb_build_object('known', false);
end
$$;
comment on function public.apply_payment_intent(jsonb) is
  'Applies a PaymentIntent of an auto-reload as Stripe says it is now, in any order and however often. Secret key only.';

grant execute on function public.apply_payment_intent(jsonb) to service_role;
